"""The data sets that come with the package: each a CSV file with a card beside it.

A card is ``<name>.md``: a title, the facts of :data:`FACTS` as list items, and a table of columns.

    # Title

    - simulated: yes, from the model ..., no row is a person
    - origin: ...
    - licence: ...
    - seed: 7

    | column | unit | meaning |
    |---|---|---|
    | TIME | d | days after infusion |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import LearnerError, unknown_name

FOLDER = Path(__file__).parent
FACTS = ("simulated", "origin", "licence", "seed")


@dataclass(frozen=True)
class Card:
    """A data set's card: title, facts by name, unit and meaning by column, and the whole text."""

    name: str
    title: str
    facts: Mapping[str, str]
    units: Mapping[str, str]
    meanings: Mapping[str, str]
    text: str

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<Card of {self.name}: {self.title}>"

    def _repr_markdown_(self) -> str:
        return self.text


def names() -> list[str]:
    """The data sets that come with the package."""
    return sorted(path.stem for path in FOLDER.glob("*.csv"))


def card(name: str) -> Card:
    """The card of a data set: origin, licence, seed, columns, units, and that it is simulated.

    Raises
    ------
    LearnerError : no such data set; a card that lacks a fact, or a column of its file.
    """
    if name not in names():
        raise unknown_name(name, names(), "data set")
    path = FOLDER / f"{name}.md"
    if not path.exists():
        raise _incomplete(name, "no card")
    text = path.read_text(encoding="utf-8")
    title, facts, units, meanings = "", {}, {}, {}
    for line in text.splitlines():
        if line.startswith("# ") and not title:
            title = line[2:].strip()
        elif line.startswith("- ") and ":" in line:
            key, fact = line[2:].split(":", 1)
            facts[key.strip(" *").lower()] = fact.strip(" *")
        elif line.startswith("|"):
            cells = [cell.strip(" `") for cell in line.strip().strip("|").split("|")]
            if len(cells) == 3 and cells[0] != "column" and not set(cells[0]) <= set("-:"):
                units[cells[0]], meanings[cells[0]] = cells[1], cells[2]
    if not title:
        raise _incomplete(name, "no title")
    for fact in FACTS:
        if not facts.get(fact):
            raise _incomplete(name, f"no line '- {fact}: …'")
    with open(FOLDER / f"{name}.csv", encoding="utf-8") as file:
        first = next((line for line in file if not line.startswith("#")), "")
    header = [cell.strip() for cell in first.split(",")]
    for column in header:
        if not meanings.get(column):
            raise _incomplete(name, f"no row for the column {column}")
    for column in meanings:
        if column not in header:
            raise _incomplete(name, f"a row for {column}, which is no column of the file")
    return Card(name, title, facts, units, meanings, text)


def _incomplete(name: str, what: str) -> LearnerError:
    return LearnerError(
        given=f"the data set {name} with {what}",
        expected=f"a card {name}.md with a title, {', '.join(FACTS)}, and a row for each column "
        "with unit and meaning",
        do="complete the card beside the CSV file",
    )
