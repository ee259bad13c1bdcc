"""Extremely randomised trees on handwritten digits, a few more an epoch: they vote, average, or boost one another.

Source:
    Geurts, Ernst, Wehenkel 2006, Extremely randomized trees, with a threshold between two random rows of the node;
    Hastie, Rosset, Zhu, Zou 2009, Multi-class AdaBoost, algorithm 2 (SAMME).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.search.tasks.spaces import int_range, log_range, one_of
from benchmarks.search.tasks.task import Config, Floats
from benchmarks.search.tasks.trained.data import digits

SPACE = {
    "scheme": one_of(["votes", "probabilities", "samme"]),
    "learning_rate": log_range(1e-3, 10.0),
    "trees": one_of([1, 2, 3]),
    "max_depth": int_range(1, 10),
    "min_leaf": log_range(0.1, 30.0),
    "features": int_range(1, 6),
    "thresholds": one_of([1, 2]),
    "row_share": log_range(0.05, 1.0),
    "column_share": log_range(0.03, 1.0),
    "smoothing": log_range(1e-3, 100.0),
}
EPOCHS = 30
_ROWS, _ROWS_NEW, _CLASSES = 240, 400, 10
_LEAST_ERROR, _LEAST_WEIGHT = 1e-3, 1e-6
_Ints = NDArray[np.int64]


def curve(config: Config) -> Floats:
    """Validation accuracy of all trees so far after epochs 1 to 30: learned from 240 digits, tried on 400."""
    data, rng = digits(_ROWS, _ROWS_NEW), np.random.default_rng(0)
    x, y, y_new = np.concatenate([data.x, data.x_new]), np.asarray(data.y, np.int64), np.asarray(data.y_new, np.int64)
    weights, score, accuracies = np.ones(_ROWS), np.zeros((_ROWS_NEW, _CLASSES)), np.empty(EPOCHS)
    for epoch in range(EPOCHS):
        shares = _grow(x, y, weights, config, rng)
        if config["scheme"] == "votes":
            score += np.eye(_CLASSES)[shares[:, _ROWS:].argmax(2)].sum(0)
        elif config["scheme"] == "probabilities":
            score += shares[:, _ROWS:].sum(0)
        else:
            said = shares.mean(0).round(9).argmax(1)
            is_wrong = said[:_ROWS] != y
            error = max(float(np.sum(weights * is_wrong)) / _ROWS, _LEAST_ERROR)
            trust = config["learning_rate"] * max(np.log((1 - error) / error) + np.log(_CLASSES - 1), 0.0)
            score += trust * np.eye(_CLASSES)[said[_ROWS:]]
            weights = np.maximum(weights * np.exp(trust * (is_wrong - 1.0)), _LEAST_WEIGHT)
            weights *= _ROWS / weights.sum()
        accuracies[epoch] = np.mean(score.round(9).argmax(1) == y_new)
    return accuracies


def seconds(config: Config) -> float:
    """Time of an epoch: an overhead for every level, and the rows times the splits that are tried."""
    tried = config["trees"] * config["row_share"] * config["features"] * config["thresholds"]
    levels = min(config["max_depth"], max(np.log2(config["row_share"] * _ROWS / max(config["min_leaf"], 1.0)), 0) + 1)
    return float(0.2 + levels * (0.2 + 0.05 * config["trees"] + 0.04 * tried))


def _grow(x: Floats, y: _Ints, weights: Floats, config: Config, rng: np.random.Generator) -> Floats:
    """What new trees hold each row's class to be, shape (trees, rows, classes); grown together, level by level."""
    trees, rows, width = config["trees"], len(x), x.shape[1]
    sampled, drawn = max(int(config["row_share"] * _ROWS), 2), max(int(config["column_share"] * width), 1)
    sample = rng.random((trees, _ROWS)).argsort(1)[:, :sampled]
    columns = rng.random((trees, width)).argsort(1)[:, :drawn]
    row, live = np.tile(np.arange(rows), trees), (sample + rows * np.arange(trees)[:, None]).ravel()
    everyone, node, owner = np.arange(trees * rows), np.repeat(np.arange(trees), rows), np.arange(trees)
    seen, first, nodes = live, 0, trees
    for _ in range(config["max_depth"]):
        at = node[live] - first
        feature, cut = _candidates(x, row[live], at, columns[owner], config, rng)
        goes = x[row[live][:, None], feature[at]] > cut[at]
        best, is_worth = _best(at, goes, y[row[live]], weights[row[live]], len(owner), config["min_leaf"])
        if not is_worth.any():
            break
        chosen = np.arange(len(best)), best
        feature, cut = feature[chosen], cut[chosen]
        everyone = everyone[is_worth[node[everyone] - first]]
        at = node[everyone] - first
        node[everyone] = nodes + 2 * (np.cumsum(is_worth) - 1)[at] + (x[row[everyone], feature[at]] > cut[at])
        first, nodes, owner = nodes, nodes + 2 * int(is_worth.sum()), np.repeat(owner[is_worth], 2)
        live = live[node[live] >= first]
    counts = np.bincount(node[seen] * _CLASSES + y[row[seen]], weights[row[seen]], nodes * _CLASSES)
    shares = counts.reshape(nodes, _CLASSES) + config["smoothing"] / _CLASSES
    return np.asarray((shares / shares.sum(1, keepdims=True))[node].reshape(trees, rows, _CLASSES))


def _candidates(
    x: Floats, row: _Ints, at: _Ints, columns: _Ints, config: Config, rng: np.random.Generator
) -> tuple[_Ints, Floats]:
    """Each node's random features, and thresholds between two of its rows, both of shape (nodes, tried)."""
    nodes = len(columns)
    feature = columns[np.arange(nodes)[:, None], rng.integers(0, columns.shape[1], (nodes, config["features"]))]
    feature = np.tile(feature, config["thresholds"])
    counts = np.bincount(at, minlength=nodes)
    u = rng.random((3, *feature.shape))
    places = (np.cumsum(counts) - counts)[:, None] + (u[:2] * counts[:, None]).astype(np.int64)
    low, high = x[row[at.argsort(kind="stable")][places], feature]
    return feature, low + u[2] * (high - low)


def _best(at: _Ints, goes: NDArray[np.bool_], y: _Ints, w: Floats, nodes: int, least: float) -> tuple[_Ints, _Ints]:
    """Each node's best candidate by Gini's impurity, and whether it gains and leaves both sides enough weight."""
    tried = goes.shape[1]
    cell = ((at[:, None] * tried + np.arange(tried)) * 2 + goes) * _CLASSES + y[:, None]
    sums = np.bincount(cell.ravel(), np.repeat(w, tried), nodes * tried * 2 * _CLASSES).reshape(nodes, tried, 2, -1)
    sides, both = sums.sum(3), sums.sum(2)
    gain = ((sums**2).sum(3) / np.maximum(sides, 1e-12)).sum(2) - (both**2).sum(2) / np.maximum(both.sum(2), 1e-12)
    gain = np.where(sides.min(2) < max(least, 1e-12), 0.0, gain).round(9)
    best = gain.argmax(1)
    return best, gain[np.arange(nodes), best] > 0
