"""The same run on a cluster: two workers of dask.distributed, one of which is killed.

dask is an extra, ``cluster``; where it is not installed these tests are left out.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from cgtlearn import population as pop
from cgtlearn.models import stein2019

distributed = pytest.importorskip("distributed")

M = stein2019.model
DAYS = np.array([0.0, 7, 9, 14, 28, 56])


def slowly(course, folder=None):
    """A reduction that takes a while, so that a worker can be killed in the middle.

    Each time it begins and ends it leaves a file in ``folder``.
    """
    who = course.parameters.numbers
    if folder:
        mark(folder, "begun", who[0])
    time.sleep(0.2)
    if folder:
        mark(folder, "ended", who[0])
    return {"cmax": course["transgene"].max(axis=1), "number": who}


def mark(folder, what, first):
    (Path(folder) / f"{what}-{first}-{os.getpid()}-{time.monotonic_ns()}").touch()


@pytest.fixture(scope="module")
def patients():
    return pop.sample(M, 400, pop.spread_of(M, pop.log_sd), seed=7)


@pytest.fixture
def client():
    # Generous: two workers start beside whatever else the machine does.
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster, timeout=120) as client,
    ):
        client.wait_for_workers(2, timeout=120)
        yield client


def test_a_worker_is_killed_in_the_middle_and_nothing_is_lost(patients, client, tmp_path):
    here = pop.run(M, patients, DAYS, slowly, block=400)
    victim = next(iter(client.run(os.getpid).values()))

    def by(what, pid):
        return list(tmp_path.glob(f"{what}-*-{pid}-*"))

    def kill():
        """While the victim is at work: it has ended three blocks and begun another."""
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            if len(by("ended", victim)) >= 3 and len(by("begun", victim)) > len(
                by("ended", victim)
            ):
                os.kill(victim, signal.SIGKILL)
                return
            time.sleep(0.01)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    there = pop.run(
        M, patients, DAYS, partial(slowly, folder=str(tmp_path)), block=20, executor=client
    )
    killer.join(timeout=1)
    assert not killer.is_alive() and victim not in client.run(os.getpid).values()
    cut = {path.name.split("-")[1] for path in by("begun", victim)} - {
        path.name.split("-")[1] for path in by("ended", victim)
    }
    # The block that the victim held was begun once more by another, and counts once.
    assert len(cut) == 1 and len(list(tmp_path.glob(f"ended-{cut.pop()}-*"))) == 1
    assert there.complete and not there.failed and there.method == here.method
    assert np.array_equal(there["number"], np.arange(400))
    assert np.array_equal(there["cmax"], here["cmax"])


def always_dies(course):
    if 40 in course.parameters.numbers:
        os._exit(3)
    return slowly(course)


def test_a_block_that_kills_every_worker_is_given_up_and_the_others_are_done(patients, client):
    with pytest.warns(UserWarning, match="20 of 400 patients were not computed"):
        ours = pop.run(M, patients, DAYS, always_dies, block=20, executor=client)
    assert [(first, last) for first, last, _ in ours.missing] == [(40, 59)]
    assert np.array_equal(ours["number"][ours.done], np.flatnonzero(ours.done))
