"""Reinforcement learning of a slippery grid with holes, by tables of values.

Source:
    Sutton and Barto 2018, sections 6.4 to 6.7: Sarsa, Q-learning, expected Sarsa, double Q-learning.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from benchmarks.search.tasks.spaces import linear_range, log_range, one_of
from benchmarks.search.tasks.task import Config, Floats

SPACE = {
    "rule": one_of(["sarsa", "q", "expected", "double"]),
    "step_size": log_range(0.01, 1.0),
    "step_decay": log_range(1e-3, 1.0),
    "epsilon": log_range(0.01, 1.0),
    "epsilon_decay": log_range(1e-3, 1.0),
    "horizon": log_range(2.0, 1000.0),
    "first_value": linear_range(-1.0, 1.5),
    "walkers": one_of([16, 32, 64]),
}
EPOCHS = 30
_MAP = ["S.......", "..H...H.", "....H...", ".H....H.", "...H....", ".H...H..", "...H..H.", "H......G"]
_SIDE, _STEPS, _SLIP, _TRUE_HORIZON = 8, 640, 0.12, 50.0
_MOVES = np.array([[-1, 0], [0, 1], [1, 0], [0, -1]])
_Ints = NDArray[np.int64]


@cache
def _grid() -> tuple[_Ints, Floats, NDArray[np.bool_]]:
    """Where each action leads (64, 4); the reward of entering a cell, and whether that ends the walk, (64,)."""
    at = np.stack(np.divmod(np.arange(_SIDE**2), _SIDE), 1)
    to = np.clip(at[:, None] + _MOVES[None], 0, _SIDE - 1)
    signs = np.array(list("".join(_MAP)))
    rewards = np.select([signs == "H", signs == "G"], [-0.5, 2.0], -0.01)
    return to[..., 0] * _SIDE + to[..., 1], rewards, (signs == "H") | (signs == "G")


def curve(config: Config) -> Floats:
    """Exact discounted return of the greedy policy after epochs 1 to 30, of 640 steps, the walkers' all counted."""
    to, rewards, is_end = _grid()
    rng, walkers = np.random.default_rng(0), config["walkers"]
    values = np.full((2, _SIDE**2, 4), float(config["first_value"]))
    keep, at, returns = 1 - 1 / config["horizon"], np.zeros(walkers, np.int64), np.empty(EPOCHS)
    action = rng.integers(0, 4, walkers)
    for epoch in range(EPOCHS):
        done = epoch / (EPOCHS - 1)
        step = config["step_size"] * config["step_decay"] ** done
        epsilon = config["epsilon"] * config["epsilon_decay"] ** done
        luck = rng.random((_STEPS // walkers, 2, walkers))
        ways, tables = rng.integers(0, 4, luck.shape), rng.random(len(luck)) < 0.5
        for (slips, explores), (slipped, explored), is_second in zip(luck, ways, tables, strict=True):
            new = to[at, np.where(slips < _SLIP, slipped, action)]
            mine, other = (values[1], values[0]) if is_second and config["rule"] == "double" else (values[0], values[1])
            acting = values[0] + values[1] if config["rule"] == "double" else values[0]
            best = acting[new].argmax(1)
            follows = np.where(explores < epsilon, explored, best)
            ahead = _ahead(config["rule"], mine, other, new, follows, epsilon)
            goal = rewards[new] + keep * ahead * ~is_end[new]
            mine[at, action] += step * (goal - mine[at, action])
            at, action = np.where(is_end[new], 0, new), np.where(is_end[new], explored, follows)
        policy = (values.sum(0) if config["rule"] == "double" else values[0]).argmax(1)
        returns[epoch] = _return(policy)
    return returns


def seconds(config: Config) -> float:
    """Time of an epoch: fewer walkers take more steps."""
    return float(0.2 + 8 / config["walkers"] * (1.3 if config["rule"] == "double" else 1.0))


def _ahead(rule: str, mine: Floats, other: Floats, new: _Ints, follows: _Ints, epsilon: float) -> Floats:
    """What each rule expects after arriving in the cells `new`."""
    if rule == "sarsa":
        return np.asarray(mine[new, follows])
    if rule == "q":
        return np.asarray(mine[new].max(1))
    if rule == "expected":
        return np.asarray((1 - epsilon) * mine[new].max(1) + epsilon * mine[new].mean(1))
    return np.asarray(other[new, mine[new].argmax(1)])


def _return(policy: _Ints) -> float:
    """The exact discounted return of a policy from the start: Bellman's equation, solved."""
    to, rewards, is_end = _grid()
    cells = np.arange(_SIDE**2)
    moves = np.zeros((_SIDE**2, _SIDE**2))
    np.add.at(moves, (cells, to[cells, policy]), 1 - _SLIP)
    np.add.at(moves, (np.repeat(cells, 4), to.ravel()), _SLIP / 4)
    keep = 1 - 1 / _TRUE_HORIZON
    return float(np.linalg.solve(np.eye(_SIDE**2) - keep * moves * ~is_end, moves @ rewards)[0])
