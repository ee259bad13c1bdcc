"""Bayesian optimisation over learning curves: each next stretch of training goes where it is expected to help most.

Source:
    Swersky et al. 2014, arXiv:1406.3896 (freeze-thaw). What decides is a reservation value, see `numerics.price`.
"""

from __future__ import annotations

from dataclasses import replace
from math import inf, isfinite
from operator import itemgetter

import numpy as np

from besom.records import Observation, Reason
from besom.search.contract import Exhausted, History, Suggestion
from besom.search.curve_explain import reason_of_step, reason_to_follow, reason_to_leave, reason_to_stay
from besom.search.design import next_of_design
from besom.search.ending import reason_to_end
from besom.search.exploration import in_turn, owes_a_training, to_the_end
from besom.search.failures import has_diverged
from besom.search.shown import Ladder
from besom.search.steps import Situation, Step, may_go_on, situation_of
from besom.search.tried import Tried
from besom.search.twins import leaders, unproven
from besom.stopping.contract import Decision
from besom.wire import Order

_INITIAL_TRIALS = 5
_INITIAL_PART = 1 / 9  # of the most fidelity, for each point of the initial design
_EXPLORING_PART = 1 / 17
_BEST_AND_LOST = "It is the best so far, and without a checkpoint it could not be gone on with later."
_EXHAUSTED = "every configuration of the space has been tried"


class FreezeThaw:
    """Starts trials with short looks, goes on with the promising ones, pauses (or stops) the others."""

    def ask(self, history: History) -> Suggestion | Exhausted:
        """A point of the initial design, a new configuration, or a trial to go on with."""
        ladder = _ladder(history)
        tried = Tried(history.space, history.observations)
        situation = situation_of(history, ladder) if len(history.observations) >= _INITIAL_TRIALS else None
        if situation is None:
            return _of_design(history, tried, ladder) or _of_waiting(history, ladder) or Exhausted(_EXHAUSTED)
        steps = situation.steps(tried)
        if not steps:
            return _of_design(history, tried, ladder) or Exhausted(_EXHAUSTED)
        best = min(steps, key=lambda step: step.value)
        reason = reason_of_step(situation, best)
        end = reason_to_end(history, reason, situation.model.noise)
        if end is not None:
            return Exhausted(end)
        return _explored(situation, tried, best, reason) or _suggested(situation, best, reason)

    def review(self, history: History, trial: int) -> Decision:
        """Go on with `trial` where that is worth more than anything else that could be run instead."""
        ladder = _ladder(history)
        leave: Order = "pause" if history.can_resume else "stop"
        reviewed = next(o for o in history.observations if o.trial == trial)
        if has_diverged(reviewed):
            return Decision("stop", Reason("model", "The latest that it has shown is no finite number."))
        situation = situation_of(history, ladder, reviewed=trial)
        is_incumbent = _is_incumbent(history, trial)
        if situation is None:
            if is_incumbent and not history.can_resume:
                return Decision("continue", Reason("initial design", _BEST_AND_LOST))
            return Decision(leave, Reason("initial design", "Its first look is over."))
        found = np.flatnonzero(situation.model.shown.trials == trial)
        if not len(found):
            return Decision(leave, Reason("model", "It has shown no usable value up to here."))
        leader = int(situation.model.shown.leaders[found[0]])
        if leader != trial and (history.can_resume or not is_incumbent):
            return Decision(leave, reason_to_follow(reviewed.fidelity, leader))
        if ladder.is_end(situation.model.shown.reached[found[0]]):
            return Decision("continue", Reason("model", "It is all but at its end."))
        *others, mine = situation.steps(Tried(history.space, history.observations), int(found[0]))
        best = min(others, key=lambda step: step.value, default=None)
        is_worth_most = best is None or mine.value <= best.value
        if is_worth_most or (is_incumbent and not history.can_resume):
            reason = reason_to_stay(situation, mine) if is_worth_most else Reason("model", _BEST_AND_LOST)
            return Decision("continue", reason, None if mine.until >= ladder.most else mine.until)
        assert best is not None
        return Decision(leave, reason_to_leave(situation, mine, best))


def _explored(situation: Situation, tried: Tried, step: Step, reason: Reason) -> Suggestion | None:
    """What is run in place of the model's `step`, which it chose for `reason`: see `exploration`; mostly None."""
    history, ladder = situation.history, situation.ladder
    if owes_a_training(history, ladder.most):
        promising = _most_promising(history, ladder)
        if promising is not None:
            return to_the_end(promising.config, promising.trial, reason)
    elsewhere = in_turn(history, tried, situation.failures, reason) if step.own < 0 else None
    return elsewhere and replace(elsewhere, until=ladder.rung(_EXPLORING_PART))


def _suggested(situation: Situation, step: Step, reason: Reason) -> Suggestion:
    until = None if step.until >= situation.ladder.most else step.until
    if step.own < 0:
        return Suggestion(situation.history.space.decode(step.x), reason, until)
    trial = int(situation.model.shown.trials[step.own])
    config = next(o.config for o in situation.history.observations if o.trial == trial)
    return Suggestion(config, reason, until, resume=trial)


def _of_design(history: History, tried: Tried, ladder: Ladder) -> Suggestion | None:
    """A short look at the next point of the initial design; None where no new trial is left."""
    first = next_of_design(history, tried) if history.trials_left != 0 else None
    return first and Suggestion(first.config, first.reason, ladder.rung(_INITIAL_PART))


def _of_waiting(history: History, ladder: Ladder) -> Suggestion | None:
    """The best trial that waits, to its end: in a space of a few configurations no model decides between them."""
    best = _most_promising(history, ladder)
    if best is None:
        return None
    reason = Reason("initial design", "The best of those that wait: there is no other configuration to begin with.")
    return Suggestion(best.config, reason, resume=best.trial)


def _most_promising(history: History, ladder: Ladder) -> Observation | None:
    """The trial that waits short of its end with the best value so far; None where none waits.

    Once a trial that has twins got to its end, one of these comes first: do they stay together?
    """
    in_doubt = (o for o in unproven(history.observations, ladder.most) if may_go_on(o))
    if (twin := next(in_doubt, None)) is not None:
        return twin
    told_of = leaders(history.observations)
    waiting = (o for o in history.observations if may_go_on(o) and o.trial not in told_of)
    may = [o for o in waiting if o.fidelity < ladder.most]
    _, best = min(((o.value, o) for o in may if o.value is not None), key=itemgetter(0), default=(None, None))
    return best


def _is_incumbent(history: History, trial: int) -> bool:
    """Whether no other trial has shown a better value than `trial`, at whatever fidelity."""
    lowest = {o.trial: min(filter(isfinite, o.curve.values), default=inf) for o in history.observations}
    return lowest[trial] <= min(lowest.values())


def _ladder(history: History) -> Ladder:
    assert history.until_max is not None, "freeze-thaw needs a fidelity"
    return Ladder.to(history.until_max, history.until_min)
