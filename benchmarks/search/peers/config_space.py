"""A sweep's parameters as a ConfigSpace, which SMAC and DEHB share."""

from __future__ import annotations

from ConfigSpace import ConfigurationSpace
from ConfigSpace.hyperparameters import (
    CategoricalHyperparameter,
    Hyperparameter,
    OrdinalHyperparameter,
    UniformFloatHyperparameter,
    UniformIntegerHyperparameter,
)

from benchmarks.search.peers.dimensions import Choice, Dimension, Ordinal, Real, Whole


def config_space(dimensions: list[Dimension], seed: int) -> ConfigurationSpace:
    """The space of `dimensions`, with numbers in `values` as ordinals."""
    space = ConfigurationSpace(seed=seed)
    space.add([_hyperparameter(dimension) for dimension in dimensions])
    return space


def _hyperparameter(dimension: Dimension) -> Hyperparameter:
    match dimension:
        case Real(name, low, high, is_log):
            return UniformFloatHyperparameter(name, low, high, log=is_log)
        case Whole(name, low, high):
            return UniformIntegerHyperparameter(name, low, high)
        case Ordinal(name, values):
            return OrdinalHyperparameter(name, values)
        case Choice(name, values):
            return CategoricalHyperparameter(name, values)
