"""Random search: independent draws from the prior, but for what does not fit into memory."""

from __future__ import annotations

import numpy as np

from besom.records import Reason
from besom.search.contract import Exhausted, History, Suggestion
from besom.search.memory import one_that_fits
from besom.search.tried import Tried


class Random:
    """Draws depend on the seed and on how many trials there are. It never ends, as W&B's: budgets do that."""

    def ask(self, history: History) -> Suggestion | Exhausted:
        """A draw; one that was tried before, or hardly fits into memory, only where no other is found."""
        rng = np.random.default_rng([history.seed, len(history.observations)])
        if history.space.size is None:
            config = one_that_fits(history, history.space.sample(rng, 1)[0], rng)
            return Suggestion(config, Reason("random", "A draw from the prior."))
        another = Tried(history.space, history.observations).draw_another(rng)
        if another is not None:
            config = one_that_fits(history, another, rng)
            return Suggestion(config, Reason("random", "A draw from what has not been tried."))
        text = "A draw from the prior; every configuration has been tried."
        return Suggestion(history.space.sample(rng, 1)[0], Reason("random", text))
