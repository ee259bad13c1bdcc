"""Quasi-random points: spread over the unit cube more evenly than independent draws, without end."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_DIGITS = 24  # base 2 needs most: 24 of them tell 16 million points apart


def halton(n: int, d: int, rng: np.random.Generator) -> Floats:
    """The first `n` points of a randomised Halton sequence, shape (n, d), in [0, 1).

    With a generator in the same state, a longer sequence begins with the shorter one.

    Args:
        n: How many points.
        d: Dimensions.
        rng: Draws the digits' permutations and the part below the last digit.

    Source:
        Owen 2017, arXiv:1706.02808: every digit of every dimension gets its own random permutation.
    """
    points = np.zeros((n, d))
    for j, base in enumerate(_first_primes(d)):
        rest = np.arange(n)
        weight = 1.0
        for _ in range(max(1, int(np.ceil(_DIGITS * np.log(2) / np.log(base))))):
            permutation = rng.permutation(base)
            weight /= base
            points[:, j] += weight * permutation[rest % base]
            rest //= base
        points[:, j] += weight * rng.random()
    return np.minimum(points, np.nextafter(1.0, 0.0))


def _first_primes(n: int) -> list[int]:
    primes: list[int] = []
    candidate = 2
    while len(primes) < n:
        if all(candidate % prime for prime in primes if prime * prime <= candidate):
            primes.append(candidate)
        candidate += 1
    return primes
