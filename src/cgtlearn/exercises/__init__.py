"""Exercises: check an answer, ask for a hint, see the solution, keep a guess, see progress.

>>> from cgtlearn.exercises import check, hint, solution, guess, progress

Everything works offline, in plain cells and in a plain Python prompt. ``set_learner("name")``
draws your own numbers where an exercise has them, ``given("07.16")`` shows them.
``export_progress()`` and ``import_progress()`` carry your progress to another machine, ``reset()``
clears it and ``undo_reset()`` brings it back.

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
              array), ``values`` (one for each probe), ``rtol, atol, shared_slips``
    fit       ``parameters`` list of {``name, value, unit, rtol``} (``rtol`` null: not judged);
              ``x, y`` the data, ``x_name, x_unit, y_unit``; ``residual`` "log" or "linear";
              ``allowed`` largest misfit; ``curve`` an EXPR, or null (then ``fitted`` holds the
              best curve at ``x``); ``shared_slips``
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
    terms stand in this order in one sentence, with at most 3 other words between two of them; "|"
    separates choices; "*" at the end stands for any ending. Terms are matched from the left, each
    at the first place that allows the rest. A match is denied when one of not, no, never, neither,
    nor, without, hardly is among the 3 words before it or between its terms, unless the pattern has
    one of these words itself; then the next place is tried. An idea or a misconception is there
    when one of its patterns is. Order of judging: blank; fewer than ``least_words`` words, or
    fewer than 3 different words of :data:`.words.FUNCTION_WORDS` (a list of key words), is
    invalid; the first entry of ``wrong`` that is there; right if ``needed`` ideas are; else wrong.

DRAWN
    ``numbers``    {name: value}, the undrawn ones
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
    A wrong answer that no slip explains and that is right for the undrawn exercise has the slip
    other-numbers.

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
has the family of its slip. A function that none of this explains is called again with two of its
arguments exchanged, and with one of them times each factor of the family time (where no function is
at hand, as on a page, this is left out).

Progress (``progress.json``; the browser exports and imports the same)
----------------------------------------------------------------------
``{"schema": 1, "learner": name or "", "exercises": {id: {"attempts", "status" ("right", "wrong" or
"invalid"; right stays), "hints", "misconceptions" (keys), "solution_seen"}}}``
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ..errors import LearnerError
from . import drawing, store
from .blank import ____
from .guesses import Guess, guess
from .judging import INVALID, NOT_ATTEMPTED, RIGHT, WRONG, Verdict, format_number, judge
from .store import UnknownExercise

__all__ = [
    "Guess",
    "UnknownExercise",
    "Verdict",
    "____",
    "check",
    "export_progress",
    "given",
    "guess",
    "hint",
    "import_progress",
    "judge",
    "progress",
    "reset",
    "set_learner",
    "solution",
    "undo_reset",
    "whoami",
]


class Text:
    """A piece of text that has been shown already; ``.text`` holds it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.figure: Any = None  # the picture that was shown with it, if there was one

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<{self.text.splitlines()[0]}>" if self.text else "<empty>"

    def _ipython_display_(self) -> None:
        """Nothing: the text has been shown already."""


def _in_notebook() -> bool:
    """Is there a notebook or console that can show more than text?"""
    import sys

    ipython = sys.modules.get("IPython")
    return ipython is not None and ipython.get_ipython() is not None


def _show(text: str, markdown: bool) -> Text:
    """Print, or in a notebook show Markdown as such."""
    if markdown and _in_notebook():
        from IPython.display import display

        display({"text/plain": text, "text/markdown": text}, raw=True)
    else:
        print(text)
    return Text(text)


def _mine(id: str) -> dict[str, Any]:
    """The exercise with this learner's numbers."""
    return drawing.for_learner(store.exercise(id), store.learner())


def check(id: str, answer: Any) -> Verdict:
    """Judge an answer, print what became of it and return the verdict.

    ``id`` is the exercise's number, as in ``check("07.1", doubling_time)``. ``answer`` is what the
    exercise asks for: a number in its unit, an array, a key, an order of keys, a function, a
    dictionary of fitted numbers, or a text. Numbers that are drawn are the learner's own. The
    verdict's ``status`` is "right", "wrong", "invalid" (it could not be judged) or "not attempted".
    Raises :class:`UnknownExercise` for an id that does not exist.
    """
    exercise = store.exercise(id)
    verdict = drawing.judge_for(exercise, store.learner(), answer)
    if verdict.status != NOT_ATTEMPTED:
        entry = store.read_progress().get(id, {})
        done = entry.get("status") == RIGHT
        store.record(
            id,
            attempts=1,
            status=RIGHT if done else verdict.status,
            misconceptions=list(verdict.misconceptions),
        )
    print(verdict)
    return verdict


def hint(id: str) -> Text:
    """Show the next hint: the first call gives the first, the next call the second."""
    hints = _mine(id)["hints"]
    used = store.read_progress().get(id, {}).get("hints", 0)
    used = used if isinstance(used, int) else 0
    index = min(max(used, 0), len(hints) - 1)
    if used < len(hints):
        store.record(id, hints=1)
    return _show(f"Hint {index + 1} of {len(hints)} for {id}: {hints[index]}", markdown=True)


def solution(id: str, force: bool = False) -> Text:
    """Show the worked solution, once there was an attempt (or with ``force=True``)."""
    exercise = _mine(id)
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


def whoami() -> str:
    """Your name, by which your numbers are drawn; "" while there is none."""
    name = store.learner()
    print(
        f"You are {name}." if name else 'No name yet: set_learner("your name") draws your numbers.'
    )
    return name


def set_learner(name: str) -> None:
    """Keep your name with your progress; exercises with drawn numbers then have numbers of yours.

    In a class, use the name or number that your instructor knows you by. ``set_learner("")`` goes
    back to the numbers of the printed text. Capitals and spaces do not matter.
    """
    if not isinstance(name, str):
        raise LearnerError(
            given=f"a name of type {type(name).__name__}",
            expected="your name as text",
            do='write it in quotes, as in set_learner("Ada")',
        )
    name = " ".join(name.split())
    if len(name) > 80:
        raise LearnerError(
            given=f"a name of {len(name)} letters", expected="80 at most", do="shorten it"
        )
    store.name_learner(name)
    print(f"You are {name}. Drawn numbers are yours now." if name else "Printed numbers for you.")


def given(id: str) -> SimpleNamespace:
    """Your numbers in an exercise that draws them, by name: ``p = given("07.16"); p.dose``.

    With a name set (:func:`set_learner`) the statement is shown again with your numbers in it.
    Raises :class:`UnknownExercise` for an id that does not exist.
    """
    exercise = store.exercise(id)
    learner = store.learner()
    numbers = drawing.numbers_of(exercise, learner)
    if not numbers:
        raise LearnerError(
            given=f"{id}, whose numbers are the same for everybody",
            expected="an exercise with drawn numbers",
            do="take the numbers from its statement",
        )
    if drawing.variant_number(exercise, learner) is None:
        shown = ", ".join(
            f"{name} = {value if isinstance(value, str) else format_number(value)}"
            for name, value in numbers.items()
        )
        print(f"{id}, with the numbers of the text: {shown}")
    else:
        mine = drawing.for_learner(exercise, learner)
        _show(f"**{id}, with your numbers**\n\n{mine['statement_markdown']}", markdown=True)
    return SimpleNamespace(**numbers)


def progress(chapter: str | None = None, picture: bool | None = None) -> Text:
    """Show how far you are, by chapter: right, tried and still open.

    ``chapter`` limits it, as in ``progress("07")``. In a notebook a picture stands above the same
    in words; ``picture=True`` or ``False`` decides it. The result's ``figure`` holds the picture.
    """
    entries = store.read_progress()
    rows = []
    for name, exercises in store.chapters().items():
        number = name.split("_")[0]
        if chapter is None or chapter in (name, number):
            states = {key: entries.get(key, {}).get("status") for key in exercises}
            rows.append((name, {key: _stage(state) for key, state in states.items()}))
    if not rows:
        known = ", ".join(name.split("_")[0] for name in store.chapters())
        return _show(
            f"No exercises for chapter {chapter!r}. Chapters with exercises: {known or 'none'}.",
            markdown=False,
        )
    lines = []
    for name, stages in rows:
        row = "".join(MARKS[stage] for stage in stages.values())
        right = sum(stage == RIGHT for stage in stages.values())
        ahead = [key for key, stage in stages.items() if stage != RIGHT]
        tail = f"next: {ahead[0]}" if ahead else "all right"
        lines.append(f"{name.split('_')[0]}  {row}  {right} of {len(stages)} right · {tail}")
    lines.append("■ right   ▪ tried   □ open")
    figure = None
    if picture or (picture is None and _in_notebook()):
        figure = draw_progress(rows)
        if _in_notebook():
            from IPython.display import display

            display(figure)
    text = _show("\n".join(lines), markdown=False)
    text.figure = figure
    return text


MARKS = {RIGHT: "■", WRONG: "▪", "open": "□"}


def _stage(status: Any) -> str:
    return {RIGHT: RIGHT, WRONG: WRONG, INVALID: WRONG}.get(str(status), "open")


def draw_progress(rows: list[tuple[str, dict[str, str]]]) -> Any:
    """A picture of the progress: a row of squares for each chapter.

    ``rows`` holds (chapter, {exercise id: "right", "wrong" or "open"}). Returns a Matplotlib
    figure that no window shows by itself.
    """
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch, Rectangle

    most = max(len(stages) for _, stages in rows)
    figure = Figure(figsize=(min(2.4 + 0.36 * max(most, 8), 12), 1.3 + 0.36 * len(rows)))
    axes = figure.subplots()
    faces = {RIGHT: "#0072B2", WRONG: "#F0C878", "open": "white"}
    for place, (_, stages) in enumerate(rows):
        for column, (key, stage) in enumerate(stages.items()):
            corner = (column - 0.45, place - 0.45)
            axes.add_patch(Rectangle(corner, 0.9, 0.9, facecolor=faces[stage], edgecolor="#767676"))
            axes.text(
                column,
                place,
                key.split(".")[-1],
                ha="center",
                va="center",
                fontsize=8,
                weight="bold" if stage == RIGHT else "normal",
                color="white" if stage == RIGHT else "black",
            )
    right = sum(stage == RIGHT for _, stages in rows for stage in stages.values())
    total = sum(len(stages) for _, stages in rows)
    axes.set_title(f"{right} of {total} exercises right", fontsize=9)
    axes.set_yticks(range(len(rows)), [_spelled(name) for name, _ in rows], fontsize=9)
    axes.set_xlim(-0.6, max(most, 8) - 0.4)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_aspect("equal")
    axes.set_xticks([])
    for side in axes.spines.values():
        side.set_visible(False)
    axes.tick_params(length=0)
    names = {RIGHT: "right", WRONG: "tried", "open": "open"}
    axes.legend(
        handles=[Patch(facecolor=faces[s], edgecolor="#767676", label=names[s]) for s in names],
        loc="upper center",
        bbox_to_anchor=(0.5, -0.02),
        ncols=3,
        frameon=False,
        fontsize=8,
    )
    figure.set_layout_engine("tight")
    return figure


def _spelled(chapter: str) -> str:
    """A chapter's folder name in words: "07_cart_kinetics" as "07 cart kinetics"."""
    return " ".join(chapter.split("_"))


def export_progress(path: str | Path = "cgtlearn-progress.json") -> Path:
    """Write your progress to a file that you can take along; returns where it is."""
    target = Path(path)
    count = store.export_to(target)
    print(f"{count} exercise{'' if count == 1 else 's'} written to {target}.")
    return target


def import_progress(path: str | Path = "cgtlearn-progress.json") -> None:
    """Add the progress of an exported file to yours: from here, or from the course's pages.

    What is right in one of the two is right; nothing is lost. Raises LearnerError for a file that
    holds no progress.
    """
    count = store.import_from(Path(path))
    print(f"{count} exercise{'' if count == 1 else 's'} read from {path}.")


def reset(id: str | None = None) -> Text:
    """Forget the progress of one exercise, or of all; ``undo_reset()`` brings it back."""
    if id is not None:
        store.exercise(id)
    removed = store.erase(id)
    what = f"{id} is" if id is not None else "All exercises are"
    back = " undo_reset() brings that back." if removed else ""
    return _show(f"{what} open again ({removed} cleared).{back}", markdown=False)


def undo_reset() -> Text:
    """Bring back what the last ``reset`` has cleared; once more for the one before."""
    back = store.bring_back()
    if not back:
        return _show("Nothing to bring back: no reset has cleared anything.", markdown=False)
    return _show(f"Back again: {', '.join(back)}.", markdown=False)
