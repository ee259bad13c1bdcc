"""A sweep's surrogate is fitted anew when that tells something new, and not with each trial."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from besom.plots.sweepdata import SweepData
from besom.records import Reason, Sweep, SweepState, Trial, TrialState
from besom.server.fits import Fits
from besom.service import Progress, Service


def data_of(ended: int, state: SweepState = SweepState.RUNNING, file: dict[str, Any] | None = None) -> SweepData:
    sweep = Sweep("s", file or {}, 0, 0.0, state)
    one = Trial("s", 1, {}, Reason("model"), 0.0, TrialState.FINISHED, ended_at=1.0, value=1.0)
    trials = tuple(replace(one, number=number) for number in range(1, ended + 1))
    return SweepData(Progress(sweep, {}, None, None, None, {}, {}), trials, cast(Service, None))


def drawn(fits: Fits, data: SweepData, question: str = "importance") -> int:
    """How many trials the picture was drawn of."""
    return int(fits.drawn(data, question, lambda given: str(len(given.trials)).encode()))


def test_it_is_fitted_anew_when_a_twentieth_more_trials_have_ended():
    fits = Fits()
    assert [drawn(fits, data_of(ended)) for ended in (100, 101, 104, 105, 106)] == [100, 100, 100, 105, 105]


def test_all_pictures_of_one_fit_are_of_the_same_trials():
    fits = Fits()
    assert drawn(fits, data_of(100)) == drawn(fits, data_of(103), "slices") == 100


def test_a_sweep_that_has_ended_is_drawn_as_it_ended():
    fits = Fits()
    assert drawn(fits, data_of(100)) == 100
    assert drawn(fits, data_of(101, SweepState.FINISHED)) == 101


def test_another_file_is_another_space():
    fits = Fits()
    drawn(fits, data_of(100))
    assert drawn(fits, data_of(101, file={"method": "grid"})) == 101


def test_what_was_drawn_is_not_drawn_again():
    fits, data, calls = Fits(), data_of(10), []

    def draw(given: SweepData) -> bytes:
        calls.append(given)
        return b""

    for _ in range(3):
        fits.drawn(data, "importance", draw)
    assert calls == [data]
