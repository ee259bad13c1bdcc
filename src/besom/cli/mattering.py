"""The command that says what mattered: importance of parameters and pairs, from the sweep's own surrogate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from besom.cli.connection import Home, Json, Server, SweepName, Token, chosen, connected
from besom.cli.reading import terminal_width

if TYPE_CHECKING:
    from besom.analysis.importance import Importance

_BAR = 24
_LEAST = 0.0005


def importance(
    *,
    sweep: SweepName = None,
    json: Json = False,
    server: Server = None,
    token: Token = None,
    home: Home = None,
) -> None:
    """Which parameters mattered: their shares of the objective's variance.

    From the surrogate that bayes fits, on the trials of any method, with a standard error each. Below the parameters:
    pairs, by what two explain together beyond what each does alone.
    """
    from besom.plots import insight_of, read_sweep

    with connected(server, token, home) as service:
        found = chosen(service, sweep)
        data = read_sweep(service, found.id, points=5)
    told = insight_of(data).importance
    if json:
        from besom.cli.shapes import print_json

        print_json(told)
        return
    typer.echo("\n".join(importance_table(told, data.metric, terminal_width())))


def importance_table(told: Importance, metric: str, width: int | None = None) -> list[str]:
    """A line for each parameter and pair, with a bar; or the sentence that says why nothing can be told."""
    from besom.analysis.wording import counted, percent
    from besom.cli.columns import columns
    from besom.cli.drawing import UNICODE
    from besom.escapes import harmless

    if not told.is_telling:
        return [harmless(str(told))]
    rows = []
    for share in (*told.parameters, *told.pairs):
        length = share.share * _BAR
        bar = UNICODE.full * int(length) + (UNICODE.half if length % 1 >= 0.5 else "")
        rows.append([share.label, percent(_rounded(share.share)), f"± {percent(_rounded(share.error))}", bar])
    lines = columns(["parameter", "share", "error", ""], rows, (1, 2), width, yielding=(0,))
    words = f"of the variance of {metric} over the space, by a model of {counted(told.trials, 'trial')}"
    words += "; values worse than the median count by their rank" if told.is_by_rank else ""
    return [*lines, "", harmless(words)]


def _rounded(share: float) -> float:
    """The share to a tenth of a per cent, below which there is nothing to be seen."""
    return round(share, 3) if share >= _LEAST else 0.0
