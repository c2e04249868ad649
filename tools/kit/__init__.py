"""The instructor's kit, made from the chapters.

    python -m tools.kit            check plans, notes and questions against the chapters
    python -m tools.kit build      all of the following but the last, and the edition as pages
    python -m tools.kit slides     build/kit/slides: a deck for each notebook, opens offline
    python -m tools.kit edition    build/instructor: the book with notes, run-sheets, answers
    python -m tools.kit tests      build/kit/tests: the test before and after
    python -m tools.kit items DIR  how the questions did

``lesson``     what a notebook's source says to an instructor: sections, minutes, notes, slides
``plans``      run-sheets: `book/instructors/plans.yml`, with minutes from sections and exercises
``pages``      the instructor's edition: run-sheets, notes, answer keys, questions
``slides``     decks from tagged cells
``items``      how the questions of a test did: difficulty, discrimination, gain
"""
