"""A sweep file made ready to run: its space, strategy, stopping rule and the few numbers that the engine decides by."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from besom.errors import ConfigError
from besom.records import Config, Reason
from besom.search import load_strategy
from besom.search.contract import Strategy
from besom.space import Space
from besom.stopping import load_rule
from besom.stopping.contract import StoppingRule

if TYPE_CHECKING:
    from besom.sweepfile import SweepFile  # what reads sweep files takes longer to import than all of the search

_SIGNED = frozenset({"mean", "value", "threshold", "best", "predicted"})
"""Details of a reason that are objective values, which strategies and rules see minimised."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the engine needs of a sweep file, worked out once."""

    file: SweepFile
    space: Space
    strategy: Strategy
    rule: StoppingRule | None
    baselines: tuple[Config, ...]
    """Flat, perhaps partial, configurations to try first."""

    @property
    def metric(self) -> str | None:
        return self.file.metric.name if self.file.metric else None

    @property
    def maximizes(self) -> bool:
        return self.file.metric is not None and self.file.metric.goal == "maximize"

    @property
    def fidelity_metric(self) -> str | None:
        """The logged metric that counts progress; None where rows of log do."""
        fidelity = self.file.besom.fidelity
        return fidelity.metric if fidelity and fidelity.metric != "_step" else None

    @property
    def fidelity_max(self) -> float | None:
        return self.file.besom.fidelity.max if self.file.besom.fidelity else None

    @property
    def repeats(self) -> int:
        return self.file.besom.repeats.count

    @property
    def can_resume(self) -> bool:
        return self.file.besom.checkpoints

    @property
    def can_stop(self) -> bool:
        """Whether the strategy decides on trials under way: there is a fidelity, and no rule is named for that."""
        return self.file.besom.fidelity is not None and self.file.early_terminate is None

    def minimised(self, value: float | None) -> float | None:
        """The user's `value` as strategies and rules see it; None where it is missing or not finite."""
        if value is None or not math.isfinite(value):
            return None
        return -value if self.maximizes else value

    def shown(self, reason: Reason) -> Reason:
        """A strategy's or rule's reason with its objective values turned back into the user's own."""
        if not self.maximizes:
            return reason
        details = {name: -value if name in _SIGNED else value for name, value in reason.details.items()}
        return replace(reason, details=details)

    def is_better(self, value: float, than: float) -> bool:
        return value > than if self.maximizes else value < than

    def reaches_target(self, value: float) -> bool:
        target = self.file.metric.target if self.file.metric else None
        return target is not None and (value >= target if self.maximizes else value <= target)

    def knows(self, config: Config) -> bool:
        """Whether a configuration belongs to the space: of one that the sweep file had before, it may not."""
        try:
            self.space.validate(self.space.flatten(config))
        except ConfigError:
            return False
        return True

    def config_of_repeat(self, config: Config, repeat: int) -> dict[str, Any]:
        """`config` with this repeat's value, where the sweep file names a parameter for it."""
        repeats = self.file.besom.repeats
        if repeats.parameter is None:
            return dict(config)
        return {**config, repeats.parameter: repeats.values[repeat] if repeats.values else repeat}


def compile_plan(file: Mapping[str, Any]) -> Plan:
    """The plan of a sweep file's content.

    Raises:
        SweepFileError: The file cannot be run; every problem is named.
    """
    from besom.sweepfile import parse, space_of

    parsed = parse(dict(file))
    space = space_of(parsed)
    fidelity = parsed.besom.fidelity
    rule = load_rule(
        parsed.early_terminate,
        fidelity_max=fidelity.max if fidelity else None,
        fidelity_counts=fidelity is not None,
        can_resume=parsed.besom.checkpoints,
    )
    baselines = tuple(space.flatten(baseline) for baseline in parsed.besom.baseline)
    return Plan(parsed, space, load_strategy(parsed.method), rule, baselines)
