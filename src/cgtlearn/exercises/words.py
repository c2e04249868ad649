"""Find ideas in a learner's own words.

An idea is known by patterns of words, see "Text" in the package's docstring. This looks for ideas;
it cannot judge prose, and every verdict on a text says so.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

GAP = 3  # other words allowed between two terms of a pattern
REACH = 3  # how many words before a match a negation still denies it
LONGEST = 20_000  # characters
LEAST_FUNCTION_WORDS = 3  # different ones; a list of key words has fewer

NEGATIONS = frozenset({"not", "no", "never", "neither", "nor", "without", "hardly"})
FUNCTION_WORDS = frozenset(
    "a an and are as at be because been but by can could do does for from had has have if in into "
    "is it its may more must not of on or so than that the their them then there these they this "
    "to was we were what when where which while will with would you your".split()
)


def sentences(text: str) -> list[list[str]]:
    """The words of each sentence, in plain letters."""
    plain = unicodedata.normalize("NFKD", text.replace("\u2019", "'")).lower()
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    plain = plain.replace("n't", " not").replace("cannot", "can not")
    parts = re.split(r"[.!?;:](?=\s|$)|\n[ \t]*\n", plain)
    words = [re.findall(r"[a-z0-9]+|%", part) for part in parts]
    return [part for part in words if part]


def _fits(word: str, term: str) -> bool:
    return any(
        word.startswith(choice[:-1]) if choice.endswith("*") else word == choice
        for choice in term.split("|")
    )


def _places(words: Sequence[str], terms: Sequence[str]) -> list[list[int]]:
    """Where the terms stand in order, each place once for its first term."""
    found = []
    for start, word in enumerate(words):
        if _fits(word, terms[0]):
            rest = _rest(words, terms, 1, start)
            if rest is not None:
                found.append([start, *rest])
    return found


def _rest(words: Sequence[str], terms: Sequence[str], term: int, last: int) -> list[int] | None:
    """Places of the terms from ``term`` on, after ``last``; the first that fit together."""
    if term == len(terms):
        return []
    for place in range(last + 1, min(last + GAP + 2, len(words))):
        if _fits(words[place], terms[term]):
            rest = _rest(words, terms, term + 1, place)
            if rest is not None:
                return [place, *rest]
    return None


def present(pattern: str, text: Sequence[Sequence[str]]) -> bool:
    """Is the pattern in one of the sentences, and not denied there?"""
    terms = pattern.split()
    negative = any(choice in NEGATIONS for term in terms for choice in term.split("|"))
    for words in text:
        for places in _places(words, terms):
            between = words[max(places[0] - REACH, 0) : places[-1]]
            if negative or not NEGATIONS.intersection(between):
                return True
    return False


def complaint(text: Sequence[Sequence[str]], least_words: int) -> str:
    """Why a text cannot be judged; "" when it can."""
    words = [word for sentence in text for word in sentence]
    if len(words) < least_words:
        return (
            f"You wrote {len(words)} words. Write a sentence or two, {least_words} words or more."
        )
    if len(FUNCTION_WORDS.intersection(words)) < LEAST_FUNCTION_WORDS:
        return "This reads like a list of key words. Say in whole sentences how they hang together."
    return ""
