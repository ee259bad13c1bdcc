"""Pictures of sweeps' surrogates, which are not fitted anew for each trial that ends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from besom.plots.sweepdata import SweepData

_GROWTH = 1.05
"""The surrogate, a second's work, is fitted anew when so many times as many trials have ended."""
_FITS_KEPT = 8
_DRAWN_KEPT = 50


@dataclass(frozen=True, slots=True)
class _Fit:
    """A sweep when so many of its trials had ended, and what was drawn of its surrogate then."""

    data: SweepData
    ended: int
    drawn: dict[Hashable, bytes] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def serves(self, data: SweepData, ended: int) -> bool:
        """Whether what was drawn then is good enough for what the sweep is now."""
        if self.data.sweep.file != data.sweep.file:
            return False
        is_near = self.ended <= ended < self.ended * _GROWTH and not data.sweep.state.has_ended
        return is_near or self.ended == ended


class Fits:
    """Keeps the latest fit of a few sweeps. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._fits: dict[str, _Fit] = {}

    def drawn(self, data: SweepData, question: Hashable, draw: Callable[[SweepData], bytes]) -> bytes:
        """What `draw` makes of the sweep: of `data`, or of what it was when its surrogate was fitted last.

        Args:
            data: The sweep as it stands. One that has ended is drawn as it ended.
            question: Tells pictures apart.
            draw: Draws one.
        """
        fit = self._of(data)
        with fit.lock:  # the surrogate is fitted for the first that asks
            if question not in fit.drawn:
                fit.drawn[question] = draw(fit.data)
                for oldest in list(fit.drawn)[:-_DRAWN_KEPT]:
                    del fit.drawn[oldest]
            return fit.drawn[question]

    def important(self, sweep_id: str) -> tuple[str, ...]:
        """The sweep's parameters, the most important first, where its surrogate has been fitted; else none."""
        with self._lock:
            fit = self._fits.get(sweep_id)
        found = fit.data.known_insight if fit else None
        return tuple(share.names[0] for share in found.importance.parameters) if found else ()

    def _of(self, data: SweepData) -> _Fit:
        ended = len(data.columns.by_end)
        with self._lock:
            fit = self._fits.pop(data.sweep.id, None)
            if fit is None or not fit.serves(data, ended):
                fit = _Fit(data, ended)
            self._fits[data.sweep.id] = fit
            for oldest in list(self._fits)[:-_FITS_KEPT]:
                del self._fits[oldest]
            return fit
