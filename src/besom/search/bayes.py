"""Bayesian optimisation: a Gaussian process on half-rank-warped objectives, and the expected improvement under it.

Source:
    Jones et al. 1998 (expected improvement); the parts name theirs: `numerics.gp`, `numerics.warp`,
    `numerics.acquisition`.
"""

from __future__ import annotations

import numpy as np

from besom.search.candidates import ranked_candidates
from besom.search.contract import Exhausted, History, Suggestion
from besom.search.design import next_of_design
from besom.search.evidence import evidence_of
from besom.search.explain import reason_of
from besom.search.model import model_of
from besom.search.moves import Moves, categories_of
from besom.search.tried import Tried

_INITIAL_TRIALS = 5
_LEAST_RESULTS = 3  # however many trials are pending: a model of fewer results says nothing


class Bayes:
    """Learns from all results and failures; pending trials count as if they had shown what the model expects."""

    def ask(self, history: History) -> Suggestion | Exhausted:
        """A point of the initial design, then where the model expects the largest gain; never one tried before."""
        tried = Tried(history.space, history.observations)
        if tried.is_everything():
            return Exhausted("every configuration of the space has been tried")
        evidence = evidence_of(history)
        suggestion = None
        if evidence.measured >= _LEAST_RESULTS and len(history.observations) >= _INITIAL_TRIALS and history.space.free:
            model = model_of(evidence, categories_of(history.space))
            rng = np.random.default_rng([history.seed, len(history.observations)])
            for x in ranked_candidates(model, Moves(history.space), rng):
                config = history.space.decode(x)
                if config not in tried and history.space.is_feasible(config):
                    at = history.space.encode([config])[0]
                    suggestion = Suggestion(config, reason_of(model, history.space, at, len(evidence.y)))
                    break
        suggestion = suggestion or next_of_design(history, tried)
        return suggestion or Exhausted("no configuration was found that has not been tried")
