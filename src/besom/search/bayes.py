"""Bayesian optimisation: a Gaussian process on half-rank-warped objectives, and the expected improvement under it.

Where trials show learning curves and may be stopped, `freeze_thaw` takes over.

Source:
    Jones et al. 1998 (expected improvement); the parts name theirs: `numerics.gp`, `numerics.warp`,
    `numerics.acquisition`.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import numpy as np
import numpy.typing as npt

from besom.numerics.threads import one_thread
from besom.search.candidates import last, ranked_candidates, untried
from besom.search.contract import Exhausted, History, Suggestion
from besom.search.design import next_of_design
from besom.search.ending import reason_to_end
from besom.search.evidence import Evidence, evidence_of
from besom.search.explain import reason_of
from besom.search.exploration import at_a_tie
from besom.search.failures import Failures
from besom.search.freeze_thaw import FreezeThaw
from besom.search.model import model_of
from besom.search.moves import Moves, categories_of
from besom.search.plateaus import Plateaus
from besom.search.thinning import best_and_even
from besom.search.tried import Tried
from besom.stopping.contract import Decision

Floats = npt.NDArray[np.float64]

_INITIAL_TRIALS = 5
_LEAST_RESULTS = 3  # however many trials are pending: a model of fewer results says nothing
_PLATEAU_POINTS_MAX = 400  # results among which plateaus are looked for
_LEAST_FIDELITY = 4.0  # with fewer levels there is no curve to speak of


class Bayes:
    """Learns from all results and failures; pending trials count as if they had shown what the model expects."""

    def ask(self, history: History) -> Suggestion | Exhausted:
        """A point of the initial design, then where the model expects the largest gain; never one tried before."""
        with _light(history):
            return FreezeThaw().ask(history) if _has_curves(history) else _ask(history)

    def review(self, history: History, trial: int) -> Decision:
        """Whether the trial goes on past the fidelity that it was sent to."""
        with _light(history):
            return FreezeThaw().review(history, trial)


def _light(history: History) -> AbstractContextManager[object]:
    """What keeps a decision from crowding the machine; nothing before there is a model: scipy then stays unloaded."""
    return one_thread() if len(history.observations) >= _LEAST_RESULTS else nullcontext()


def _has_curves(history: History) -> bool:
    if history.until_max is None or not history.can_stop or history.has_repeats:
        return False
    return history.until_max / history.until_min >= _LEAST_FIDELITY


def _ask(history: History) -> Suggestion | Exhausted:
    """The next configuration, to be trained as far as it goes."""
    tried = Tried(history.space, history.observations)
    if tried.is_everything():
        return Exhausted("every configuration of the space has been tried")
    evidence = evidence_of(history)
    if len(evidence.y) >= _LEAST_RESULTS and len(history.observations) >= _INITIAL_TRIALS and history.space.free:
        categories = categories_of(history.space)
        model = model_of(evidence, categories)
        failures = Failures(history.space, history.observations, categories)

        def score(x: Floats) -> Floats:
            return model.log_ei(x) + failures.log_chance(x)

        rng = np.random.default_rng([history.seed, len(history.observations)])
        ranked, _ = ranked_candidates(score, model.best_x, Moves(history.space), rng)
        ranked = last(ranked, _is_known(evidence, ranked) | failures.rule_out(ranked))
        config = next(untried(ranked, history.space, tried), None)
        if config is not None:
            reason = reason_of(model, history.space, history.space.encode([config])[0], len(evidence.y))
            end = reason_to_end(history, reason, model.noise)
            if end is not None:
                return Exhausted(end)
            return at_a_tie(history, tried, failures, reason) or Suggestion(config, reason)
    suggestion = next_of_design(history, tried)
    return suggestion or Exhausted("no configuration was found that has not been tried")


def _is_known(evidence: Evidence, ranked: Floats) -> npt.NDArray[np.bool_]:
    """Whether the result at each of `ranked` (m, d) is known by results exactly alike around it, shape (m,)."""
    kept = best_and_even(evidence.y, _PLATEAU_POINTS_MAX)
    y = evidence.y[kept]
    if len(np.unique(y)) == len(y):
        return np.zeros(len(ranked), dtype=np.bool_)
    return Plateaus(evidence.x(kept), y).covers(ranked)
