"""The instructor's kit, made from the chapters.

    python -m tools.kit            check plans, notes and questions against the chapters
    python -m tools.kit slides     build/kit/slides: a deck for each notebook, opens offline

``lesson``     what a notebook's source says to an instructor: sections, minutes, notes, slides
``plans``      run-sheets: `book/instructors/plans.yml`, with minutes from sections and exercises
``pages``      the instructor's edition: run-sheets, notes, answer keys, questions
``slides``     decks from tagged cells
``items``      how the questions of a test did: difficulty, discrimination, gain
"""
