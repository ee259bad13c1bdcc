"""Sweeps to drive by hand."""

from __future__ import annotations

from typing import Any

import pytest
from driven_sweep import Driven, sweep_file


@pytest.fixture
def driven() -> Any:
    def make(**changes: Any) -> Driven:
        return Driven(sweep_file(**changes))

    return make
