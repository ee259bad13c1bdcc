"""A sweep that has ended, made up and written straight into a store: as many trials and points as are wanted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from besom.records import Agent, Cause, Failure, Reason, Run, RunState, Sweep, SweepState, Trial, TrialState
from besom.store.contract import Store

FILE = {
    "name": "generated",
    "method": "bayes",
    "metric": {"name": "val/loss", "goal": "minimize"},
    "parameters": {
        "lr": {"distribution": "log_uniform_values", "min": 1e-5, "max": 0.1},
        "weight_decay": {"distribution": "log_uniform_values", "min": 1e-6, "max": 1e-2},
        "dropout": {"min": 0.0, "max": 0.6},
        "layers": {"values": [1, 2, 3, 4]},
        "batch_size": {"values": [32, 64, 128, 256]},
        "optimizer": {"values": ["sgd", "adam", "lion"]},
    },
}
_AGENTS, _AT_ONCE, _BEGAN_AT, _EPOCH_S = 8, 500, 1.75e9, 2.0
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Made:
    """A trial that was made up: its record, and the objective after each epoch (shape (n,), empty if it failed)."""

    trial: Trial
    curve: Floats


def made_up(sweep_id: str, trials: int, points: int, seed: int = 0) -> Iterator[Made]:
    """Trials of a search that gets better: three in ten stopped early, one in thirty failed."""
    rng = np.random.default_rng(seed)
    for number in range(1, trials + 1):
        config = _config(rng, number / trials)
        curve = _curve(rng, config, points)
        draw = rng.random()
        state = TrialState.FAILED if draw < 0.03 else TrialState.STOPPED if draw < 0.33 else TrialState.FINISHED
        kept = {TrialState.FAILED: 0, TrialState.STOPPED: max(1, points // 3), TrialState.FINISHED: points}[state]
        began_at = _BEGAN_AT + (number - 1) // _AGENTS * points * _EPOCH_S
        trial = Trial(
            sweep_id,
            number,
            config,
            Reason("model" if number > 10 else "initial design", "A model expects a gain on the best so far."),
            began_at,
            state,
            ended_at=began_at + max(kept, 1) * _EPOCH_S,
            value=float(curve[kept - 1]) if kept else None,
            fidelity=float(kept),
            repeats_done=1 if kept else 0,
            seconds=max(kept, 1) * _EPOCH_S,
            failure=None if kept else Failure(Cause.CUDA_OUT_OF_MEMORY, "CUDA out of memory."),
            ended_by=Reason("hyperband", "Behind at its rung.") if state is TrialState.STOPPED else None,
            resources={"memory_gb_peak": 2 + rng.random(), "cpu_percent_mean": 100 * rng.random()},
        )
        yield Made(trial, curve[:kept])


def fill(
    store: Store, sweep_id: str, trials: int, points: int, *, is_running: bool = False, method: str = "random"
) -> None:
    """Write a sweep of `trials` with `points` epochs each into the store; one that runs goes on by `method`."""
    file = {**FILE, "besom": {"fidelity": {"metric": "epoch", "max": points}}}
    if is_running:
        file |= {"method": method, "run_cap": 2 * trials}  # without a budget bayes would end by itself
    state, why = (SweepState.RUNNING, "") if is_running else (SweepState.FINISHED, "All trials are over.")
    sweep = Sweep(sweep_id, file, 0, _BEGAN_AT, state, why, _BEGAN_AT)
    agents = [
        Agent(f"agent{at}", f"node{at}", f"node{at}", at, (str(at),), _BEGAN_AT, _BEGAN_AT, _BEGAN_AT)
        for at in range(_AGENTS)
    ]
    ended_at, part = _BEGAN_AT, list[Made]()
    with store.transaction():
        store.save([sweep, *agents])
    for made in made_up(sweep_id, trials, points):
        part.append(made)
        ended_at = max(ended_at, made.trial.ended_at or 0.0)
        if len(part) == _AT_ONCE or made.trial.number == trials:
            _write(store, part)
            part = []
    if not is_running:
        with store.transaction():
            store.save([replace(sweep, ended_at=ended_at)])


def _write(store: Store, part: list[Made]) -> None:
    with store.transaction():
        store.save([made.trial for made in part])
        store.save([_run(made.trial, len(made.curve)) for made in part])
        for made in part:
            run_id = f"{made.trial.sweep_id}-{made.trial.number}"
            rows = [{"epoch": epoch, "val/loss": value} for epoch, value in enumerate(made.curve.tolist(), 1)]
            store.append_rows(run_id, 0, rows)
            store.compact(run_id)


def _run(trial: Trial, rows: int) -> Run:
    agent, states = trial.number % _AGENTS, {TrialState.FINISHED: RunState.FINISHED, TrialState.FAILED: RunState.FAILED}
    return Run(
        f"{trial.sweep_id}-{trial.number}",
        trial.sweep_id,
        trial.number,
        0,
        1,
        trial.number,
        f"agent{agent}",
        f"request{trial.number}",
        trial.created_at,
        trial.created_at,
        states.get(trial.state, RunState.STOPPED),
        trial.ended_at,
        rows,
        fidelity=trial.fidelity,
        value=trial.value,
        gpus=(str(agent),),
        host=f"node{agent}",
        failure=trial.failure,
    )


def _config(rng: np.random.Generator, progress: float) -> dict[str, Any]:
    """A configuration: the later, the nearer to what is best."""
    spread = 1.0 - 0.8 * progress
    return {
        "lr": float(10 ** np.clip(rng.normal(-2.5, spread), -5, -1)),
        "weight_decay": float(10 ** rng.uniform(-6, -2)),
        "dropout": float(np.clip(rng.normal(0.2, 0.3 * spread), 0, 0.6)),
        "layers": int(rng.integers(1, 5)),
        "batch_size": int(rng.choice([32, 64, 128, 256])),
        "optimizer": str(rng.choice(["sgd", "adam", "lion"])),
    }


def _curve(rng: np.random.Generator, config: dict[str, Any], points: int) -> Floats:
    """Validation loss by epoch, shape (points,): a power law with noise."""
    final = 0.1 + 0.2 * (np.log10(config["lr"]) + 2.5) ** 2 + 0.5 * (config["dropout"] - 0.2) ** 2
    epochs = np.arange(1, points + 1)
    curve: Floats = final + 1.2 * epochs**-0.7 + 0.01 * rng.standard_normal(points)
    return curve
