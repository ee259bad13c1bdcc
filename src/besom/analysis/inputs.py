"""A sweep's parameters as the inputs of a functional ANOVA: their prior distributions, and which are active when."""

from __future__ import annotations

from functools import cache
from itertools import product
from math import prod

import numpy as np
import numpy.typing as npt

from besom.analysis.surrogate import Surrogate
from besom.numerics.anova import EVERYWHERE, Input, World
from besom.numerics.halton import halton
from besom.space import Parameter, Space

Floats = npt.NDArray[np.float64]

_NODES = 10
_PROBES = 1200  # positions under a prior at which its levels are counted
_WORLDS_MAX = 64


def inputs_of(surrogate: Surrogate, nodes: int = _NODES) -> list[Input]:
    """The distribution of each input of the surrogate; of fidelity, its end."""
    inputs = [_input(surrogate.space.free[j], nodes) for j in surrogate.columns]
    return [*inputs, Input(np.ones(1), np.ones(1), 1.0)] if surrogate.has_fidelity else inputs


def _input(parameter: Parameter, nodes: int) -> Input:
    idle = 0.5 if parameter.is_ordinal else -1.0
    codes = parameter.scale.encode_units((np.arange(_PROBES) + 0.5) / _PROBES)
    at, counts = np.unique(codes, return_counts=True)
    if len(at) <= nodes or not parameter.is_ordinal:
        return Input(at, counts / _PROBES, idle, not parameter.is_ordinal)
    # Positions under the prior are uniform: Gauss and Legendre's nodes integrate what is smooth.
    return Input(*_gauss_legendre(nodes), idle)


@cache
def _gauss_legendre(nodes: int) -> tuple[Floats, Floats]:
    roots, masses = np.polynomial.legendre.leggauss(nodes)
    return (roots + 1) / 2, masses / 2


def worlds_of(surrogate: Surrogate, inputs: list[Input]) -> tuple[World, ...]:
    """Every combination of the parameters that decide which others are active; a draw of them where they are many."""
    space = surrogate.space
    names = [space.free[j].name for j in surrogate.columns]
    wanted = {name for condition in space.activity.conditions.values() for name in condition.needs}
    deciding = [column for column, name in enumerate(names) if name in wanted]
    if not deciding:
        return EVERYWHERE
    sizes = [len(inputs[column].at) for column in deciding]
    if prod(sizes) <= _WORLDS_MAX:
        combinations = list(product(*map(range, sizes)))
        chances = [prod(inputs[c].mass[at] for c, at in zip(deciding, nodes, strict=True)) for nodes in combinations]
    else:
        units = halton(_WORLDS_MAX, len(deciding), np.random.default_rng(0))
        drawn = [np.searchsorted(np.cumsum(inputs[c].mass)[:-1], units[:, i]) for i, c in enumerate(deciding)]
        combinations = [tuple(int(node[i]) for node in drawn) for i in range(_WORLDS_MAX)]
        chances = [1 / _WORLDS_MAX] * _WORLDS_MAX
    worlds = []
    for chance, nodes in zip(chances, combinations, strict=True):
        held = dict(zip(deciding, nodes, strict=True))
        values = {p.name: p.from_unit(0.5) for p in space.parameters}
        values |= {
            names[c]: space.free[surrogate.columns[c]].scale.decode(inputs[c].at[[at]])[0] for c, at in held.items()
        }
        active = space.activity.active(values)
        worlds.append(World(float(chance), held, frozenset(c for c, name in enumerate(names) if name not in active)))
    return tuple(worlds)


def draws_of(surrogate: Surrogate, count: int) -> Floats:
    """Inputs of configurations drawn evenly from the prior, at the end of training, shape (count, d)."""
    space: Space = surrogate.space
    units = halton(count, len(surrogate.columns), np.random.default_rng(0))
    encoded = np.empty_like(units)
    for at, j in enumerate(surrogate.columns):
        encoded[:, j] = space.free[j].scale.encode_units(units[:, at])
    if space.is_conditional:
        encoded = space.encode(space.decode_all(encoded))
    return surrogate.inputs(encoded)
