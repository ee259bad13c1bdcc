"""What Optuna's evaluators say of trials: JSON in, JSON out, in Optuna's own environment."""

from __future__ import annotations

import json
import sys
import warnings
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.importance import (
    FanovaImportanceEvaluator,
    MeanDecreaseImpurityImportanceEvaluator,
    PedAnovaImportanceEvaluator,
    get_param_importances,
)


def distribution_of(parameter: dict[str, Any]) -> BaseDistribution:
    """Optuna's distribution for a parameter of a sweep file."""
    if "values" in parameter:
        return CategoricalDistribution(parameter["values"])
    low, high = parameter["min"], parameter["max"]
    if parameter.get("distribution") == "q_uniform":
        return IntDistribution(low, high, step=parameter["q"])
    return FloatDistribution(low, high, log="log" in parameter.get("distribution", ""))


def shares(job: dict[str, Any]) -> dict[str, dict[str, float]]:
    """The importances of each evaluator, each summing to 1."""
    space = {name: distribution_of(parameter) for name, parameter in job["parameters"].items()}
    study = optuna.create_study()
    for config, value in zip(job["configs"], job["values"], strict=True):
        study.add_trial(optuna.trial.create_trial(params=config, distributions=space, value=value))
    evaluators = {
        "fANOVA": FanovaImportanceEvaluator(seed=0),
        "MDI": MeanDecreaseImpurityImportanceEvaluator(seed=0),
        "PED-ANOVA": PedAnovaImportanceEvaluator(),
    }
    return {name: get_param_importances(study, evaluator=evaluator) for name, evaluator in evaluators.items()}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    json.dump([shares(job) for job in json.load(sys.stdin)], sys.stdout)
