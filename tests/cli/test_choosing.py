"""Which sweep is meant where none is named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from besom.cli.connection import chosen, chosen_live, chosen_paused
from besom.errors import UnknownName
from besom.records import Sweep, SweepState
from besom.service import Service

ENDED = Sweep("s3", {}, 1, 30.0, state=SweepState.FINISHED)
PAUSED = Sweep("s1", {}, 1, 10.0, state=SweepState.PAUSED)


class Sweeps:
    """Of a service, what says which sweeps there are."""

    def __init__(self, *sweeps: Sweep) -> None:
        self._sweeps = sweeps

    def sweeps(self) -> list[Sweep]:
        return [*self._sweeps]


def of(choose: Any, *sweeps: Sweep) -> str:
    return str(choose(cast(Service, Sweeps(*sweeps)), None).id)


def test_the_only_one_that_is_paused_is_resumed_though_the_newest_has_ended(capsys: pytest.CaptureFixture[str]) -> None:
    assert of(chosen_paused, ENDED, PAUSED, replace(ENDED, id="s2", state=SweepState.RUNNING)) == "s1"
    assert capsys.readouterr().err == "sweep s1: the only one that is paused\n"
    assert of(chosen, ENDED, PAUSED) == "s3"
    assert of(chosen_live, ENDED, PAUSED) == "s1"


@pytest.mark.parametrize(("sweeps", "got"), [((ENDED,), "none"), ((PAUSED, replace(PAUSED, id="s0"), ENDED), "s1, s0")])
def test_none_or_several_paused_ones_are_told(sweeps: tuple[Sweep, ...], got: str) -> None:
    with pytest.raises(UnknownName, match=f"exactly one must be paused where none is named, got {got}; name it"):
        of(chosen_paused, *sweeps)
