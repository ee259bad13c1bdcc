"""Gradient boosted trees on binned features; an epoch is a round, the curve the staged validation loss.

Symbols, as in the source: g, h first and second derivatives of the loss; lambda the ridge of a leaf; gamma the least
gain of a split.

Source:
    Chen and Guestrin 2016, arXiv:1603.02754, eqs. 5 to 7.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.search.tasks.spaces import int_range, linear_range, log_range, one_of
from benchmarks.search.tasks.task import Config, Floats
from benchmarks.search.tasks.trained.data import Split, table

SPACE = {
    "eta": log_range(0.005, 1.0),
    "max_depth": int_range(1, 6),
    "min_child_weight": log_range(0.1, 30.0),
    "reg_lambda": log_range(1e-2, 100.0),
    "gamma": log_range(1e-4, 10.0),
    "subsample": linear_range(0.2, 1.0),
    "colsample": linear_range(0.2, 1.0),
    "max_bin": one_of([4, 8, 16, 32]),
    "eta_decay": linear_range(0.9, 1.0),
}
EPOCHS = 40
_HIGHEST = 10.0


def curve(name: str, config: Config) -> Floats:
    """Validation loss after rounds 1 to 40: squared error of `diabetes`, log loss of `cancer`."""
    data, codes = table(name), _codes(name, config["max_bin"])
    rows = len(data.y)
    y, rng = np.asarray(data.y, float), np.random.default_rng(0)
    y_new = np.asarray(data.y_new, float)
    score, eta, losses = np.zeros(len(codes)), config["eta"], np.empty(EPOCHS)
    for epoch in range(EPOCHS):
        p = 1 / (1 + np.exp(-np.clip(score[:rows], -30, 30))) if name == "cancer" else score[:rows]
        h = p * (1 - p) if name == "cancer" else np.ones(rows)
        score += eta * _tree(codes, p - y, h, config, rng)
        eta *= config["eta_decay"]
        losses[epoch] = _loss(name, score[rows:], y_new)
    return np.minimum(losses, _HIGHEST)


def seconds(name: str, config: Config) -> float:
    """Time of a round: the levels' histograms."""
    cells = len(table(name).y) * table(name).x.shape[1] * config["subsample"] * config["colsample"]
    return float(0.02 + 2e-5 * cells * config["max_depth"] * (1 + config["max_bin"] / 64))


def _loss(name: str, score: Floats, y: Floats) -> float:
    if name == "cancer":
        return float(np.mean(np.logaddexp(0, -score * (2 * y - 1))))
    return float(np.mean((score - y) ** 2))


@cache
def _codes(name: str, bins: int) -> NDArray[np.int64]:
    """The bin of each value, shape (training and validation rows, features); edges at the training rows' quantiles."""
    data: Split = table(name)
    edges = np.quantile(data.x, np.linspace(0, 1, bins + 1)[1:-1], axis=0)
    x = np.vstack([data.x, data.x_new])
    return np.asarray((x[:, :, None] > edges.T[None]).sum(2))


def _tree(codes: NDArray[np.int64], g: Floats, h: Floats, config: Config, rng: np.random.Generator) -> Floats:
    """What a new tree gives every row, grown level by level on a sample of the training rows and of the features."""
    bins, rows = config["max_bin"], len(g)
    sample = rng.permutation(rows)[: max(int(config["subsample"] * rows), 2)]
    columns = rng.permutation(codes.shape[1])[: max(int(config["colsample"] * codes.shape[1]), 1)]
    seen, node = codes[np.ix_(sample, columns)], np.zeros(len(codes), np.int64)
    offsets = np.arange(len(columns)) * bins
    weights = (np.repeat(g[sample], len(columns)), np.repeat(h[sample], len(columns)))
    for level in range(config["max_depth"]):
        shape = (1 << level, len(columns), bins)
        cell = (node[sample, None] * (len(columns) * bins) + offsets + seen).ravel()
        left_g, left_h = (np.bincount(cell, w, int(np.prod(shape))).reshape(shape).cumsum(2) for w in weights)
        feature, cut = _splits(left_g, left_h, config)
        node = 2 * node + (codes[np.arange(len(codes)), columns[feature[node]]] > cut[node])
    leaves = 1 << config["max_depth"]
    sums = [np.bincount(node[sample], w[sample], leaves) for w in (g, h)]
    leaf: Floats = -sums[0] / (sums[1] + config["reg_lambda"])
    return leaf[node]


def _splits(left_g: Floats, left_h: Floats, config: Config) -> tuple[NDArray[Any], NDArray[Any]]:
    """Each node's best feature, and the bin up to which rows go left; all of them, where no split gains enough."""
    ridge, least = config["reg_lambda"], config["min_child_weight"]
    all_g, all_h = left_g[:, :, -1:], left_h[:, :, -1:]
    right_g, right_h = all_g - left_g, all_h - left_h
    gain = left_g**2 / (left_h + ridge) + right_g**2 / (right_h + ridge) - all_g**2 / (all_h + ridge)
    gain = np.where((left_h < least) | (right_h < least), -np.inf, 0.5 * gain).reshape(len(left_g), -1)
    best = gain.round(9).argmax(1)  # splits that part the rows alike tie, and last bits differ from machine to machine
    bins = left_g.shape[2]
    is_worth = gain[np.arange(len(gain)), best] > config["gamma"]
    return best // bins, np.where(is_worth, best % bins, bins)
