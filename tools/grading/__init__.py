"""Grade a class: run submitted notebooks apart, judge their answers as plain data, report.

    python3 course.py grade SUBMISSIONS --out grades.csv

Who sees what:

- ``child`` runs one learner's notebook, contained (``contain``), with a copy of the package that
  holds no answer (``kit``). Its answers leave as JSON; a function leaves as its values at inputs
  that were drawn after the submissions were in (``probes``).
- ``supervise`` starts a child, keeps its limits and ends whatever it leaves behind.
- ``judge`` is another process. It reads that JSON, nothing else of the learner's, and judges by the
  exercises' own rules. There is no unpickling anywhere.
- ``submissions`` says which file is whose; ``report`` writes grades, feedback and the class report.

Why otter-grader is not the judge: it judges inside the learner's kernel, so code in a notebook can
reach the tests, their data and the results. That cannot be kept apart from the outside. What it
does well besides (making a notebook without solutions from one source, a zip for a course server)
``tools.students`` does already, or needs a server of its own. So the course does not depend on it.
"""
