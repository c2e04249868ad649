"""Exercises: check an answer, ask for a hint, see the solution, keep a guess, see progress.

>>> from cgtlearn.exercises import check, hint, solution, guess, progress

Everything works offline, in plain cells and in a plain Python prompt.

Data format (``data/<chapter>.json``, schema 1)
------------------------------------------------
The file is plain data, so that a browser or a grader can judge by the same rules::

    {"schema": 1, "chapter": "07_cart_kinetics", "exercises": [EXERCISE, ...]}

EXERCISE
    ``id``                  text, chapter first: "07.1"
    ``title, kind, level, minutes``
    ``notebook``            stem of the notebook in the book: "07_cart_kinetics/01_expansion"
    ``statement_markdown``  the statement, without its heading
    ``starter_code``        the learner's cell as it is given
    ``answer``              ANSWER
    ``wrong``               list of {``answer``, ``slip``, ``message``, ``try``}. ``answer`` has the
                            form of a right answer; ``slip`` is a key of :mod:`.slips`; ``message``
                            says why it comes about; ``try`` what to do ("" = the slip's advice).
                            For type text also ``patterns``
    ``hints``               two texts, in order
    ``worked_markdown``     the worked solution
    ``solution_code``       its code
    ``drawn``               optional: DRAWN, the numbers of other learners

Numbers have 12 significant digits; "nan", "inf" and "-inf" stand as text. Fields that a reader
does not know are to be ignored. An exercise of a type that it does not know is shown, not judged.

ANSWER has a ``type`` and, for each type:
    number    ``value, unit, rtol, atol, shared_slips``; right if |x - value| <= atol + rtol |value|
    array     the same, ``value`` a nested list; the shape must agree
    choice    ``options`` {key: text}, ``right`` key; every other key is in ``wrong``
    order     ``lines`` {key: text}, ``right`` list of keys, ``also`` list of other right orders
    function  ``arguments`` (names), ``probes`` (a list of argument lists; a list inside is an
              array), ``values`` (one for each probe), ``rtol, atol, shared_slips``; optional
              ``ranges``, one for each argument, see :func:`.judging.draw_probes`
    fit       ``parameters`` list of {``name, value, unit, rtol``} (``rtol`` null: not judged);
              ``x, y`` the data, ``x_name, x_unit, y_unit``; ``residual`` "log" or "linear";
              ``allowed`` largest misfit; ``curve`` an EXPR, or null; ``shared_slips``
    text      ``ideas`` list of {``key, name, patterns, missing``}, ``needed`` how many of them,
              ``least_words``, ``model`` a model answer, ``also`` other texts that are right
Each may have ``when_right``, said to whoever is right, and ``untouched``, what the starter code
gives as it stands (for code with a bug to find), in the form of ``wrong``'s answers.

Fit
    The answer is an object {name: number}; in Python a list in the order of ``parameters`` will do.
    ``curve`` gives f at ``x``: EXPR is a number, a name (a parameter, or ``x``), or a list
    [operation, EXPR, ...] with add, subtract, multiply, divide, power (two EXPR), minimum, maximum
    (two), negate, exp, log, log10, sqrt (one), where (condition, then, else), less, less_equal
    (two). When ``curve`` is null the answer also holds ``curve``, f at ``x`` as a list. The misfit
    is the root of the mean of r**2, with r = ln(y) - ln(f) ("log") or y - f ("linear"). Right when
    it is <= ``allowed`` and each judged parameter has |p - value| <= rtol |value|. Answers in
    ``wrong`` are objects of the same form.

Text
    Text is made plain: NFKD without marks, lower case, "\u2019" as "'", "n't" as " not", "cannot"
    as "can not". A sentence ends at . ! ? ; : before white space or the end, or at an empty line.
    Words are runs of a-z and 0-9; "%" is a word. A PATTERN is text, "limit unknown|censor*": its
    terms stand in this order in one sentence, with at most 5 other words between two of them; "|"
    separates choices; "*" at the end stands for any ending. Terms are matched from the left, each
    at the first place that allows the rest. A match is denied when one of not, no, never, neither,
    nor, without, hardly is among the 3 words before it or between its terms, unless the pattern has
    one of these words itself; then the next place is tried. An idea or a misconception is there
    when one of its patterns is. Order of judging: blank; fewer than ``least_words`` words, or
    fewer than 3 different words of :data:`.words.FUNCTION_WORDS` (a list of key words), is
    invalid; the first entry of ``wrong`` that is there; right if ``needed`` ideas are; else wrong.

DRAWN
    ``templates``  the exercise's texts with ``{{placeholders}}``: {``statement_markdown,
                   worked_markdown, hints, when_right, messages``}, messages a list of {``message,
                   try``} beside ``wrong``
    ``variants``   list of {``numbers`` {name: value}, ``texts`` {placeholder: text}, ``answer``
                   (fields that replace those of ANSWER), ``wrong`` (the answers, beside ``wrong``)}
    The exercise as it stands is the undrawn one, for whoever has no name. To read variant n, put
    its answers into copies of ``answer`` and ``wrong``, and its texts for "{{placeholder}}" into
    the templates (:func:`.drawing.variant`). A learner has variant number h mod len(variants),
    where h is the 32-bit FNV-1a hash of the UTF-8 bytes of ``name + "\n" + id``: start with
    2166136261; for each byte, h = ((h xor byte) * 16777619) mod 2**32. ``name`` is the learner's,
    in NFKC, stripped, lower case, white space as single spaces; "" is nobody (no variant).

Shared slips (``data/slips.json``)
----------------------------------
``{"schema": 1, "tolerances": {"listed": [low, high], "single", "pair", "apart"}, "slips": {key:
SLIP}}``, a SLIP being {``name, comes_about, advice, family, transforms``}, each transform
{``operation, constant``}: multiply (constant * v), power (v ** constant), log (ln v / ln constant),
complement (constant - v; only if 0 <= v <= 1), cv-of-sd (sqrt(exp(v**2) - 1)), sd-of-cv
(sqrt(ln(1 + v**2))) (both only if 0 < v <= 3); the last three only for unit "" or "1". The order of
the keys counts: of equals the first wins.

Order of judging a number, an array, a function's values: blank, unreadable, untouched, right; the
nearest listed wrong answer within ``min(max(rtol, low), high)``; not finite; the nearest single
slip, a transform of the right numbers, within ``single``; for a number without unit a listed wrong
answer given in percent; two slips within ``pair``; otherwise wrong with a direction. Everything
after the listed ones only if ``shared_slips``. Errors are relative to the slip's number. A slip's
number is not tried where it lies within ``apart`` of the right one. Two slips: first a listed wrong
answer (in order) or a shared transform (in order), then a shared factor (operation multiply) of
the family time, size or sign, of another slip and, but for time, another family. A listed answer
has the family of its slip.

Progress (``progress.json``; the browser exports and imports the same)
----------------------------------------------------------------------
``{"schema": 1, "learner": name or "", "exercises": {id: {"attempts", "status" ("right", "wrong" or
"invalid"; right stays), "hints", "misconceptions" (keys), "solution_seen"}}}``
"""

from __future__ import annotations

from typing import Any

from . import store
from .guesses import Guess, guess
from .judging import INVALID, NOT_ATTEMPTED, RIGHT, WRONG, Verdict, judge
from .store import UnknownExercise

__all__ = [
    "Guess",
    "UnknownExercise",
    "Verdict",
    "check",
    "guess",
    "hint",
    "progress",
    "reset",
    "solution",
]


class Text:
    """A piece of text that has been shown already; ``.text`` holds it."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<{self.text.splitlines()[0]}>" if self.text else "<empty>"

    def _ipython_display_(self) -> None:
        """Nothing: the text has been shown already."""


def _show(text: str, markdown: bool) -> Text:
    """Print, or in a notebook show Markdown as such."""
    shown = False
    if markdown:
        import sys

        ipython = sys.modules.get("IPython")
        if ipython is not None and ipython.get_ipython() is not None:
            from IPython.display import display

            display({"text/plain": text, "text/markdown": text}, raw=True)
            shown = True
    if not shown:
        print(text)
    return Text(text)


def check(id: str, answer: Any) -> Verdict:
    """Judge an answer, print what became of it and return the verdict.

    ``id`` is the exercise's number, as in ``check("07.1", doubling_time)``. ``answer`` is what the
    exercise asks for: a number in its unit, an array, a key, an order of keys, or a function. The
    verdict's ``status`` is "right", "wrong", "invalid" (it could not be judged) or "not attempted".
    Raises :class:`UnknownExercise` for an id that does not exist.
    """
    exercise = store.exercise(id)
    verdict = judge(exercise, answer)
    if verdict.status != NOT_ATTEMPTED:
        entry = store.read_progress().get(id, {})
        done = entry.get("status") == RIGHT
        store.record(
            id,
            attempts=1,
            status=RIGHT if done else verdict.status,
            misconceptions=[verdict.misconception] if verdict.misconception else [],
        )
    print(verdict)
    return verdict


def hint(id: str) -> Text:
    """Show the next hint: the first call gives the first, the next call the second."""
    exercise = store.exercise(id)
    hints = exercise["hints"]
    used = store.read_progress().get(id, {}).get("hints", 0)
    used = used if isinstance(used, int) else 0
    index = min(max(used, 0), len(hints) - 1)
    if used < len(hints):
        store.record(id, hints=1)
    return _show(f"Hint {index + 1} of {len(hints)} for {id}: {hints[index]}", markdown=True)


def solution(id: str, force: bool = False) -> Text:
    """Show the worked solution, once there was an attempt (or with ``force=True``)."""
    exercise = store.exercise(id)
    attempts = store.read_progress().get(id, {}).get("attempts", 0)
    if not attempts and not force:
        return _show(
            f"{id}: try it first, then ask again. A wrong try teaches more than a copied answer. "
            f'hint("{id}") gives a first step; solution("{id}", force=True) shows it anyway.',
            markdown=False,
        )
    store.record(id, solution_seen=True)
    text = f"**{id} · {exercise['title']}**\n\n{exercise['worked_markdown']}"
    if exercise["solution_code"]:
        text += f"\n\n```python\n{exercise['solution_code']}\n```"
    return _show(text, markdown=True)


def progress(chapter: str | None = None) -> Text:
    """Show how far you are, by chapter: right, tried and still open.

    ``chapter`` limits it, as in ``progress("07")``.
    """
    marks = {RIGHT: "■", WRONG: "▪", INVALID: "▪"}
    entries = store.read_progress()
    lines = []
    for name, exercises in store.chapters().items():
        number = name.split("_")[0]
        if chapter is not None and chapter not in (name, number):
            continue
        states = {key: entries.get(key, {}).get("status") for key in exercises}
        row = "".join(marks.get(str(state), "□") for state in states.values())
        right = sum(state == RIGHT for state in states.values())
        ahead = [key for key, state in states.items() if state != RIGHT]
        tail = f"next: {ahead[0]}" if ahead else "all right"
        lines.append(f"{number}  {row}  {right} of {len(states)} right · {tail}")
    if not lines:
        known = ", ".join(name.split("_")[0] for name in store.chapters())
        lines = [
            f"No exercises for chapter {chapter!r}. Chapters with exercises: {known or 'none'}."
        ]
    else:
        lines.append("■ right   ▪ tried   □ open")
    return _show("\n".join(lines), markdown=False)


def reset(id: str | None = None) -> Text:
    """Forget the progress of one exercise, or of all of them."""
    if id is not None:
        store.exercise(id)
    removed = store.erase(id)
    what = f"{id} is" if id is not None else "All exercises are"
    return _show(f"{what} open again ({removed} cleared).", markdown=False)
