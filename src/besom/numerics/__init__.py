"""Arrays in, arrays out: Gaussian process, acquisition functions, output warps, quasi-random points."""

from besom.numerics.acquisition import log_ei
from besom.numerics.gp import Posterior, fit
from besom.numerics.halton import halton
from besom.numerics.warp import HalfRank, half_rank

__all__ = ["HalfRank", "Posterior", "fit", "half_rank", "halton", "log_ei"]
