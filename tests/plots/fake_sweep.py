"""A lively sweep made of records, behind the reads of a Service."""

import math
import random
from collections import Counter
from dataclasses import replace

from besom import plots
from besom.analysis.values import ranking
from besom.records import Agent, Cause, Failure, Reason, Run, RunState, Sweep, SweepState, Trial, TrialState
from besom.service import MetricCurve, Progress

PICTURES = (
    plots.history,
    plots.learning_curves,
    plots.parallel_coordinates,
    plots.cost_against_quality,
    plots.resources,
    plots.importance,
    plots.slices,
    plots.contours,
    plots.timeline,
)
"""Every picture that is drawn of a sweep."""

FILE = {
    "program": "train.py",
    "name": "digits-mlp",
    "description": "A multilayer perceptron on the handwritten digits.",
    "method": "bayes",
    "metric": {"name": "val/accuracy", "goal": "maximize"},
    "parameters": {
        "optimizer": {
            "parameters": {
                "lr": {"distribution": "log_uniform_values", "min": 1e-5, "max": 0.1},
                "name": {"values": ["sgd", "adam", "lion"]},
            }
        },
        "dropout": {"min": 0.0, "max": 0.6},
        "layers": {"values": [1, 2, 3, 4]},
        "batch_size": {"values": [32, 64, 128, 256]},
        "epochs": {"value": 30},
    },
    "besom": {
        "seed": 7,
        "budget": {"trials": 40},
        "fidelity": {"metric": "epoch", "max": 30},
        "baseline": [{"optimizer.lr": 0.001}],
    },
}
OUTPUT = """Traceback (most recent call last):
  File "train.py", line 61, in <module>
    loss.backward()
torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.50 GiB."""


class FakeSweep:
    """One sweep's reads, from records in memory."""

    def __init__(self, trials=(), runs=(), curves=(), file=FILE, state=SweepState.FINISHED, why="", fidelity_max=30.0):
        self.trials_, self.runs_, self.curves_ = list(trials), list(runs), list(curves)
        ended = 5400.0 if state.has_ended else None
        self.sweep_ = Sweep(
            "k3v9qd", file, 7, 0.0, state, why, started_at=1.7635e9, ended_at=ended and 1.7635e9 + ended
        )
        self.fidelity_max = fidelity_max
        self.metrics_ = [self.sweep_.file["metric"]["name"], "train/loss"] if file["metric"] else ["train/loss"]
        self.resource_rows_ = []
        self.asked = []

    def progress(self, sweep_id):
        metric = self.sweep_.file.get("metric") or {}
        ranked = ranking(self.trials_, metric.get("goal", ""))
        return Progress(
            sweep=self.sweep_,
            counts=Counter(trial.state.value for trial in self.trials_),
            best=ranked[0] if ranked else None,
            baseline=next((t for t in self.trials_ if t.reason.phase == "baseline"), None),
            first=next((t for t in self.trials_ if t.value is not None), None),
            spent={},
            budget={},
            goal=metric.get("goal", ""),
            metric=metric.get("name", ""),
            fidelity_max=self.fidelity_max,
            fidelity_unit="epoch",
        )

    def trials(self, sweep_id):
        return self.trials_

    def runs(self, sweep_id, trial=None):
        return [run for run in self.runs_ if trial in (None, run.trial)]

    def agents(self):
        return [Agent("a", "tower", "tower.lan", 7, (), 0.0, 1.7635e9 + 5400)]

    def metrics(self, run_id):
        return ["epoch", "_step", *self.metrics_]

    def curves(self, sweep_id, metric, x="_step", trial=None, points=500, trials=None):
        self.asked.append((metric, points, trials))
        wanted = [trial] if trial is not None else trials
        found = [curve for curve in self.curves_ if wanted is None or curve.trial in wanted]
        if metric == self.sweep_.file["metric"]["name"]:
            return found
        return [replace(curve, y=tuple(math.exp(-9 * y) for y in curve.y)) for curve in found]

    def resource_rows(self, run_id):
        return self.resource_rows_


def config_of(rng):
    return {
        "optimizer": {"lr": 10 ** rng.uniform(-5, -1), "name": rng.choice(["sgd", "adam", "lion"])},
        "dropout": rng.uniform(0, 0.6),
        "layers": rng.choice([1, 2, 3, 4]),
        "batch_size": rng.choice([32, 64, 128, 256]),
        "epochs": 30,
    }


def lively(count=40, epochs=30, repeats=1, seed=3, file=FILE, gpus=False):
    """A sweep of `count` trials whose quality has its optimum near lr = 0.003; some are stopped, some fail."""
    rng = random.Random(seed)
    trials, runs, curves = [], [], []
    for number in range(count):
        config = config_of(rng)
        config["optimizer"]["lr"] = (
            10 ** (math.log10(config["optimizer"]["lr"]) * 0.5 - 1.25)
            if number > count / 3
            else config["optimizer"]["lr"]
        )
        distance = abs(math.log10(config["optimizer"]["lr"]) + 2.5)
        top = 0.985 - 0.09 * distance**1.4 - 0.1 * abs(config["dropout"] - 0.2) - 0.01 * abs(config["layers"] - 3)
        state, ran = TrialState.FINISHED, epochs
        if number and number % 9 == 4:
            state, ran = TrialState.FAILED, rng.randint(0, 6)
        elif number > 4 and top < 0.93:
            state, ran = TrialState.STOPPED, rng.choice([epochs // 10, epochs // 3, epochs * 2 // 3])
        failure = _failure(rng, number) if state is TrialState.FAILED else None
        finals = []
        for repeat in range(repeats):
            run_id = f"r{number}-{repeat}"
            pace, shift = rng.uniform(2, 6), rng.gauss(0, 0.004)
            ys = [top + shift - 0.7 * math.exp(-e / pace) + rng.gauss(0, 0.004) for e in range(1, ran + 1)]
            curves.append(MetricCurve(run_id, number, repeat, 0, tuple(range(1, ran + 1)), tuple(ys)))
            finals += ys[-1:]
            run_state = RunState(state.value)
            start = 1.7635e9 + number * 100.0 + repeat * 30.0
            runs.append(
                Run(
                    *(run_id, "k3v9qd", number, repeat, 0, number, "ab"[number % 2], "q", start, 0.0, run_state),
                    ended_at=start + 20.0 + ran,
                    fidelity=ran,
                    gpus=(str(number // 2 % 2),) if gpus else (),
                    host="tower.lan",
                )
            )
        seconds = repeats * ran * (1.5 + config["layers"]) + 2
        trials.append(
            Trial(
                "k3v9qd",
                number,
                config,
                Reason("baseline" if number == 0 else "model", "" if number == 0 else "highest expected gain"),
                created_at=number * 60.0,
                state=state,
                ended_at=1.7635e9 + number * 60.0 + seconds,
                value=None if failure or not finals else sum(finals) / len(finals),
                spread=0.004 + rng.random() / 300 if repeats > 1 and not failure else None,
                fidelity=ran,
                failure=failure,
                repeats_done=repeats,
                seconds=seconds,
                gpu_seconds=seconds if gpus else 0.0,
                resources={
                    "memory_gb_peak": 1 + config["layers"] * rng.uniform(0.2, 0.3),
                    "cpu_percent_mean": rng.uniform(80, 190),
                    "energy_kwh": seconds / 3.6e5,
                },
            )
        )
    return FakeSweep(trials, runs, curves, file, why="the budget of 40 trials is spent")


def _failure(rng, number):
    if number % 2:
        return Failure(Cause.NOT_FINITE, "val/accuracy was NaN at epoch 3", 0, None, "epoch 3 loss nan")
    return Failure(Cause.CUDA_OUT_OF_MEMORY, "the GPU had no memory left", 1, None, OUTPUT)


def hostile(text):
    """A sweep in which everything a person can name is `text`."""
    sweep = lively(12)
    file = {
        **FILE,
        "name": text,
        "description": text,
        "metric": {"name": text, "goal": "maximize"},
        "parameters": {text: {"values": [text, "b"]}},
    }
    trials = []
    for trial in sweep.trials_:
        failure = trial.failure and replace(trial.failure, message=text, last_lines=text)
        resources = {text: 1.0}
        config = {text: text if trial.number % 2 else "b"}
        reason = Reason("model", text)
        trials.append(replace(trial, config=config, failure=failure, resources=resources, reason=reason))
    return FakeSweep(trials, sweep.runs_, sweep.curves_, file, why=text)
