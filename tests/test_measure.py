"""Measures of a curve: cases worked by hand, an independent integration, laws, every error."""

import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from cgtlearn import measure
from cgtlearn.errors import LearnerError

RULES = list(measure.RULES)
steady = settings(max_examples=100, deadline=None, derandomize=True)

# Five samples, one a day.  Rise 0 -> 8, then halving twice.
DAYS = np.array([0.0, 1.0, 2.0, 3.0, 4.0])
CELLS = np.array([0.0, 4.0, 8.0, 4.0, 2.0])


def two_phases(t, peak=10.0, c0=5.0, doubling=0.8, lag=0.0, initial=4.0, terminal=200.0, slow=0.01):
    """Flat, doubling, then falling in two phases: the curve that the tests take apart again."""
    t = np.asarray(t, dtype=float)
    top = c0 * 2 ** ((peak - lag) / doubling)
    after = np.maximum(t - peak, 0)
    fall = (1 - slow) * 2 ** (-after / initial) + slow * 2 ** (-after / terminal)
    return np.where(t < peak, c0 * 2 ** (np.maximum(t - lag, 0) / doubling), top * fall)


VISITS = np.array(
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 14, 17, 21, 28, 42, 60, 90, 120, 180, 270, 365], dtype=float
)


# --- worked by hand ----------------------------------------------------------------------------


def test_peak_and_last():
    assert measure.cmax(DAYS, CELLS) == 8.0
    assert measure.tmax(DAYS, CELLS) == 2.0
    assert measure.tlast(DAYS, CELLS) == 4.0
    assert measure.clast(DAYS, CELLS) == 2.0
    # With a limit of 3 the sample at day 4 no longer counts; at the limit itself a value counts.
    assert measure.tlast(DAYS, CELLS, lloq=3) == 3.0
    assert measure.clast(DAYS, CELLS, lloq=3) == 4.0
    assert measure.tlast(DAYS, CELLS, lloq=2) == 4.0
    # A zero at the end is not a measurement, a gap in the middle does not matter.
    assert measure.tlast([0, 1, 2, 3], [5, 0, 3, 0]) == 2.0


def test_tmax_of_equal_peaks_is_the_first():
    assert measure.tmax([0, 1, 2], [1, 7, 7]) == 1.0


def test_auc_by_hand():
    # Linear: (0+4)/2 + (4+8)/2 + (8+4)/2 + (4+2)/2 = 2 + 6 + 6 + 3 = 17.
    assert measure.auc(DAYS, CELLS) == pytest.approx(17.0, rel=1e-14)
    # Log-down: the falls become (8-4)/ln 2 and (4-2)/ln 2, together 6/ln 2 = 8.6562; 2 + 6 stay.
    down = 8 + 6 / math.log(2)
    assert measure.auc(DAYS, CELLS, rule="linear-up log-down") == pytest.approx(down, rel=1e-14)
    # Log both ways: the rise 4 -> 8 becomes 4/ln 2 too; 0 -> 4 has no logarithm and stays 2.
    both = 2 + 10 / math.log(2)
    assert measure.auc(DAYS, CELLS, rule="log") == pytest.approx(both, rel=1e-14)


def test_partial_auc_by_hand():
    # Linear, 0.5 to 1.5: at the edges 2 and 6. (2+4)/2*0.5 + (4+6)/2*0.5 = 1.5 + 2.5 = 4.
    assert measure.auc(DAYS, CELLS, 0.5, 1.5) == pytest.approx(4.0, rel=1e-14)
    # Log-down, 2.5 to 3.5: edges 8/sqrt 2 and 4/sqrt 2; one exponential with rate ln 2 throughout,
    # so (8 - 4)/sqrt 2/ln 2 = 4.0806.
    expected = 4 / math.sqrt(2) / math.log(2)
    assert measure.auc(DAYS, CELLS, 2.5, 3.5, "linear-up log-down") == pytest.approx(expected)
    # A window inside one interval: 3.25 to 3.75.
    inside = (4 * 2**-0.25 - 4 * 2**-0.75) / math.log(2)
    assert measure.auc(DAYS, CELLS, 3.25, 3.75, "log") == pytest.approx(inside)


def test_a_steep_fall_outside_the_window_does_not_matter():
    t, v = [0, 1, 1.5, 2, 400], [0, 3e5, 0.5, 4, 4]
    for rule in RULES:
        assert measure.auc(t, v, 100, 200, rule) == pytest.approx(400.0)


def test_auc_of_a_constant_is_the_same_by_every_rule():
    for rule in RULES:
        assert measure.auc([0, 3, 10], [2, 2, 2], rule=rule) == pytest.approx(20.0, rel=1e-15)


def test_auc_of_nearly_equal_values_loses_no_digits():
    # (c1 - c2)/ln(c1/c2) written plainly would lose half its digits here.
    a, b = 1e6, 1e6 * (1 + 1e-12)
    assert measure.auc([0, 1], [b, a], rule="log") == pytest.approx((a + b) / 2, rel=1e-15)


def test_auc_falls_back_to_a_straight_line_at_zero():
    # 8 -> 0 has no logarithm: 8/2 = 4.
    for rule in RULES:
        assert measure.auc([0, 1], [8, 0], rule=rule) == 4.0


def test_terminal_half_life_by_hand():
    # Peak at day 0; 64, 32, 16, 8 at days 1, 3, 5, 7: halves every 2 days; 90.51 at time 0.
    phase = measure.terminal_half_life([0, 1, 3, 5, 7], [200, 64, 32, 16, 8])
    assert phase.half_life == pytest.approx(2.0)
    assert phase.rate == pytest.approx(math.log(2) / 2)
    assert phase.intercept == pytest.approx(64 * math.sqrt(2))
    assert phase.times.tolist() == [1, 3, 5, 7]  # ties in adjusted R²: most points
    assert phase.adjusted_r2 == pytest.approx(1.0)
    assert phase.span == pytest.approx(3.0)
    assert phase.note == ""


def test_terminal_half_life_adjusted_r2_by_hand():
    # ln c = 3, 2, 0 at t = 1, 2, 3: slope -1.5, means 2 and 5/3, scatter 14/3.
    # Fitted 19/6, 10/6, 1/6; residuals -1/6, 2/6, -1/6; SSE = 6/36 = 1/6.
    # R² = 1 - (1/6)/(14/3) = 27/28; adjusted 1 - (1/28)*2/1 = 13/14.
    phase = measure.terminal_half_life([0, 1, 2, 3], np.exp([9, 3, 2, 0]))
    assert phase.rate == pytest.approx(1.5)
    assert phase.adjusted_r2 == pytest.approx(13 / 14)
    assert math.log(phase.intercept) == pytest.approx(5 / 3 + 1.5 * 2)


def test_terminal_half_life_leaves_the_fast_phase_out():
    # Fast points bend the line: halving daily to day 4, then every 10 days.
    t = np.array([0, 1, 2, 3, 4, 14, 24, 34, 44], dtype=float)
    v = np.array([1600, 800, 400, 200, 100, 50, 25, 12.5, 6.25])
    phase = measure.terminal_half_life(t, v)
    assert phase.half_life == pytest.approx(10.0)
    assert phase.times.tolist() == [4, 14, 24, 34, 44]


def test_terminal_half_life_with_points_of_the_caller():
    t, v = [0, 1, 3, 5, 7, 9], [200, 64, 32, 16, 8, 1]
    assert measure.terminal_half_life(t, v, points=[1, 3, 5]).half_life == pytest.approx(2.0)
    # An unsorted choice is the same choice.
    assert measure.terminal_half_life(t, v, points=[5, 1, 3]).half_life == pytest.approx(2.0)
    last = measure.terminal_half_life(t, v, points=3)
    assert last.times.tolist() == [5, 7, 9]
    # The limit takes the last sample out.
    assert measure.terminal_half_life(t, v, lloq=2).half_life == pytest.approx(2.0)


def test_terminal_half_life_never_uses_the_peak_or_what_is_before():
    t, v = np.arange(7.0), np.array([100, 50, 25, 400, 200, 100, 50], dtype=float)
    assert measure.terminal_half_life(t, v).times.tolist() == [4, 5, 6]


def test_terminal_half_life_notes_a_short_span_and_a_poor_line():
    short = measure.terminal_half_life([0, 1, 2, 3], [9, 8, 7.9, 7.8])
    assert "half-lives, fewer than two" in short.note
    poor = measure.terminal_half_life([0, 1, 2, 3, 4], [99, 8, 1, 8, 1])
    assert "adjusted R²" in poor.note


def test_doubling_time_by_hand():
    # 1, 2, 4, 8 then the peak 10, which is left out.
    t, v = [0, 1, 2, 3, 4, 5], [1, 2, 4, 8, 10, 3]
    found = measure.rise(t, v)
    assert found.doubling_time == pytest.approx(1.0)
    assert found.times.tolist() == [0, 1, 2, 3]
    assert found.lag is None
    assert found.start_value == pytest.approx(1.0)
    assert measure.doubling_time(t, v) == pytest.approx(1.0)
    # With the peak, by hand: ln2 * (0, 1, 2, 3, log2 10) on 0..4.
    # slope/ln2 = (-2*0 - 1*1 + 0*2 + 1*3 + 2*log2(10))/10 = (2 + 2*3.321928)/10 = 0.8643856.
    with_peak = measure.doubling_time(t, v, end=4)
    assert with_peak == pytest.approx(1 / ((2 + 2 * math.log2(10)) / 10))
    assert measure.rise(t, v, start=1, end=2).times.tolist() == [1, 2]
    # Values below the limit are not used.
    assert measure.rise(t, v, lloq=2).times.tolist() == [1, 2, 3]


def test_lag_by_hand():
    # Flat at 2 until day 3, then doubling daily: 2, 2, 2 | 4, 8, 16 at days 4, 5, 6; peak at 7.
    t, v = [0, 1, 2, 4, 5, 6, 7], [2, 2, 2, 4, 8, 16, 20]
    assert measure.lag_time(t, v) == pytest.approx(3.0)
    assert measure.doubling_time(t, v, lag=True) == pytest.approx(1.0)
    assert measure.rise(t, v, lag=True).start_value == pytest.approx(2.0)
    # Without the lag the doubling time comes out too long.
    assert measure.doubling_time(t, v) > 1.5


def test_lag_is_the_least_squares_optimum():
    # The closed form against a fine grid of lags, with noise.
    rng = np.random.default_rng(7)
    for lag in (1.5, 3.27, 5.0):
        t = np.arange(0.0, 9.0)
        y = np.maximum(t - lag, 0) * 0.9 + 0.3 * rng.standard_normal(t.size)
        v = np.append(np.exp(y), 1e9)
        found = measure.rise(np.append(t, 9.0), v, lag=True)

        def misfit(x, t=t, y=y):
            design = np.stack([np.ones_like(t), np.maximum(t - x, 0)], axis=1)
            return float(((y - design @ np.linalg.lstsq(design, y, rcond=None)[0]) ** 2).sum())

        best = min(misfit(x) for x in np.linspace(0, 7.99, 4000))
        assert misfit(found.lag) <= best * (1 + 1e-9)
        freedom = t.size - 3
        assert found.log_sd == pytest.approx(math.sqrt(misfit(found.lag) / freedom))


def test_censor_by_hand():
    values, flags = measure.censor([0, 4, 5, 6], 5)
    assert values.tolist() == [5, 5, 5, 6]
    assert flags.tolist() == [True, True, False, False]


@pytest.mark.parametrize(
    ("rule", "times", "values"),
    [
        ("drop", [1, 2, 4], [20, 80, 30]),
        ("zero", [0, 1, 2, 3, 4, 5, 6], [0, 20, 80, 0, 30, 0, 0]),
        ("half", [0, 1, 2, 3, 4, 5, 6], [5, 20, 80, 5, 30, 5, 5]),
        ("limit", [0, 1, 2, 3, 4, 5, 6], [10, 20, 80, 10, 30, 10, 10]),
        ("first zero, then drop", [0, 1, 2, 4, 5], [0, 20, 80, 30, 0]),
    ],
)
def test_rules_below_the_limit_by_hand(rule, times, values):
    t, v = np.arange(7.0), np.array([2, 20, 80, 9, 30, 4, 0], dtype=float)
    new_t, new_v = measure.treat_below_limit(t, v, 10, rule)
    assert new_t.tolist() == times
    assert new_v.tolist() == values
    # From a table, where flagged values stand at the limit, the same.
    stored, flags = measure.censor(v, 10)
    again_t, again_v = measure.treat_below_limit(t, stored, 10, rule, flags)
    assert again_t.tolist() == times
    assert again_v.tolist() == values


def test_every_rule_below_the_limit_is_explained():
    for text in measure.BLQ_RULES.values():
        assert "AUC" in text and "Half-life" in text


def test_stand_ins_at_the_limit_make_a_half_life_that_nobody_has():
    # Halving daily from 1000: below 10 from day 7 on.  Stand-ins at the limit turn one day into
    # something much longer; leaving them out keeps it.
    t = np.arange(0.0, 15.0)
    stored, flags = measure.censor(1000 * 0.5**t, 10)
    kept = measure.terminal_half_life(*measure.treat_below_limit(t, stored, 10, "drop", flags))
    assert kept.half_life == pytest.approx(1.0)
    with_stand_ins = measure.terminal_half_life(
        *measure.treat_below_limit(t, stored, 10, "limit", flags), points=list(t[1:])
    )
    assert with_stand_ins.half_life > 2


def test_spread_by_hand():
    # ln 1, ln e, ln e²: mean 1, sample variance 1.
    x = np.exp([0, 1, 2])
    assert measure.geometric_mean(x) == pytest.approx(math.e)
    assert measure.geometric_cv(x) == pytest.approx(math.sqrt(math.e - 1))
    assert measure.geometric_mean([[1, 100], [4, 100]], axis=0) == pytest.approx([2, 100])
    assert measure.geometric_cv([[1, 100], [1, 100]], axis=0) == pytest.approx([0, 0])
    # CV 1 = 100 %: ln 2 is the variance of the logarithm, its root the SD.
    assert measure.log_variance_from_cv(1.0) == pytest.approx(math.log(2))
    assert measure.log_sd_from_cv(1.0) == pytest.approx(math.sqrt(math.log(2)))
    assert measure.cv_from_log_sd(math.sqrt(math.log(2))) == pytest.approx(1.0)
    assert measure.cv_from_log_variance(math.log(2)) == pytest.approx(1.0)
    assert measure.log_variance_from_log_sd(0.5) == 0.25
    assert measure.log_sd_from_log_variance(0.25) == 0.5
    assert measure.log_sd_from_cv([0, 1]) == pytest.approx([0, math.sqrt(math.log(2))])


def test_quartiles_against_scipy():
    from scipy.stats import norm

    q1, q3 = np.exp(norm.ppf([0.25, 0.75], loc=2, scale=0.7))
    assert measure.log_sd_from_quartiles(q1, q3) == pytest.approx(0.7, rel=1e-12)


def test_from_copies_to_cells_by_hand():
    # 1e6 pg / 6.6 pg = 151,515 genomes in a microgram.
    assert measure.genomes_per_ug(6.6) == pytest.approx(151_515, rel=1e-5)
    # 15,151.5 copies/µg at 2 copies a cell: 5 % of cells.  5 % of 4000 cells/µL is 200 cells/µL.
    arguments = dict(vector_copies_per_cell=2, dna_per_genome_pg=6.6, nucleated_cells_per_ul=4000)
    copies = 0.1e6 / 6.6
    assert measure.copies_per_ug_to_cells_per_ul(copies, **arguments) == pytest.approx(200.0)
    assert measure.cells_per_ul_to_copies_per_ug(200, **arguments) == pytest.approx(copies)
    # The same copies when only 400 nucleated cells are left in a µL: a tenth of the cells.
    arguments["nucleated_cells_per_ul"] = 400
    assert measure.copies_per_ug_to_cells_per_ul(copies, **arguments) == pytest.approx(20.0)


def test_ceiling():
    arguments = dict(vector_copies_per_cell=2, dna_per_genome_pg=5)
    assert measure.above_ceiling(400_001, **arguments) is True
    assert measure.above_ceiling(400_000, **arguments) is False
    assert measure.above_ceiling([1, 5e5], **arguments).tolist() == [False, True]
    full = measure.copies_per_ug_to_cells_per_ul(
        [[400_000.0], [200_000.0]], nucleated_cells_per_ul=[100, 1000], **arguments
    )
    assert full == pytest.approx(np.array([[100, 1000], [50, 500]]))


def test_exposure_record():
    found = measure.exposure(
        [0, 1, 2, 4, 6, 8, 10, 28],
        [0, 400, 800, 400, 200, 100, 20, 5],
        lloq=50,
        unit="copies/µg",
        time_unit="d",
    )
    assert (found.cmax, found.tmax, found.tlast, found.clast) == (800, 2, 8, 100)
    assert found.half_life == pytest.approx(2.0)
    # 200 + 600, then falls by log: (400 + 200 + 100) * 2/ln 2, then 100 -> 0 in 2 d: 100.
    assert found.auc == pytest.approx(800 + 1400 / math.log(2) + 100)
    assert found.below_limit == 3  # at days 0, 10 and 28
    assert found.units["auc"] == "copies/µg·d"
    assert found.as_dict()["tmax"] == 2
    text = str(found)
    assert "AUC 0-28" in text and "copies/µg·d" in text and "below the limit: zero" in text
    # The half-life never uses stand-ins.
    same = measure.exposure(
        [0, 1, 2, 4, 6, 8, 10, 28],
        [0, 400, 800, 400, 200, 100, 20, 5],
        lloq=50,
        blq="limit",
    )
    assert same.half_life == pytest.approx(2.0)
    assert same.auc > found.auc
    assert same.units["auc"] == ""


def test_exposure_says_why_there_is_no_half_life():
    found = measure.exposure([0, 14, 28], [1, 5, 9])
    assert math.isnan(found.half_life)
    assert "after the peak" in found.half_life_note
    assert "not told" in str(found)
    assert found.blq == "no limit given"


def test_exposure_of_many():
    t = np.array([0, 2, 4, 8, 12, 16, 28.0])
    curves = np.array([[1, 50, 200, 100, 50, 25, 3.125], [1, 2, 3, 2, 1, 0, 0]])
    found = measure.exposure(t, curves, lloq=10, unit="copies/µg", time_unit="d")
    alone = measure.exposure(t, curves[0], lloq=10)
    assert found.cmax.tolist() == [200, 0]
    assert found.auc[0] == pytest.approx(alone.auc)
    assert found.auc[1] == 0
    assert found.half_life[0] == pytest.approx(alone.half_life)
    for name in ("tmax", "tlast", "clast", "half_life"):
        assert math.isnan(getattr(found, name)[1])
    assert found.half_life_note[0] == "" and found.half_life_note[1].startswith("not told")
    assert found.below_limit.tolist() == [2, 7]
    assert "Cmax (median)" in str(found)


# --- taken apart again: known curves -----------------------------------------------------------


@pytest.mark.parametrize("terminal", [60.0, 220.0, 352.0])
@pytest.mark.parametrize("lag", [0.0, 3.3])
def test_phases_come_back(lag, terminal):
    v = two_phases(VISITS, lag=lag, terminal=terminal, initial=5.0)
    found = measure.half_lives(VISITS, v, peak=11)
    assert found.initial == pytest.approx(5.0, rel=1e-6)
    assert found.terminal == pytest.approx(terminal, rel=1e-6)
    assert found.log_sd < 1e-9
    # At day 11 the fast phase has fallen for one day: the share is that of day 11.
    fast, slow = 0.99 * 2 ** (-1 / 5), 0.01 * 2 ** (-1 / terminal)
    assert found.terminal_share == pytest.approx(slow / (fast + slow), rel=1e-5)
    assert found.start_value == pytest.approx(v[VISITS == 11][0], rel=1e-9)
    assert measure.doubling_time(VISITS, v, lag=lag > 0) == pytest.approx(0.8, rel=1e-9)
    if lag:
        assert measure.lag_time(VISITS, v) == pytest.approx(lag, rel=1e-9)
    stripped = measure.half_lives(VISITS, v, peak=11, method="stripping")
    assert stripped.initial == pytest.approx(5.0, rel=0.01)
    assert stripped.terminal == pytest.approx(terminal, rel=0.01)
    assert stripped.method == "stripping"


def test_half_lives_agree_with_scipy_on_noisy_data():
    from scipy.optimize import curve_fit

    rng = np.random.default_rng(3)
    v = two_phases(VISITS) * np.exp(0.2 * rng.standard_normal(VISITS.size))
    found = measure.half_lives(VISITS, v, peak=11)
    tau, y = VISITS[VISITS >= 11] - 11, np.log(v[VISITS >= 11])

    def log_curve(x, log_a, log_b, log_alpha, log_beta):
        return np.logaddexp(log_a - np.exp(log_alpha) * x, log_b - np.exp(log_beta) * x)

    best, _ = curve_fit(log_curve, tau, y, p0=[10, 5, np.log(0.15), np.log(0.004)])
    assert found.initial == pytest.approx(math.log(2) / math.exp(best[2]), rel=1e-4)
    assert found.terminal == pytest.approx(math.log(2) / math.exp(best[3]), rel=1e-4)
    rest = ((y - log_curve(tau, *best)) ** 2).sum() / (tau.size - 4)
    assert found.log_sd == pytest.approx(math.sqrt(rest), rel=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_half_lives_are_the_least_squares_optimum(seed):
    # Two phases that overlap for long: no small change of any of the four makes the misfit less.
    rng = np.random.default_rng(seed)
    t = np.arange(0.0, 41.0, 2)
    y = np.log(100 * (0.6 * 2 ** (-t / 3) + 0.4 * 2 ** (-t / 15)))
    y = y + 0.05 * rng.standard_normal(t.size)
    found = measure.half_lives(t, np.exp(y), peak=0)

    def misfit(initial, terminal, share, start):
        fitted = start * ((1 - share) * 2 ** (-t / initial) + share * 2 ** (-t / terminal))
        return float(((y - np.log(fitted)) ** 2).sum())

    best = [found.initial, found.terminal, found.terminal_share, found.start_value]
    for i in range(4):
        for factor in (0.999, 1.001):
            other = list(best)
            other[i] *= factor
            assert misfit(*other) > misfit(*best)


def test_half_lives_without_bias_worth_naming():
    # 60 patients with 30 % noise and a limit that hides nothing: medians within 5 %.
    rng = np.random.default_rng(11)
    found = []
    for _ in range(60):
        noisy = two_phases(VISITS) * np.exp(0.3 * rng.standard_normal(VISITS.size))
        one = measure.half_lives(VISITS, noisy)
        found.append((one.initial, one.terminal, measure.doubling_time(VISITS, noisy)))
    initial, terminal, doubling = np.median(found, axis=0)
    assert initial == pytest.approx(4.0, rel=0.05)
    assert terminal == pytest.approx(200.0, rel=0.05)
    assert doubling == pytest.approx(0.8, rel=0.05)


def test_terminal_half_life_agrees_with_scipy():
    from scipy.stats import linregress

    rng = np.random.default_rng(5)
    v = two_phases(VISITS) * np.exp(0.1 * rng.standard_normal(VISITS.size))
    phase = measure.terminal_half_life(VISITS, v)
    line = linregress(phase.times, np.log(v[np.isin(VISITS, phase.times)]))
    n = phase.times.size
    assert phase.rate == pytest.approx(-line.slope)
    assert phase.adjusted_r2 == pytest.approx(1 - (1 - line.rvalue**2) * (n - 1) / (n - 2))
    # No other number of last points does better by more than the tie.
    after = VISITS > measure.tmax(VISITS, v)
    for k in range(3, int(after.sum()) + 1):
        other = linregress(VISITS[-k:], np.log(v[-k:]))
        if other.slope < 0:
            assert 1 - (1 - other.rvalue**2) * (k - 1) / (k - 2) <= phase.adjusted_r2 + 1.001e-4


# --- an independent integration ----------------------------------------------------------------


def interpolant(t, v, rule):
    """The curve that a rule draws between samples, for quad; written without cgtlearn."""

    def height(x):
        i = min(max(int(np.searchsorted(t, x, side="right")) - 1, 0), len(t) - 2)
        f = (x - t[i]) / (t[i + 1] - t[i])
        a, b = v[i], v[i + 1]
        bent = a > 0 and b > 0 and (rule == "log" or (rule == "linear-up log-down" and b < a))
        return a ** (1 - f) * b**f if bent else a * (1 - f) + b * f

    return height


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("window", [(0, 28), (0.3, 27.1), (9.5, 10.5), (11, 14)])
def test_auc_against_quad(rule, window):
    t = np.array([0, 2, 4, 7, 9, 11, 14, 21, 28.0])
    v = np.array([0, 0, 30, 900, 40_000, 21_000, 21_000, 0, 700.0])
    knots = [x for x in t if window[0] < x < window[1]]
    expected, _ = quad(interpolant(t, v, rule), *window, points=knots or None, limit=500)
    assert measure.auc(t, v, *window, rule=rule) == pytest.approx(expected, rel=1e-9)


def test_log_rule_is_exact_for_exponentials_and_linear_is_too_high():
    t = np.array([0, 3, 7, 14.0])
    v = 100 * np.exp(-0.2 * t)
    exact = 100 / 0.2 * (1 - math.exp(-0.2 * 14))
    assert measure.auc(t, v, rule="log") == pytest.approx(exact, rel=1e-13)
    assert measure.auc(t, v, 1, 13, "log") == pytest.approx(
        500 * (math.exp(-0.2) - math.exp(-2.6)), rel=1e-12
    )
    assert measure.auc(t, v, rule="linear") > 1.05 * exact


# --- laws --------------------------------------------------------------------------------------

steps = st.floats(0.05, 30)
heights = st.one_of(st.just(0.0), st.floats(1e-3, 1e6))


@st.composite
def curves(draw, minimum=3, rows=None, heights=heights):
    n = draw(st.integers(minimum, 12))
    t = np.cumsum(draw(st.lists(steps, min_size=n, max_size=n)))
    if rows is None:
        return t, np.array(draw(st.lists(heights, min_size=n, max_size=n)))
    row = st.lists(heights, min_size=n, max_size=n)
    return t, np.array(draw(st.lists(row, min_size=rows, max_size=rows)))


@steady
@given(curves(), st.floats(0.01, 0.99), st.sampled_from(RULES))
def test_windows_add_up(curve, fraction, rule):
    t, v = curve
    cut = t[0] + fraction * (t[-1] - t[0])
    whole = measure.auc(t, v, rule=rule)
    parts = measure.auc(t, v, end=cut, rule=rule) + measure.auc(t, v, start=cut, rule=rule)
    assert parts == pytest.approx(whole, rel=1e-9, abs=1e-12)


@steady
@given(curves(), st.floats(1e-3, 1e3), st.floats(1e-2, 1e2), st.sampled_from(RULES))
def test_auc_scales_with_values_and_with_the_unit_of_time(curve, by, hours, rule):
    t, v = curve
    assert measure.auc(t, by * v, rule=rule) == pytest.approx(by * measure.auc(t, v, rule=rule))
    assert measure.auc(hours * t, v, rule=rule) == pytest.approx(
        hours * measure.auc(t, v, rule=rule)
    )


@steady
@given(curves())
def test_log_area_is_never_above_linear_area(curve):
    t, v = curve
    linear, down, log = (measure.auc(t, v, rule=rule) for rule in RULES)
    assert log <= down * (1 + 1e-12) and down <= linear * (1 + 1e-12)
    assert linear <= measure.cmax(t, v) * (t[-1] - t[0]) * (1 + 1e-12)


def test_log_down_is_below_linear_on_a_convex_fall():
    t, v = np.array([0, 2, 5, 9.0]), np.array([100, 40, 10, 5.0])
    assert measure.auc(t, v, rule="linear-up log-down") < measure.auc(t, v)


@steady
@given(curves(rows=3), st.sampled_from(RULES))
def test_rows_are_as_one_by_one(curve, rule):
    t, v = curve
    assert measure.cmax(t, v).tolist() == [measure.cmax(t, row) for row in v]
    together = measure.auc(t, v, rule=rule)
    assert together == pytest.approx([measure.auc(t, row, rule=rule) for row in v], rel=1e-13)
    for many in (measure.tmax(t, v), measure.tlast(t, v), measure.clast(t, v)):
        assert many.shape == (3,)
    for i, row in enumerate(v):
        if row.any():
            assert measure.tmax(t, v)[i] == measure.tmax(t, row)
            assert measure.tlast(t, v)[i] == measure.tlast(t, row)
            assert measure.clast(t, v)[i] == measure.clast(t, row)
        else:
            assert np.isnan([measure.tmax(t, v)[i], measure.tlast(t, v)[i]]).all()


@steady
@given(curves(minimum=5, heights=st.floats(1e-2, 1e5)), st.floats(1e-3, 1e3), st.floats(0.1, 24))
def test_half_life_ignores_scale_and_follows_time(curve, by, hours):
    t, v = curve
    try:
        phase = measure.terminal_half_life(t, v)
    except LearnerError:
        assume(False)
    assert phase.half_life > 0
    # A choice between lines that fit equally well may turn on rounding: keep the same points.
    scaled = measure.terminal_half_life(t, by * v, points=phase.times.size)
    assert scaled.half_life == pytest.approx(phase.half_life, rel=1e-6)
    in_hours = measure.terminal_half_life(hours * t, v, points=phase.times.size)
    assert in_hours.half_life == pytest.approx(hours * phase.half_life, rel=1e-6)


@steady
@given(
    st.floats(0.4, 1.5),
    st.floats(0.5, 4.0),
    st.floats(2.0, 8.0),
    st.floats(60.0, 400.0),
    st.floats(0.002, 0.1),
)
def test_any_two_phase_curve_comes_back(doubling, lag, initial, terminal, slow):
    v = two_phases(
        VISITS, doubling=doubling, lag=lag, initial=initial, terminal=terminal, slow=slow
    )
    found = measure.half_lives(VISITS, v, peak=11)
    assert found.initial == pytest.approx(initial, rel=1e-3)
    assert found.terminal == pytest.approx(terminal, rel=1e-3)
    back = measure.rise(VISITS, v, lag=True)
    assert back.lag == pytest.approx(lag, rel=1e-6)
    assert back.doubling_time == pytest.approx(doubling, rel=1e-6)


@steady
@given(st.floats(1e-6, 5.0))
def test_spread_there_and_back(s):
    assert measure.log_sd_from_cv(min(measure.cv_from_log_sd(s), 20.0)) == pytest.approx(
        min(s, math.sqrt(math.log(401))), rel=1e-6
    )
    assert measure.log_sd_from_log_variance(measure.log_variance_from_log_sd(s)) == pytest.approx(s)
    assert measure.cv_from_log_variance(s * s) == pytest.approx(measure.cv_from_log_sd(s))


@steady
@given(
    st.floats(0, 1),
    st.floats(0.5, 10),
    st.floats(3, 10),
    st.floats(1, 50_000),
)
def test_copies_and_cells_there_and_back(fraction, per_cell, mass, white):
    arguments = dict(
        vector_copies_per_cell=per_cell, dna_per_genome_pg=mass, nucleated_cells_per_ul=white
    )
    cells = fraction * white
    copies = measure.cells_per_ul_to_copies_per_ug(cells, **arguments)
    assert measure.copies_per_ug_to_cells_per_ul(copies, **arguments) == pytest.approx(
        cells, rel=1e-12, abs=1e-12
    )


@steady
@given(curves(), st.floats(0.1, 1e4))
def test_censoring_is_idempotent_and_rules_are_ordered(curve, lloq):
    t, v = curve
    once, flags = measure.censor(v, lloq)
    twice, none = measure.censor(once, lloq)
    assert twice.tolist() == once.tolist() and not none.any()
    areas = [
        measure.auc(*measure.treat_below_limit(t, once, lloq, rule, flags))
        for rule in ("zero", "half", "limit")
    ]
    assert areas[0] <= areas[1] * (1 + 1e-12) and areas[1] <= areas[2] * (1 + 1e-12)


# --- every error -------------------------------------------------------------------------------

MEASURES = {
    "cmax": measure.cmax,
    "tmax": measure.tmax,
    "tlast": measure.tlast,
    "clast": measure.clast,
    "auc": measure.auc,
    "terminal_half_life": measure.terminal_half_life,
    "rise": measure.rise,
    "doubling_time": measure.doubling_time,
    "lag_time": measure.lag_time,
    "half_lives": measure.half_lives,
    "exposure": lambda t, v: measure.exposure(t, v, window=(0, 4)),
    "treat_below_limit": lambda t, v: measure.treat_below_limit(t, v, 1, "zero"),
}
BAD = {
    "NaN value": (DAYS, [0, 1, np.nan, 1, 0], "values.*nan"),
    "infinite value": (DAYS, [0, 1, np.inf, 1, 0], "values.*inf"),
    "negative value": (DAYS, [0, 1, -2, 1, 0], r"values\[2\] = -2"),
    "text value": (DAYS, [0, 1, "<5", 1, 0], "numbers"),
    "NaN time": ([0, 1, np.nan, 3, 4], CELLS, "times.*nan"),
    "unsorted times": ([0, 2, 1, 3, 4], CELLS, "rise from one sample to the next"),
    "repeated time": ([0, 1, 1, 3, 4], CELLS, "every time once"),
    "length": (DAYS[:4], CELLS, "as many values as times"),
    "no samples": ([], [], "at least"),
    "a number": (3.0, 4.0, "one curve"),
    "three dimensions": (DAYS, [[CELLS]], "one row for each patient|one curve"),
    "columns for rows": (DAYS, CELLS[:, None], "as many values as times"),
}


@pytest.mark.parametrize("measure_name", MEASURES)
@pytest.mark.parametrize("bad", BAD)
def test_bad_curves_are_refused_by_every_measure(measure_name, bad):
    times, values, message = BAD[bad]
    with pytest.raises(LearnerError, match=message) as caught:
        MEASURES[measure_name](times, values)
    assert caught.value.do


@pytest.mark.parametrize("name", ["terminal_half_life", "rise", "lag_time", "half_lives"])
def test_many_curves_where_one_is_needed(name):
    with pytest.raises(LearnerError, match="that is 2 curves"):
        MEASURES[name](DAYS, [CELLS, CELLS])


@pytest.mark.parametrize("name", sorted(set(MEASURES) - {"cmax", "auc", "treat_below_limit"}))
def test_a_curve_of_zeros_has_nothing_to_tell(name):
    with pytest.raises(LearnerError, match="only zeros"):
        MEASURES[name](DAYS, 0 * DAYS)


def test_all_below_the_limit():
    for call in (
        lambda: measure.tlast(DAYS, CELLS, lloq=9),
        lambda: measure.terminal_half_life(DAYS, CELLS, lloq=9),
        lambda: measure.rise(DAYS, CELLS, lloq=9),
        lambda: measure.half_lives(DAYS, CELLS, lloq=9),
        lambda: measure.exposure(DAYS, CELLS, (0, 4), lloq=9),
        lambda: measure.treat_below_limit(DAYS, CELLS, 9, "drop"),
        lambda: measure.treat_below_limit(DAYS, CELLS, 9, "first zero, then drop"),
    ):
        with pytest.raises(LearnerError, match="no value at or above the limit of 9"):
            call()
    assert measure.treat_below_limit(DAYS, CELLS, 9, "zero")[1].tolist() == [0] * 5


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        (-1, 3, "before the first sample"),
        (0, 28, "nothing is extrapolated"),
        (3, 3, "start before end"),
        (3, 2, "start before end"),
        (np.nan, 2, "start = nan"),
        (0, np.inf, "end = inf"),
        ("0", 2, "start"),
    ],
)
def test_windows_outside_the_data(start, end, message):
    with pytest.raises(LearnerError, match=message):
        measure.auc(DAYS, CELLS, start, end)


def test_window_of_exposure():
    with pytest.raises(LearnerError, match="a pair"):
        measure.exposure(DAYS, CELLS, window=28)
    with pytest.raises(LearnerError, match="nothing is extrapolated"):
        measure.exposure(DAYS, CELLS)


def test_unknown_names_get_the_nearest():
    with pytest.raises(LearnerError, match="did you mean 'linear-up log-down'"):
        measure.auc(DAYS, CELLS, rule="linear up/log down")
    with pytest.raises(LearnerError, match="did you mean 'linear'"):
        measure.exposure(DAYS, CELLS, (0, 4), rule="Linear")
    with pytest.raises(LearnerError, match="did you mean 'zero'"):
        measure.exposure(DAYS, CELLS, (0, 4), lloq=1, blq="zeros")
    with pytest.raises(LearnerError, match="blq"):
        measure.treat_below_limit(DAYS, CELLS, 1, "M3")
    with pytest.raises(LearnerError, match="did you mean 'stripping'"):
        measure.half_lives(DAYS, CELLS, method="strip")


@pytest.mark.parametrize("tail", [[5, 6, 7], [5, 5, 5], [5, 4, 6]])
def test_a_tail_that_does_not_fall_has_no_half_life(tail):
    with pytest.raises(LearnerError, match="rising or flat tail has no half-life"):
        measure.terminal_half_life([0, 1, 2, 3], [9, *tail])
    with pytest.raises(LearnerError, match="rising or flat tail has no half-life"):
        measure.terminal_half_life([0, 1, 2, 3], [9, *tail], points=[1, 2, 3])


def test_terminal_half_life_needs_points():
    with pytest.raises(LearnerError, match="2 measured values after the peak at 0"):
        measure.terminal_half_life([0, 1, 2], [9, 5, 3])
    with pytest.raises(LearnerError, match="at least 3"):
        measure.terminal_half_life([0, 1, 2, 3], [9, 5, 3, 1], lloq=2)
    with pytest.raises(LearnerError, match="points = 9"):
        measure.terminal_half_life([0, 1, 2, 3], [9, 5, 3, 1], points=9)
    with pytest.raises(LearnerError, match="points = 2"):
        measure.terminal_half_life([0, 1, 2, 3], [9, 5, 3, 1], points=2)
    with pytest.raises(LearnerError, match="min_points = 2"):
        measure.terminal_half_life([0, 1, 2, 3], [9, 5, 3, 1], min_points=2)
    with pytest.raises(LearnerError, match="points at 0, 2.5"):
        measure.terminal_half_life([0, 1, 2, 3], [9, 5, 3, 1], points=[0, 2.5, 3])
    with pytest.raises(LearnerError, match="2 points"):
        measure.terminal_half_life([0, 1, 2, 3], [9, 5, 3, 1], points=[1, 2])


def test_no_rise_no_doubling_time():
    with pytest.raises(LearnerError, match="0 measured values on the rise"):
        measure.doubling_time([0, 1, 2], [9, 5, 3])
    with pytest.raises(LearnerError, match="values that rise"):
        measure.doubling_time([0, 1, 2, 3], [5, 4, 3, 9])
    with pytest.raises(LearnerError, match="values that rise"):
        measure.doubling_time([0, 1, 2], [9, 5, 3], start=0, end=2)
    with pytest.raises(LearnerError, match="at least 4 to tell a lag"):
        measure.lag_time([0, 1, 2, 3], [1, 2, 4, 8])
    with pytest.raises(LearnerError, match="no sign of a lag"):
        measure.lag_time(np.arange(8.0), 2.0 ** np.arange(8))


def test_half_lives_refuse():
    t = np.arange(0.0, 12.0)
    with pytest.raises(LearnerError, match="at least 5"):
        measure.half_lives(t[:4], [9, 5, 3, 2])
    with pytest.raises(LearnerError, match="one phase describes as well"):
        measure.half_lives(t, 100 * np.exp(-0.3 * t))
    with pytest.raises(LearnerError, match="rising or flat tail"):
        measure.half_lives(t, 100 * np.exp(0.3 * t), peak=0)
    with pytest.raises(LearnerError, match="flat or rising tail"):
        measure.half_lives(t, 100 * np.exp(-2.0 * t) + 5)
    with pytest.raises(LearnerError, match="peak = nan"):
        measure.half_lives(t, 100 * np.exp(-0.3 * t), peak=np.nan)


def test_limits_and_flags_refuse():
    for lloq in (0, -1, np.nan, "5"):
        with pytest.raises(LearnerError, match="lloq"):
            measure.censor([1, 2], lloq)
        with pytest.raises(LearnerError, match="lloq"):
            measure.tlast(DAYS, CELLS, lloq=lloq)
    with pytest.raises(LearnerError, match="but no limit"):
        measure.exposure(DAYS, CELLS, (0, 4), censored=[1, 0, 0, 0, 0])
    with pytest.raises(LearnerError, match="one flag for each value"):
        measure.treat_below_limit(DAYS, CELLS, 1, "zero", [True])
    with pytest.raises(LearnerError, match="other than 0 and 1"):
        measure.treat_below_limit(DAYS, CELLS, 1, "zero", [0, 1, 2, 0, 0])
    with pytest.raises(LearnerError, match="a value of 8 flagged"):
        measure.treat_below_limit(DAYS, CELLS, 1, "zero", [0, 0, 1, 0, 0])
    for rule in ("drop", "first zero, then drop"):
        with pytest.raises(LearnerError, match="keeps every sample"):
            measure.treat_below_limit(DAYS, [CELLS, CELLS], 1, rule)


def test_spread_refuses():
    with pytest.raises(LearnerError, match="above zero"):
        measure.geometric_mean([1, 0])
    with pytest.raises(LearnerError, match="above zero"):
        measure.geometric_cv([1, -1])
    with pytest.raises(LearnerError, match="at least 1"):
        measure.geometric_mean([])
    with pytest.raises(LearnerError, match="at least 2"):
        measure.geometric_cv([3.0])
    with pytest.raises(LearnerError, match="axis 5"):
        measure.geometric_mean([1, 2], axis=5)
    with pytest.raises(LearnerError, match="0.3 for 30 %"):
        measure.log_sd_from_cv(56.4)
    with pytest.raises(LearnerError):
        measure.cv_from_log_sd(-0.1)
    with pytest.raises(LearnerError):
        measure.log_sd_from_log_variance(-0.1)
    with pytest.raises(LearnerError, match="lower first"):
        measure.log_sd_from_quartiles(3, 2)


def test_assay_conversions_refuse():
    arguments = dict(vector_copies_per_cell=1, dna_per_genome_pg=6.6, nucleated_cells_per_ul=1000)
    with pytest.raises(LearnerError, match="every nucleated cell is CAR-positive"):
        measure.copies_per_ug_to_cells_per_ul(2e5, **arguments)
    with pytest.raises(LearnerError, match="no more CAR-positive cells"):
        measure.cells_per_ul_to_copies_per_ug(1001, **arguments)
    with pytest.raises(LearnerError, match="copies_per_ug"):
        measure.copies_per_ug_to_cells_per_ul(-1, **arguments)
    for name in arguments:
        with pytest.raises(LearnerError, match=name):
            measure.copies_per_ug_to_cells_per_ul(1, **{**arguments, name: 0})
        with pytest.raises(LearnerError, match=name):
            measure.cells_per_ul_to_copies_per_ug(1, **{**arguments, name: np.nan})
    with pytest.raises(LearnerError):
        measure.genomes_per_ug(0)


def test_measure_needs_numpy_only():
    code = (
        "import sys, cgtlearn.measure; "
        "print([m for m in ('scipy', 'matplotlib', 'pint', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(Path(measure.__file__).parents[2])},
    )
    assert done.stdout.strip() == "[]", done.stderr
