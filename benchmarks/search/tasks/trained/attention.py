"""One layer of attention that learns to recall: among pairs of a key and a value, the value of the key asked for.

Source:
    Vaswani et al. 2017, Attention is all you need, section 3.2; Ba et al. 2016, Using fast weights to attend to the
    recent past, section 4.1 (associative retrieval).
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from benchmarks.search.tasks.spaces import linear_range, log_range, one_of
from benchmarks.search.tasks.task import Config, Floats

SPACE = {
    "learning_rate": log_range(1e-4, 1.0),
    "batch_size": one_of([32, 64, 128, 256]),
    "width": one_of([8, 16, 32]),
    "heads": one_of([1, 2]),
    "one_minus_beta1": log_range(0.01, 1.0),
    "beta2": one_of([0.9, 0.99, 0.999]),
    "warmup": linear_range(0.0, 0.5),
    "weight_decay": log_range(1e-4, 10.0),
    "init_scale": log_range(1e-2, 3.0),
    "label_smoothing": linear_range(0.0, 0.3),
}
EPOCHS = 40
_KEYS, _VALUES, _PAIRS = 20, 16, 6
_POOL, _ROWS, _ROWS_NEW, _NOISE = 1536, 256, 400, 0.15
_HIGHEST = 10.0
_F32 = NDArray[np.float32]


@cache
def _sequences() -> tuple[_F32, _F32, NDArray[np.int64]]:
    """Pairs as a one for their key and one for their value, (n, 6, 36); the key asked for, (n, 20); the answer."""
    rng = np.random.default_rng(7)
    keys = rng.random((_POOL + _ROWS_NEW, _KEYS)).argsort(1)[:, :_PAIRS]
    values = rng.integers(0, _VALUES, keys.shape)
    pairs = np.concatenate([np.eye(_KEYS)[keys], np.eye(_VALUES)[values]], 2).astype(np.float32)
    answers = np.where(rng.random(len(keys)) < _NOISE, rng.integers(0, _VALUES, len(keys)), values[:, 0])
    return pairs, np.eye(_KEYS, dtype=np.float32)[keys[:, 0]], answers  # the first: attention knows no order


def curve(config: Config) -> Floats:
    """Validation nats after epochs 1 to 40, of 256 of 1,536 sequences each; 1 answer in 7 is random."""
    pairs, asked, answers = _sequences()
    rng, width = np.random.default_rng(0), config["width"]
    shapes = ((_KEYS + _VALUES, width), *[(width, width)] * 3, (width, _VALUES))
    ends = np.cumsum([0] + [a * b for a, b in shapes])
    flat = rng.standard_normal(ends[-1]).astype(np.float32) * np.float32(config["init_scale"] / np.sqrt(width))
    layers = [flat[a:b].reshape(shape) for a, b, shape in zip(ends[:-1], ends[1:], shapes, strict=True)]
    first, second, steps = np.zeros_like(flat), np.zeros_like(flat), 0
    losses, all_steps = np.full(EPOCHS, _HIGHEST), EPOCHS * _ROWS // config["batch_size"]
    keep1, keep2, smooth = 1 - config["one_minus_beta1"], config["beta2"], config["label_smoothing"]
    targets = ((1 - smooth) * np.eye(_VALUES) + smooth / _VALUES).astype(np.float32)[answers]
    for epoch in range(EPOCHS):
        from_row = epoch * _ROWS % _POOL
        for start in range(from_row, from_row + _ROWS, config["batch_size"]):
            rows, steps = slice(start, start + config["batch_size"]), steps + 1
            slope = _slope(layers, pairs[rows], asked[rows], targets[rows], config["heads"])
            first += np.float32(1 - keep1) * (slope - first)
            second += np.float32(1 - keep2) * (slope * slope - second)
            rate = config["learning_rate"] * min(1.0, steps / max(config["warmup"] * all_steps, 1.0))
            flat *= np.float32(max(1 - rate * config["weight_decay"], 0.0))
            scale = np.float32(rate / (1 - keep1**steps) * np.sqrt(1 - keep2**steps))
            flat -= scale * first / (np.sqrt(second) + np.float32(1e-8))
        loss = _loss(layers, pairs[_POOL:], asked[_POOL:], answers[_POOL:], config["heads"])
        if not loss < _HIGHEST:
            break
        losses[epoch] = loss
    return losses


def seconds(config: Config) -> float:
    """Time of an epoch: the sequences' width, and an overhead for every step."""
    return float(0.2 + 0.03 * config["width"] + 0.15 * _ROWS / config["batch_size"])


def _attend(layers: list[_F32], pairs: _F32, asked: _F32, heads: int) -> tuple[_F32, ...]:
    """Tokens, what is asked, its query, keys, values, weights (n, 6, heads, 1), and what they fetch (n, width)."""
    embedding, to_query, to_key, to_value, _ = layers
    tokens, about = pairs @ embedding, asked @ embedding[:_KEYS]
    shape = (len(pairs), -1, heads, embedding.shape[1] // heads)
    query = (about @ to_query).reshape(shape) * np.float32(np.sqrt(heads / embedding.shape[1]))
    keys, values = (tokens @ to_key).reshape(shape), (tokens @ to_value).reshape(shape)
    z = (query * keys).sum(3, keepdims=True)
    weights = np.exp(z - z.max(1, keepdims=True))
    weights /= weights.sum(1, keepdims=True)
    return tokens, about, query, keys, values, weights, (weights * values).sum(1).reshape(len(pairs), -1)


def _slope(layers: list[_F32], pairs: _F32, asked: _F32, targets: _F32, heads: int) -> _F32:
    """The loss's slopes by all weights, end to end."""
    embedding, to_query, to_key, to_value, to_answer = layers
    tokens, about, query, keys, values, weights, fetched = _attend(layers, pairs, asked, heads)
    z = fetched @ to_answer
    wrong = np.exp(z - z.max(1, keepdims=True))
    wrong = (wrong / wrong.sum(1, keepdims=True) - targets) / np.float32(len(targets))
    back = (wrong @ to_answer.T).reshape(query.shape)
    by_weight = (back * values).sum(3, keepdims=True)
    by_z = weights * (by_weight - (weights * by_weight).sum(1, keepdims=True))
    width = embedding.shape[1]
    by_query = (by_z * keys).sum(1).reshape(-1, width) * np.float32(np.sqrt(heads / width))
    by_keys, by_values = (by_z * query).reshape(-1, width), (weights * back).reshape(-1, width)
    by_tokens, rows = by_keys @ to_key.T + by_values @ to_value.T, tokens.reshape(-1, width)
    by_embedding = pairs.reshape(len(rows), -1).T @ by_tokens
    by_embedding[:_KEYS] += asked.T @ (by_query @ to_query.T)
    slopes = (by_embedding, about.T @ by_query, rows.T @ by_keys, rows.T @ by_values, fetched.T @ wrong)
    return np.concatenate([slope.ravel() for slope in slopes])


def _loss(layers: list[_F32], pairs: _F32, asked: _F32, answers: NDArray[np.int64], heads: int) -> float:
    z = _attend(layers, pairs, asked, heads)[-1] @ layers[-1]
    z -= z.max(1, keepdims=True)
    return float(np.mean(np.log(np.exp(z).sum(1)) - z[np.arange(len(z)), answers]))
