"""What a run logged while its objective did not come: most often the metric, under another name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from besom.wire import Row

_KEPT, _SHOWN = 100, 2


def names_logged(known: Sequence[str], rows: Iterable[Row]) -> tuple[str, ...]:
    """The names known so far and those in `rows` that are the script's own, as far as they are not too many."""
    names = dict.fromkeys(known)
    for row in rows:
        if len(names) >= _KEPT:
            break
        names |= dict.fromkeys(name for name in row if not name.startswith("_"))
    return tuple(names)[:_KEPT]


def missing(metric: str, logged: Sequence[str]) -> str:
    """A sentence on a script that ended without its objective, with what it `logged`, nearest name first."""
    if not logged:
        return f"the script ended without logging {metric}"
    if metric in logged:
        return f"{metric!r} was logged, but never as a number"
    close = get_close_matches(_bare(metric), map(_bare, logged), n=1, cutoff=0.5)
    meant = [name for name in logged if _bare(name) in close][:1]
    names = [*meant, *(name for name in logged if name not in meant)]
    shown, more = names[:_SHOWN], len(names) - _SHOWN
    told = ", ".join(map(repr, shown)) + (f" and {more} more" if more > 0 else "")
    question = f": did you mean {meant[0]!r}?" if meant else ""
    return f"no value of {metric!r} was logged; the run logged {told}{question}"


def _bare(name: str) -> str:
    """A name without what people spell differently: case and separators."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())
