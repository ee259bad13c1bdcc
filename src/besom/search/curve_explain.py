"""Why freeze-thaw starts a trial, goes on with one or leaves one, for a person."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from besom.numerics.acquisition import log_ei
from besom.records import Reason
from besom.search.explain import drivers_of
from besom.search.steps import Situation, Step


def reason_of_step(situation: Situation, step: Step) -> Reason:
    """The reason for a step.

    Details, in the minimised objective's units: `mean` and `sd` predicted at the most fidelity, `best` shown so far,
    `expected_gain` on it, there or already at `until`, the fidelity that it runs to, whichever is more; `drivers`, the
    parameters that matter most around it; `results`, how many curves the model has seen.
    """
    model, space = situation.model, situation.history.space
    details, _ = _prediction(situation, step)
    drivers = drivers_of(lambda x: model.posterior.predict_final(x)[0], space, step.x)
    details |= {"until": step.until, "drivers": drivers, "results": len(model.shown.trials)}
    most = situation.ladder.most
    does = "Runs" if step.own < 0 else f"Goes on from {model.shown.reached[step.own]:g}"
    text = f"{does} to {step.until:g} of {most:g}: a model of {details['results']} curves"
    text += f" expects a gain of {details['expected_gain']:.3g}"
    text += f" on the best so far, unsure by {details['sd']:.2g}"
    text += f"; what it goes by: {', '.join(drivers)}." if drivers else "."
    return Reason("model", text, details)


def reason_to_leave(situation: Situation, mine: Step, best: Step) -> Reason:
    """The reason why a trial gives way to another step. Details as of `reason_of_step`, `predicted` for `mean`."""
    details, where = _prediction(situation, mine)
    reached = situation.model.shown.reached[mine.own]
    instead = "a new configuration" if best.own < 0 else f"trial {situation.model.shown.trials[best.own]}"
    text = (
        f"At {reached:g}, training to {where:g} would improve the best by"
        f" {details['expected_gain']:.3g} on average; {instead} promises more for its cost."
    )
    return Reason("model", text, {"predicted": details.pop("mean"), **details, "rung": float(reached)})


def reason_to_stay(situation: Situation, mine: Step) -> Reason:
    """The reason why a trial goes on where it was reviewed. Details as of `reason_to_leave`, and `until`."""
    details, where = _prediction(situation, mine)
    reached = float(situation.model.shown.reached[mine.own])
    text = (
        f"At {reached:g}, training to {where:g} would improve the best by {details['expected_gain']:.3g} on average,"
        f" and nothing else promises more for its cost: it goes on to {mine.until:g}."
    )
    return Reason("model", text, {"predicted": details.pop("mean"), **details, "rung": reached, "until": mine.until})


def reason_to_follow(reached: float, leader: int) -> Reason:
    """The reason why a trial at fidelity `reached` is left: trial `leader` has shown the same, and tells the rest."""
    text = f"Up to {reached:g} it has shown exactly what trial {leader} did, which tells of both."
    return Reason("model", text, {"rung": reached, "twin_of": leader})


def _prediction(situation: Situation, step: Step) -> tuple[dict[str, Any], float]:
    """What is expected of the step's trial at the most fidelity, in the minimised objective's units.

    With the gain expected where it is largest, there or at the step's end, and the fidelity where that is.
    """
    model, ladder = situation.model, situation.ladder
    where = np.array([ladder.most, step.until])
    x, own = np.repeat(step.x[None, :], 2, axis=0), np.full(2, step.own)
    means, sds = model.posterior.predict_at(x, own, ladder.position(where))
    with np.errstate(over="ignore"):
        gains = np.exp(log_ei(means, sds, model.best)) * model.shown.warp.unit
    mean, sd = float(means[0]), float(sds[0])
    low, at, high, best = model.shown.warp.inverse(np.array([mean - sd, mean, mean + sd, model.best])).tolist()
    numbers = {"mean": at, "sd": high / 2 - low / 2, "best": best, "expected_gain": float(gains.max())}
    # Objectives near the largest floats overflow on the way back; what cannot be told is infinite.
    finite = {name: value if math.isfinite(value) else math.inf for name, value in numbers.items()}
    return finite, float(where[gains.argmax()])
