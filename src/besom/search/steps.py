"""What could be run next where trials have learning curves, and what each of it is worth."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt

from besom.numerics.acquisition import log_ei
from besom.numerics.price import Stages, log_price, reservation, reservation_at_once
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
_WAITING = 16  # trials that wait whose looks are priced
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
        stretches = _Stretches.of(possible)
        if not len(stretches.x):
            return []
        stages = self._stages(stretches)
        price = math.exp(max(float(log_price(stages, self.model.best).max()), _LEAST_LOG_PRICE)) * self._frugality()
        values = reservation(stages, price)
        values_of_each = np.split(values, np.cumsum([len(part.x) for part in possible[:-1]]))
        return [part.lowest(values) for part, values in zip(possible, values_of_each, strict=True) if len(values)]

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
        if not len(waiting) or (len(waiting) <= _WAITING and not self._is_last_call()):
            return waiting
        mean, sd = self.model.posterior.predict_at(shown.x[waiting], waiting, np.ones(len(waiting)))
        if self._is_last_call():
            may_win = mean + _LEAST_PROMISE * sd < self.model.best
            waiting, mean, sd = waiting[may_win], mean[may_win], sd[may_win]
        log_cost = np.log(self.ladder.most - shown.reached[waiting] + _OVERHEAD)
        log_price = (log_ei(mean, sd, self.model.best) - log_cost).max(initial=_LEAST_LOG_PRICE)
        values = reservation_at_once(mean, sd, log_cost + log_price + math.log(self._frugality()))
        return np.sort(waiting[np.argsort(values, kind="stable")[:_WAITING]])

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
        known = Plateaus(shown.x, shown.leaders).covers(ranked)
        found = islice(untried(last(ranked, known | self.failures.rule_out(ranked)), space, tried), _NEW)
        return space.encode(list(found))

    def _score(self) -> Callable[[Floats], Floats]:
        """What candidates are searched by: minus the reservation value of a whole training.

        The price is the one that the best of the first candidates breaks even at, less what is saved for later.
        """
        log_price: float | None = None
        log_frugality = math.log(self._frugality())

        def score(x: Floats) -> Floats:
            nonlocal log_price
            if len(x) == 0:
                return np.empty(0)
            mean, sd = self.model.posterior.predict_final(x)
            log_cost = np.log(self.costs.per_fidelity(x)) - self.failures.log_chance(x)
            if log_price is None:
                log_price = float((log_ei(mean, sd, self.model.best) - log_cost).max()) + log_frugality
            return -reservation_at_once(mean, sd, log_cost + log_price)

        return score

    def _starts(self, x: Floats) -> _Stretches:
        """Stretches with new configurations `x`: to a few fidelities, the most among them."""
        looks = np.array([self.ladder.rung(part) for part in _FIRST_LOOKS])
        is_counted = self.history.trials_left is not None and self.history.fidelity_left is None
        begun = np.full(len(x), -_OVERHEAD - (_SHARE * self.ladder.most if is_counted else 0.0))
        return _Stretches(x, np.full(len(x), -1), np.tile(looks, (len(x), 1)), begun)

    def _continuations(self, own: Ints, overhead: float, reached: Floats | None = None) -> _Stretches:
        """Stretches of curves that have shown something: to the next level, the third next, and the end.

        Args:
            own: Indices of the curves, each short of the end.
            overhead: What going on costs in itself, in units of fidelity.
            reached: Fidelity that need not be trained again, of each curve; without it, what a checkpoint would spare.
        """
        shown = self.model.shown
        levels = [self.ladder.after(shown.reached[k]) for k in own]
        looks = np.array([[level[0], level[min(2, len(level) - 1)], level[-1], level[-1]] for level in levels])
        starts_again = reached is None and not self.history.can_resume
        begun = np.zeros(len(own)) if starts_again else shown.reached[own]
        return _Stretches(shown.x[own], own, looks.reshape(-1, 4), begun - overhead)

    def _stages(self, stretches: _Stretches) -> Stages:
        """What stretches would tell, and what they cost."""
        x, looks = stretches.x, stretches.looks
        outlook = self.model.posterior.outlook(x, stretches.own, self.ladder.position(looks))
        is_end = self.ladder.is_end(looks)
        settled = np.where(is_end, outlook.variance[:, None] * (1 - 1e-9), outlook.settled)
        # A trial that may fail costs more for each that does not.
        unit = (self.costs.per_fidelity(x) / np.exp(np.maximum(self.failures.log_chance(x), -50.0)))[:, None]
        first, rest = (looks - stretches.begun[:, None]) * unit, (self.ladder.most - looks) * unit
        return Stages(outlook.mean, outlook.variance, settled, first, rest, outlook.look_mean, outlook.look_variance)


@dataclass(frozen=True, slots=True)
class _Stretches:
    """Training that could be run: m curves, each to one of four looks.

    Attributes:
        x: Encoded configurations, shape (m, d).
        own: Which of the known curves each is, -1 for a new one, shape (m,).
        looks: Fidelities to run to, ascending, the last the most, shape (m, 4).
        begun: Fidelity that is paid for already, less what starting or resuming costs, shape (m,).
    """

    x: Floats
    own: Ints
    looks: Floats
    begun: Floats

    @classmethod
    def of(cls, parts: Sequence[_Stretches]) -> _Stretches:
        """All of them, one after the other."""
        columns = zip(*((part.x, part.own, part.looks, part.begun) for part in parts), strict=True)
        return cls(*(np.concatenate(column) for column in columns))

    def lowest(self, values: Floats) -> Step:
        """The step of the lowest of the reservation values (m, 4)."""
        i, j = np.unravel_index(int(values.argmin()), values.shape)
        return Step(float(values[i, j]), self.x[i], int(self.own[i]), float(self.looks[i, j]))


def may_go_on(observation: Observation) -> bool:
    """Whether a trial waits to be gone on with: it was paused or stopped, not by a person, and has not diverged."""
    is_waiting = observation.status in (Status.PAUSED, Status.STOPPED)
    return is_waiting and observation.ended_by != "requested" and not has_diverged(observation)


def situation_of(history: History, ladder: Ladder, reviewed: int | None = None) -> Situation | None:
    """The situation that a history leads to; None while too few trials have shown anything."""
    shown = shown_of(history, ladder)
    if shown is None or len(shown.trials) < _LEAST_CURVES or not history.space.free:
        return None
    under_way = [o for o in history.observations if o.status is Status.PENDING and o.trial != reviewed]
    not_yet = [o.config for o in under_way if not o.curve]
    pending = np.flatnonzero(np.isin(shown.trials, [o.trial for o in under_way]))
    growing = np.union1d(pending, np.flatnonzero(shown.trials == reviewed))
    categories = categories_of(history.space)
    model = curve_model_of(shown, categories, pending, history.space.encode(not_yet), growing)
    failures = Failures(history.space, history.observations, categories)
    return Situation(history, ladder, model, failures, Costs(history))
