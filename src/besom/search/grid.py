"""Grid search: every cell exactly once, in W&B's order."""

from __future__ import annotations

from besom.records import Reason
from besom.search.contract import Exhausted, History, Suggestion


class Grid:
    """Goes through the cells by their number, which each suggestion's details keep: no list of cells is ever made."""

    def ask(self, history: History) -> Suggestion | Exhausted:
        """The first cell behind the last one suggested that nobody has tried (as a baseline, for instance)."""
        space = history.space
        cells = space.cells
        # Cells are suggested in ascending order, so the latest one is the highest.
        latest = next((o.details["cell"] for o in reversed(history.observations) if "cell" in o.details), -1)
        tried = {space.key(o.config) for o in history.observations if "cell" not in o.details}
        for cell in range(latest + 1, cells):
            config = space.cell(cell)
            if space.key(config) not in tried:
                text = f"Cell {cell + 1} of {cells} of the grid."
                return Suggestion(config, Reason("grid", text, {"cell": cell, "cells": cells}))
        return Exhausted(f"all {cells} cells of the grid have been tried")
