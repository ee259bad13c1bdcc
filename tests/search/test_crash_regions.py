"""Sweeps whose objective falls towards a region that crashes, as it does with memory."""

import pytest

import besom

SPACE = {"x": {"min": 0.0, "max": 1.0}, "y": {"min": 0.0, "max": 1.0}}


def loss(config) -> float:
    return -(config["x"] + config["y"]) + 0.3 * (config["x"] - 0.8) ** 2


@pytest.mark.parametrize("fidelity", [{}, {"fidelity": {"metric": "epoch", "max": 9}, "checkpoints": True}])
def test_most_trials_keep_clear_of_a_crash_that_the_objective_leads_to(fidelity) -> None:
    options = {"seed": 1, "budget": {"trials": 40}, **fidelity}
    tuner = besom.Tuner({"method": "bayes", "metric": {"name": "loss"}, "parameters": SPACE, "besom": options})
    crashed = []
    while trial := tuner.ask():
        if trial.config["x"] + trial.config["y"] > 1.1:
            tuner.fail(trial.id, "out of memory")
            crashed.append(trial.id)
            continue
        order, epoch = "continue", int(trial.fidelity)
        while fidelity and order == "continue" and epoch < 9:
            epoch += 1
            order = tuner.report(trial.id, epoch, loss(trial.config) + 1 / epoch)
        if order == "continue":
            tuner.tell(trial.id, loss(trial.config) + (1 / 9 if fidelity else 0.0))
    assert sum(number > 20 for number in crashed) <= 10
    assert tuner.best is not None
    assert tuner.best.value is not None
    assert tuner.best.value < -0.85
