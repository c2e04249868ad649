"""Make our own script small: no comments, no blanks, short names for what the script itself binds.

    python -m tools.minify FILE     the small script, on standard output

For scripts in our own style, with semicolons. One table of short names serves the whole script and
no scope is looked at; the names of properties stay, and ``{name}`` becomes ``{name:short}``.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

KEYWORDS = frozenset(
    "async await break case catch class const continue default delete do else export extends false "
    "finally for from function if import in instanceof let new null of return static super switch "
    "this throw true try typeof undefined var void while yield NaN Infinity".split()
)
_PUNCTUATION = re.compile(
    r">>>=|\.\.\.|===|!==|\*\*=|<<=|>>=|>>>|&&=|\|\|=|\?\?=|=>|==|!=|<=|>=|&&|\|\||\?\?|\?\.|\+\+|"
    r"--|\+=|-=|\*=|/=|%=|&=|\|=|\^=|<<|>>|\*\*|[{}()\[\];,<>+\-*/%&|^!~?:=.@#]"
)
_NAME = re.compile(r"[A-Za-z_$][\w$]*")
# After these an opening brace is an object's or a pattern's.
_BEFORE_OBJECT = frozenset(("(", ",", "=", ":", "[", "?", "||", "&&", "??", "...")) | frozenset(
    ("return", "const", "let", "default")
)
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_BLANK = re.compile(r"(?:\s+|//[^\n]*|/\*.*?\*/)+", re.S)
_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'')
_REGEX = re.compile(r"/(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*")


@dataclass
class Token:
    kind: str  # "name", "number", "text" (strings, regular expressions, parts of templates), "sign"
    text: str
    line: bool = False  # a line break stood before it


class ScriptError(Exception):
    """A script that cannot be read."""


def tokens(script: str) -> list[Token]:
    """The tokens of a script. A template is cut into its texts and the code between them."""
    found: list[Token] = []
    braces: list[str] = []  # "{" or "`": what the next closing brace ends
    at, line = 0, False
    while at < len(script):
        match = _BLANK.match(script, at)
        if match:
            line = line or "\n" in match[0]
            at = match.end()
            continue
        c = script[at]
        before = found[-1] if found else Token("sign", ";")
        if c == "`" or (c == "}" and braces and braces[-1] == "`"):
            if c == "}":
                braces.pop()
            end = at + 1
            while end < len(script) and script[end] != "`" and script[end : end + 2] != "${":
                end += 2 if script[end] == "\\" else 1
            if end >= len(script):
                raise ScriptError("a template without an end")
            if script[end] == "$":
                braces.append("`")
                end += 1
            found.append(Token("text", script[at : end + 1], line))
            at, line = end + 1, False
            continue
        value_before = (
            before.kind in ("number", "text")
            or before.text in (")", "]", "}")
            or (
                before.kind == "name"
                and before.text not in ("return", "typeof", "case", "in", "of")
            )
        )
        kinds = [("name", _NAME), ("number", _NUMBER), ("text", _STRING), ("sign", _PUNCTUATION)]
        if not value_before:
            kinds.insert(3, ("text", _REGEX))
        kind, match = next(((k, m) for k, p in kinds if (m := p.match(script, at))), ("", None))
        if not match:
            raise ScriptError(f"{script[at : at + 30]!r} cannot be read")
        found.append(Token(kind, match[0], line))
        if match[0] == "{":
            braces.append("{")
        elif match[0] == "}":
            braces.pop()
        at, line = match.end(), False
    return found


def _opens(token: Token) -> bool:
    return token.text in ("{", "(", "[") or (token.kind == "text" and token.text.endswith("${"))


def _closes(token: Token) -> bool:
    if token.text in ("}", ")", "]"):
        return True
    return token.kind == "text" and token.text.startswith("}")


def _partners(every: list[Token]) -> dict[int, int]:
    """Where each bracket that opens is closed, and the other way round."""
    stack: list[int] = []
    partner: dict[int, int] = {}
    for i, token in enumerate(every):
        if _closes(token):
            partner[stack[-1]] = i
            partner[i] = stack.pop()
        if _opens(token):
            stack.append(i)
    return partner


def _joined(every: list[Token]) -> list[Token]:
    """`const a = 1; const b = 2;` as one statement; no comma before a closing bracket."""
    partner = _partners(every)
    gone: set[int] = set()
    for i, token in enumerate(every[:-1]):
        if token.text == "," and every[i + 1].text in ("]", "}", ")"):
            gone.add(i)
        if token.text == "const" and every[i - 1].text != "(":
            k = i + 1
            while k < len(every) and every[k].text != ";":
                k = partner[k] + 1 if _opens(every[k]) else k + 1
            if k + 1 < len(every) and every[k + 1].text == "const":
                every[k] = Token("sign", ",")
                gone.add(k + 1)
    return [token for i, token in enumerate(every) if i not in gone]


def _roles(every: list[Token]) -> list[str]:
    """For each token: "property" after a dot or before a colon in an object, "both" for a name that
    is property and variable in one, as in ``{name}``, otherwise ""."""
    roles: list[str] = []
    stack: list[bool] = []  # for each open bracket: whether it is an object's
    for i, token in enumerate(every):
        before = every[i - 1].text if i else ";"
        if _closes(token):
            stack.pop()
        if _opens(token):
            stack.append(token.text == "{" and before in _BEFORE_OBJECT)
        role = ""
        if token.kind == "name" and token.text not in KEYWORDS:
            if before in (".", "?."):
                role = "property"
            elif stack and stack[-1] and before in ("{", ","):
                role = "property" if every[i + 1].text in (":", "(") else "both"
        roles.append(role)
    return roles


def _names(every: list[Token]) -> set[str]:
    """The names that the script binds."""
    bound: set[str] = set()
    partner = _partners(every)
    roles = _roles(every)
    for i, token in enumerate(every):
        if token.kind == "name" and token.text not in KEYWORDS:
            if (every[i - 1].text if i else ";") in ("function", "const", "let"):
                bound.add(token.text)

    def take(start: int, end: int) -> None:
        for k in range(start, end):
            token = every[k]
            if token.kind == "name" and token.text not in KEYWORDS and roles[k] != "property":
                bound.add(token.text)

    for i, token in enumerate(every):
        if token.text in ("const", "let"):  # a = 1, {b, c: d} = e, [f] = g
            k, fresh = i + 1, True
            while k < len(every) and every[k].text not in (";", "of", "in", ")"):
                if fresh and every[k].kind == "name":
                    bound.add(every[k].text)
                if _opens(every[k]):
                    if fresh:
                        take(k, partner[k])
                    k = partner[k]
                fresh = every[k].text == ","
                k += 1
        if token.text == "=>":
            if every[i - 1].kind == "name":
                bound.add(every[i - 1].text)
            else:
                take(partner[i - 1], i)
        if token.text == "(" and partner[i] + 1 < len(every) and every[partner[i] + 1].text == "{":
            if every[i - 1].text not in ("if", "for", "while", "switch"):
                take(i, partner[i])
    return bound


def _short_names(taken: set[str]):
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_$"
    size = 0
    while True:
        for k in range(len(letters) ** (size + 1)):
            name = ""
            for _ in range(size + 1):
                name, k = name + letters[k % len(letters)], k // len(letters)
            if name not in taken and name not in KEYWORDS:
                yield name
        size += 1


def minify(script: str) -> str:
    """The script, smaller. Raises ScriptError for what it cannot read."""
    every = _joined(tokens(script))
    bound, roles = _names(every), _roles(every)
    uses = Counter(
        token.text
        for token, role in zip(every, roles, strict=True)
        if token.kind == "name" and role != "property"
    )
    mine = sorted(bound - KEYWORDS, key=lambda n: (-uses[n], n))
    fresh = _short_names(set(uses) - set(mine))
    table = {name: next(fresh) for name in mine}
    out: list[str] = []
    before = Token("sign", ";")
    for token, role in zip(every, roles, strict=True):
        text = token.text
        if token.kind == "name" and role != "property" and text in table:
            text = f"{text}:{table[text]}" if role == "both" else table[text]
        if token.kind == "number":
            text = re.sub(r"^0(?=\.\d)", "", re.sub(r"\.0$", "", text))
        words = before.kind in ("name", "number") and token.kind in ("name", "number")
        if words or (text[0] in "+-/" and before.text[-1:] == text[0]):
            out.append(" ")
        elif token.line and _ends(before) and _begins(token):
            out.append("\n")
        if text == "}" and out and out[-1] == ";":
            out.pop()
        out.append(text)
        before = token
    return "".join(out)


def _ends(token: Token) -> bool:
    return token.kind != "sign" or token.text in (")", "]", "}")


def _begins(token: Token) -> bool:
    """Whether a line that begins with this token may be a new statement without a semicolon."""
    return token.kind != "sign" and not (token.kind == "text" and token.text.startswith("}"))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print(minify(Path(sys.argv[1]).read_text(encoding="utf-8")))
