"""The same run on a cluster: two workers of dask.distributed, one of which is killed.

dask is an extra; where it is not installed these tests are left out.
"""

from __future__ import annotations

import os
import signal
import threading
import time

import numpy as np
import pytest

from cgtlearn import population as pop
from cgtlearn.models import stein2019

distributed = pytest.importorskip("distributed")

M = stein2019.model
DAYS = np.array([0.0, 7, 9, 14, 28, 56])


def slowly(course):
    """A reduction that takes a while, so that a worker can be killed in the middle."""
    time.sleep(0.2)
    return {"cmax": course["transgene"].max(axis=1), "number": course.parameters.numbers}


@pytest.fixture(scope="module")
def patients():
    return pop.sample(M, 400, pop.spread_of(M, pop.log_sd), seed=7)


@pytest.fixture
def client():
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def test_a_worker_is_killed_in_the_middle_and_nothing_is_lost(patients, client):
    here = pop.run(M, patients, DAYS, slowly, block=400)
    victim = next(iter(client.run(os.getpid).values()))
    killer = threading.Timer(1.5, os.kill, (victim, signal.SIGKILL))
    killer.start()
    there = pop.run(M, patients, DAYS, slowly, block=20, executor=client)
    assert not killer.is_alive()
    assert there.complete and not there.failed and there.method == here.method
    assert np.array_equal(there["number"], np.arange(400))
    assert np.array_equal(there["cmax"], here["cmax"])
    assert victim not in client.run(os.getpid).values()


def always_dies(course):
    if 40 in course.parameters.numbers:
        os._exit(3)
    return slowly(course)


def test_a_block_that_kills_every_worker_is_given_up_and_the_others_are_done(patients, client):
    with pytest.warns(UserWarning, match="20 of 400 patients were not computed"):
        ours = pop.run(M, patients, DAYS, always_dies, block=20, executor=client)
    assert [(first, last) for first, last, _ in ours.missing] == [(40, 59)]
    assert np.array_equal(ours["number"][ours.done], np.flatnonzero(ours.done))
