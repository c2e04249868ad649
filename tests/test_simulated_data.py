"""The simulated data sets: made again they are the same, and they are what their cards say."""

from __future__ import annotations

import numpy as np
import pytest

from cgtlearn import datasets, ledger
from cgtlearn.datasets import cards
from cgtlearn.datasets.make import (
    CONFOUNDED,
    ONE,
    TRIAL,
    as_table,
    make,
    simulated_confounded,
    simulated_one,
    simulated_trial,
)

NAMES = [ONE, TRIAL]


def test_making_them_again_gives_the_same_files(tmp_path):
    made = make(tmp_path)
    assert sorted(p.name for p in made) == sorted(
        f"{n}.{e}" for n in (*NAMES, CONFOUNDED) for e in ("csv", "md")
    )
    for path in made:
        kept = cards.FOLDER / path.name
        # As text: a checkout may have changed the ends of lines.
        same = path.read_text(encoding="utf-8") == kept.read_text(encoding="utf-8")
        assert same, f"run python -m cgtlearn.datasets.make: {kept}"


@pytest.mark.parametrize("name", NAMES)
def test_they_load_with_card_and_units(name):
    table, card = datasets.load(name), datasets.card(name)
    assert name in datasets.names()
    assert "no row is a person" in card.facts["simulated"]
    assert table.units["DV"] == "copies/µg" and table.units["TIME"] == "d"
    size = card.facts["size"]
    samples = table.observations()
    assert size.startswith(f"{len(table.patients())} patient")
    assert f"{len(samples)} samples" in size
    assert f"{int(samples['CENS'].sum())} of them below" in size
    assert len(table.doses()) == len(table.patients())
    assert np.all(samples["DV"][samples["CENS"] == 1] == ledger.value("cart_sampling.qpcr_lloq"))
    text = (cards.FOLDER / f"{name}.csv").read_text(encoding="utf-8")
    assert text.startswith("# Simulated.")


@pytest.mark.parametrize(("name", "simulate"), [(ONE, simulated_one), (TRIAL, simulated_trial)])
def test_they_are_the_trial_to_four_digits(name, simulate):
    trial, table = simulate(), datasets.load(name)
    assert table.patients() == tuple(range(1, trial.patients + 1))
    for i, id in enumerate(table.patients()):
        times, values, censored, lloq = table.curve(id)
        assert np.array_equal(times, trial.times) and lloq == trial.lloq
        assert np.array_equal(censored, trial.censored[i])
        assert values == pytest.approx(trial.values[i], rel=5.1e-4)


def test_the_one_has_values_below_the_limit_early_and_late():
    times, _, censored, _ = datasets.load(ONE).curve(1)
    assert times[censored].min() < 3 and times[censored].max() > 200
    assert 2 <= censored.sum() <= len(times) / 4


def test_the_trial_has_the_spread_of_its_reading():
    """Drawn with SDs: the 99.9 % range of the sample SD of 90 log-normal parameters."""
    p = simulated_trial().parameters
    for name in ("tmax", "cmax", "contraction_rate"):
        sd = np.log(getattr(p, name)).std(ddof=1)
        assert sd == pytest.approx(ledger.value(f"stein2019.omega_{name}"), rel=0.26)


def test_a_changed_trial_changes_the_file():
    """The comparison above can fail."""
    trial = simulated_one()
    changed = trial.values.copy()
    changed[0, 10] *= 1.01
    other = type(trial)(**{**trial.__dict__, "values": changed})
    assert not np.array_equal(
        as_table(trial, "x")["DV"], as_table(other, "x")["DV"], equal_nan=True
    )


def test_the_confounded_trial_is_what_its_card_says():
    people, table = simulated_confounded(), datasets.load(CONFOUNDED)
    card = datasets.card(CONFOUNDED)
    samples, doses = table.observations(), table.doses()
    assert len(samples) == len(doses) == people.cmax.size == ledger.value("awasthi2020.patients")
    assert samples["DV"] == pytest.approx(people.cmax, rel=5.1e-4)
    assert doses["AMT"] == pytest.approx(people.dose, rel=5.1e-4)
    assert samples["BURDEN"] == pytest.approx(people.burden, rel=5.1e-4)
    assert np.array_equal(samples["CRS34"], people.crs)
    assert np.array_equal(samples["RESPONSE"], people.response)
    assert f"{int(people.crs.sum())} with severe" in card.facts["size"]
    assert "no row is a person" in card.facts["simulated"]
    assert "dose does nothing" in card.facts["truth"]
