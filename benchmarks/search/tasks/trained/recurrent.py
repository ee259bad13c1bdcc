"""A recurrent network that reads a text letter by letter: plain (Elman), or gated (a GRU without its reset gate).

Source:
    Elman 1990, Finding Structure in Time; Ravanelli et al. 2018, arXiv:1803.10225, with tanh.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.search.tasks.spaces import log_range, one_of
from benchmarks.search.tasks.task import Config, Floats
from benchmarks.search.tasks.trained.data import text

SPACE = {
    "cell": one_of(["elman", "gru"]),
    "hidden": one_of([4, 8, 16, 32]),
    "optimizer": one_of(["sgd", "rmsprop", "adam"]),
    "learning_rate": log_range(1e-4, 3.0),
    "one_minus_momentum": log_range(0.01, 1.0),
    "streams": one_of([60, 120, 240]),
    "unrolled": one_of([2, 5, 10]),
    "init_scale": log_range(0.01, 5.0),
    "clip": log_range(1e-2, 100.0),
    "l2": log_range(1e-6, 1e-1),
}
EPOCHS = 30
_LETTERS, _ROWS, _LEAD_IN, _COUNTED, _WINDOWS = 29, 2400, 6, 12, 84
_HIGHEST = 10.0
_F32 = NDArray[np.float32]
_Ints = NDArray[np.int64]


def curve(config: Config) -> Floats:
    """Validation nats per letter after epochs 1 to 30: learned from 2,400 letters, tried on 1,008 later ones."""
    letters, rng = text(), np.random.default_rng(0)
    streams, hidden = config["streams"], config["hidden"]
    x, y = letters[:_ROWS].reshape(streams, -1).T, letters[1 : _ROWS + 1].reshape(streams, -1).T
    later = np.lib.stride_tricks.sliding_window_view(letters[_ROWS:], _LEAD_IN + _COUNTED + 1)
    new = later[: _COUNTED * _WINDOWS : _COUNTED].T
    width = hidden * (2 if config["cell"] == "gru" else 1)
    shapes = ((_LETTERS, width), (hidden, width), (hidden, _LETTERS), (1, _LETTERS))
    weights = np.concatenate([rng.standard_normal(a * b) / np.sqrt(hidden) for a, b in shapes], dtype=np.float32)
    weights *= np.float32(config["init_scale"])
    ends = np.cumsum([a * b for a, b in shapes])[:-1]
    layers = [part.reshape(shape) for part, shape in zip(np.split(weights, ends), shapes, strict=True)]
    move, square, step = np.zeros_like(weights), np.zeros_like(weights), 0
    losses = np.full(EPOCHS, _HIGHEST)
    for epoch in range(EPOCHS):
        state = np.zeros((streams, hidden), np.float32)
        for start in range(0, len(x), config["unrolled"]):
            rows, step = slice(start, start + config["unrolled"]), step + 1
            slope, state = _slope(layers, x[rows], y[rows], state)
            _step(weights, slope, move, square, config, step)
        states = _walk(layers, new[:-1], np.zeros((_WINDOWS, hidden), np.float32))[0][_LEAD_IN + 1 :]
        chances, follows = _chances(layers, states.reshape(-1, hidden)), new[_LEAD_IN + 1 :].ravel()
        loss = -float(np.log(chances[np.arange(len(chances)), follows] + np.float32(1e-30)).mean())
        if not loss < _HIGHEST:
            break
        losses[epoch] = loss
    return losses


def seconds(config: Config) -> float:
    """Time of an epoch: letters of a stream one after another, more for gates, and an overhead for every step."""
    letter = (0.03 if config["cell"] == "gru" else 0.02) + 4e-6 * config["hidden"] * config["streams"]
    return float(0.7 + _ROWS / config["streams"] * (letter + 0.12 / config["unrolled"]))


def _walk(layers: list[_F32], x: _Ints, state: _F32) -> tuple[_F32, _F32]:
    """States before and after each letter, (t + 1, n, h); and activations, of the gate, if any, then the candidate."""
    activations, hidden = layers[0][x], state.shape[1]
    states = np.empty((len(x) + 1, *state.shape), np.float32)
    states[0] = state
    for t, active in enumerate(activations):
        np.tanh(active + states[t] @ layers[1], out=active)
        states[t + 1] = active[:, -hidden:]
        if active.shape[1] > hidden:
            states[t + 1] += _kept(active[:, :hidden]) * (states[t] - states[t + 1])
    return states, activations


def _kept(gate: _F32) -> _F32:
    """The share of the state that stays."""
    return np.asarray(np.float32(0.5) + np.float32(0.5) * gate)


def _slope(layers: list[_F32], x: _Ints, y: _Ints, state: _F32) -> tuple[_F32, _F32]:
    """Slope of the mean loss, by going back through these letters and no further; and the state after them."""
    states, active = _walk(layers, x, state)
    hidden, width = state.shape[1], active.shape[2]
    before, after = states[:-1].reshape(-1, hidden), states[1:].reshape(-1, hidden)
    wrong = _chances(layers, after)
    wrong[np.arange(y.size), y.ravel()] -= 1
    wrong /= np.float32(y.size)
    blame = (wrong @ layers[2].T).reshape(-1, *state.shape)
    through, back = 1 - active**2, np.zeros_like(state)
    if width > hidden:
        kept = _kept(active[..., :hidden])
        through[..., :hidden] *= np.float32(0.5) * (states[:-1] - active[..., hidden:])
        through[..., hidden:] *= 1 - kept
    for t in range(len(x) - 1, -1, -1):
        back += blame[t]
        through[t].reshape(len(back), -1, hidden)[:] *= back[:, None]
        back = through[t] @ layers[1].T + (back * kept[t] if width > hidden else 0)
    seen, enters = np.eye(_LETTERS, dtype=np.float32)[x.ravel()], through.reshape(-1, width)
    slopes = (seen.T @ enters, before.T @ enters, after.T @ wrong, wrong.sum(0))
    return np.concatenate([slope.ravel() for slope in slopes]), states[-1]


def _chances(layers: list[_F32], states: _F32) -> _F32:
    z = states @ layers[2] + layers[3]
    e = np.exp(z - z.max(1, keepdims=True))
    return np.asarray(e / e.sum(1, keepdims=True), np.float32)


def _step(weights: _F32, slope: _F32, move: _F32, square: _F32, config: Config, step: int) -> None:
    """One step of SGD or RMSprop, the momentum after the scaling, or of Adam, in place; the slope is clipped before."""
    keep, rate = np.float32(1 - config["one_minus_momentum"]), config["learning_rate"]
    slope *= np.float32(min(1.0, config["clip"] / max(float(np.sqrt(np.vdot(slope, slope))), 1e-12)))
    slope += np.float32(config["l2"]) * weights
    if config["optimizer"] != "sgd":
        square[:] = np.float32(0.98) * square + np.float32(0.02) * slope**2
    scale = np.sqrt(square / np.float32(1 - 0.98**step)) + np.float32(1e-7) if config["optimizer"] != "sgd" else 1
    if config["optimizer"] == "adam":
        move[:] = keep * move + (1 - keep) * slope
        weights -= np.float32(rate / max(1 - float(keep) ** step, 1e-6)) * move / scale
    else:
        move[:] = keep * move + slope / scale
        weights -= np.float32(rate) * move
