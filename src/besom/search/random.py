"""Random search: independent draws from the prior, but for what does not fit into memory."""

from __future__ import annotations

import numpy as np

from besom.records import Config, Reason
from besom.search.contract import Exhausted, History, Suggestion
from besom.search.memory import one_that_fits
from besom.search.tried import Tried


class Random:
    """Draws depend on the seed and on how many trials there are. It never ends, as W&B's: budgets do that."""

    def ask(self, history: History) -> Suggestion | Exhausted:
        """A draw; one that was tried before, or hardly fits into memory, only where no other is found."""
        rng = np.random.default_rng([history.seed, len(history.observations)])
        if history.space.size is None:
            return _fitting(history, history.space.sample(rng, 1)[0], rng, "A draw from the prior.")
        another = Tried(history.space, history.observations).draw_another(rng)
        if another is not None:
            return _fitting(history, another, rng, "A draw from what has not been tried.")
        text = "A draw from the prior; every configuration has been tried."
        return Suggestion(history.space.sample(rng, 1)[0], Reason("random", text))


def _fitting(history: History, drawn: Config, rng: np.random.Generator, text: str) -> Suggestion:
    config = one_that_fits(history, drawn, rng)
    if config is not drawn:
        text = "A draw, in place of one that would not fit into memory."
    return Suggestion(config, Reason("random", text))
