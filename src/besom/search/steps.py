"""What could be run next where trials have learning curves, and what each of it is worth."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt

from besom.numerics.acquisition import inverse_log_h
from besom.numerics.price import Stages, log_price, reservation
from besom.records import Observation, Status
from besom.search.candidates import last, ranked_candidates, untried
from besom.search.contract import History
from besom.search.costs import Costs
from besom.search.curve_model import CurveModel, curve_model_of
from besom.search.failures import Failures, has_diverged
from besom.search.moves import Moves, categories_of
from besom.search.plateaus import Plateaus
from besom.search.shown import Ladder, shown_of
from besom.search.tried import Tried

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

_LEAST_CURVES = 3
_NEW = 16  # candidates for a new trial whose looks are priced
_FIRST_LOOKS = (1 / 17, 1 / 9, 1 / 3, 1.0)  # parts of the most fidelity at which a new trial may be looked at
_FRUGALITY = 0.3  # what a unit of cost is worth at the start of a budget, as a part of what it would now break even at
_OVERHEAD = 0.5  # what starting or resuming a trial costs, in units of fidelity
_LEAST_LOG_PRICE = -600.0  # its exponential is far from underflow
_SHARE = 0.25  # of the most fidelity: what a trial costs besides, where trials are what is counted
_LEAST_PROMISE = -1.645  # standard deviations: a chance of 5 %, below which no trial goes on when no new ones are left


@dataclass(frozen=True, slots=True)
class Step:
    """A stretch of training: of a new configuration, or of a trial that has shown something.

    Attributes:
        value: Its reservation value, warped: the lower, the better.
        x: The encoded configuration, shape (d,).
        own: Index of the curve among those shown; -1 for a new one.
        until: The fidelity to run to.
    """

    value: float
    x: Floats
    own: int
    until: float


@dataclass(frozen=True, slots=True)
class Situation:
    """A history as the model sees it.

    Attributes:
        history, ladder: What is known, and where curves are looked at.
        model: What to expect of curves.
        failures, costs: What configurations risk and take.
    """

    history: History
    ladder: Ladder
    model: CurveModel
    failures: Failures
    costs: Costs

    def steps(self, tried: Tried, reviewed: int | None = None) -> list[Step]:
        """The best step with a new configuration, the best with a waiting trial, and that of the reviewed trial.

        Args:
            tried: Configurations that are not new.
            reviewed: Index of a curve that is growing just now and may go on.
        """
        rng = np.random.default_rng([self.history.seed, len(self.history.observations), self._points_shown()])
        new = np.empty((0, len(self.history.space.free))) if self._is_last_call() else self._new(tried, rng)
        possible = [self._starts(new), self._continuations(self._waiting(), _OVERHEAD)]
        if reviewed is not None:
            possible.append(self._continuations(np.array([reviewed]), 0.0, self.model.shown.reached))
        groups = [group for group in possible if group is not None]
        if not groups:
            return []
        prices = [float(log_price(stages, self.model.best).max()) for _, _, _, stages in groups]
        price = math.exp(max(*prices, _LEAST_LOG_PRICE)) * self._frugality()
        found = []
        for x, own, looks, stages in groups:
            values = reservation(stages, price)
            i, j = np.unravel_index(int(values.argmin()), values.shape)
            found.append(Step(float(values[i, j]), x[i], int(own[i]), float(looks[i, j])))
        return found

    def _points_shown(self) -> int:
        """How much has been reported: what is drawn differs from one review of a trial to the next."""
        return sum(len(o.curve) for o in self.history.observations)

    def _frugality(self) -> float:
        """What to save for later, as a part of the price; towards the end of a budget there is no later."""
        left = self.history.fidelity_left
        if left is None:
            return _FRUGALITY
        spent = sum(o.fidelity for o in self.history.observations)
        return math.pow(_FRUGALITY, max(0.0, left / max(left + spent, 1e-12)))

    def _waiting(self) -> Ints:
        """Indices of the curves that could be gone on with: paused, or stopped, short of the end, and no other's."""
        open_ = [o.trial for o in self.history.observations if may_go_on(o)]
        shown = self.model.shown
        is_own = shown.trials == shown.leaders
        waiting = np.flatnonzero(np.isin(shown.trials, open_) & is_own & ~self.ladder.is_end(shown.reached))
        if not self._is_last_call() or not len(waiting):
            return waiting
        mean, sd = self.model.posterior.predict_at(shown.x[waiting], waiting, np.ones(len(waiting)))
        return waiting[mean + _LEAST_PROMISE * sd < self.model.best]

    def _is_last_call(self) -> bool:
        """Whether no new trial may be started, and the paused ones are all that is left."""
        return self.history.trials_left == 0

    def _new(self, tried: Tried, rng: np.random.Generator) -> Floats:
        """Untried configurations that could be worth most at the end, best first, shape (<= _NEW, d)."""
        space = self.history.space
        if not space.free or tried.is_everything():
            return np.empty((0, len(space.free)))
        ranked, _ = ranked_candidates(self._score(), self.model.best_x(), Moves(space), rng)
        shown = self.model.shown
        known = Plateaus(shown.x, shown.leaders, shown.latest).covers(ranked)
        found = islice(untried(last(ranked, known | self.failures.rule_out(ranked)), space, tried), _NEW)
        return space.encode(list(found))

    def _score(self) -> Callable[[Floats], Floats]:
        """What candidates are searched by: minus the reservation value of a whole training.

        The price is the one that the best of the first candidates breaks even at, less what is saved for later.
        """
        log_cost: float | None = None
        log_frugality = math.log(self._frugality())

        def score(x: Floats) -> Floats:
            nonlocal log_cost
            if len(x) == 0:
                return np.empty(0)
            mean, sd = self.model.posterior.predict_final(x)
            log_chance = self.failures.log_chance(x) - np.log(self.costs.per_fidelity(x))
            if log_cost is None:
                log_cost = float((self.model.log_ei(x) + log_chance).max()) + log_frugality
            return -(mean + sd * inverse_log_h(log_cost - log_chance - np.log(sd)))

        return score

    def _starts(self, x: Floats) -> _Group | None:
        """Steps with new configurations `x`: to a few fidelities, the most among them."""
        looks = np.unique([self.ladder.rung(part) for part in _FIRST_LOOKS])
        own = np.full(len(x), -1)
        is_counted = self.history.trials_left is not None and self.history.fidelity_left is None
        overhead = _OVERHEAD + (_SHARE * self.ladder.most if is_counted else 0.0)
        return self._group(x, own, np.tile(looks, (len(x), 1)), np.zeros(len(x)), overhead)

    def _continuations(self, own: Ints, overhead: float, reached: Floats | None = None) -> _Group | None:
        """Steps on curves that have shown something: to the next level, the third next, and the end.

        Args:
            own: Indices of the curves, each short of the end.
            overhead: What going on costs in itself, in units of fidelity.
            reached: Fidelity that need not be trained again, of each curve; without it, what a checkpoint would spare.
        """
        shown = self.model.shown
        levels = [self.ladder.after(shown.reached[k]) for k in own]
        looks = np.array([[level[0], level[min(2, len(level) - 1)], level[-1]] for level in levels]).reshape(-1, 3)
        if reached is None and not self.history.can_resume:  # without a checkpoint it starts again
            return self._group(shown.x[own], own, looks, np.zeros(len(own)), overhead)
        return self._group(shown.x[own], own, looks, shown.reached[own], overhead)

    def _group(self, x: Floats, own: Ints, looks: Floats, begun: Floats, overhead: float) -> _Group | None:
        """The steps from `begun` (m,) to `looks` (m, L), with what they would tell and what they cost."""
        if len(x) == 0:
            return None
        outlook = self.model.posterior.outlook(x, own, self.ladder.position(looks))
        is_end = self.ladder.is_end(looks)
        settled = np.where(is_end, outlook.variance[:, None] * (1 - 1e-9), outlook.settled)
        # A trial that may fail costs more for each that does not.
        unit = (self.costs.per_fidelity(x) / np.exp(np.maximum(self.failures.log_chance(x), -50.0)))[:, None]
        first, rest = (looks - begun[:, None] + overhead) * unit, (self.ladder.most - looks) * unit
        return x, own, looks, Stages(outlook.mean, outlook.variance, settled, first, rest)


def may_go_on(observation: Observation) -> bool:
    """Whether a trial waits to be gone on with: it was paused or stopped, not by a person, and has not diverged."""
    is_waiting = observation.status in (Status.PAUSED, Status.STOPPED)
    return is_waiting and observation.ended_by != "requested" and not has_diverged(observation)


_Group = tuple[Floats, Ints, Floats, Stages]  # encoded configurations, curves, looks, and what these are worth


def situation_of(history: History, ladder: Ladder, reviewed: int | None = None) -> Situation | None:
    """The situation that a history leads to; None while too few trials have shown anything."""
    shown = shown_of(history, ladder)
    if shown is None or len(shown.trials) < _LEAST_CURVES or not history.space.free:
        return None
    under_way = [o for o in history.observations if o.status is Status.PENDING and o.trial != reviewed]
    not_yet = [o.config for o in under_way if not o.curve]
    pending = np.flatnonzero(np.isin(shown.trials, [o.trial for o in under_way]))
    categories = categories_of(history.space)
    model = curve_model_of(shown, categories, pending, history.space.encode(not_yet))
    failures = Failures(history.space, history.observations, categories)
    return Situation(history, ladder, model, failures, Costs(history))
