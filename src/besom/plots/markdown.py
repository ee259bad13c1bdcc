"""A sweep's report as Markdown: the same words, tables and pictures, as PNG files beside it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import quote

from besom.analysis.wording import number
from besom.plots.facts import Facts, FailedTrial, facts_of
from besom.plots.gallery import Framed, hung
from besom.plots.images import pngs
from besom.plots.sweepdata import SweepData, read_sweep
from besom.plots.writing import put, versions
from besom.service import Service

_ROWS = 100
_LETTERS = re.compile(r"([\\`*_\[\]<>#|~&$!@])")
_LINKS = re.compile(r"\b(https?|ftp|www)([:.])", re.IGNORECASE)
_BEGINNINGS = re.compile(r"^(\d*(?=[.)]\s))?([-=+.)])")


def write_markdown(service: Service, sweep_id: str, path: Path) -> Path:
    """The path of the report of the sweep as it stands; its pictures lie in a folder beside it, `<name>_files`.

    Args:
        service: Where the sweep is.
        sweep_id: The sweep.
        path: The file to write; one that is there is replaced, and so are pictures.

    Raises:
        UnknownName: There is no such sweep.
        MissingExtra: No browser that draws PNGs is installed.
        OSError: A file cannot be written.
    """
    path = Path(path)
    data = read_sweep(service, sweep_id)
    pictures = hung(data)
    drawn = [each for each in pictures if each.picture is not None]
    images = pngs([each.picture for each in drawn if each.picture is not None])
    folder = path.with_name(f"{path.stem}_files")
    for each, image in zip(drawn, images, strict=True):
        put(folder / f"{each.name}.png", image)
    return put(path, markdown(data, pictures, folder.name).encode())


def markdown(data: SweepData, pictures: Sequence[Framed], folder: str) -> str:
    """The report as text; `folder` is where its pictures lie."""
    facts = facts_of(data, _ROWS)
    parts = [
        f"# {plain(facts.title)}",
        plain(facts.description),
        f"**{facts.state}**: {plain(facts.why)}" if facts.why else f"**{facts.state}**",
        " · ".join(map(plain, facts.overview)),
        _table(("", "", ""), [(card.title, card.figure, card.words) for card in facts.cards]),
        *_best(facts),
        *(text for each in pictures for text in _picture(each, folder)),
        *_trials(facts),
        *_failures(facts),
        "## Sweep file",
        _code(facts.file, "yaml"),
        " · ".join(f"{name} {version}" for name, version in versions().items()),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def plain(text: object) -> str:
    """Text that Markdown shows letter by letter, on one line."""
    line = " ".join(str(text).split())
    line = _LINKS.sub(r"\1\\\2", _LETTERS.sub(r"\\\1", line))
    return _BEGINNINGS.sub(r"\1\\\2", line)


def _code(text: str, language: str = "") -> str:
    """Text as it is, in a fence that it does not hold itself."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [f"| {' | '.join(map(plain, row))} |" for row in rows]
    if not lines:
        return ""
    return "\n".join([f"| {' | '.join(map(plain, columns))} |", f"|{' --- |' * len(columns)}", *lines])


def _best(facts: Facts) -> list[str]:
    best = facts.best
    if best is None:
        return ["## Best configuration", "No trial has a value."]
    value = f"{plain(facts.metric)} **{best.value}**" + (f" {best.spread}" if best.spread else "")
    codes = [_code(text, "yaml" if title == "YAML" else "sh") for title, text in best.formats]
    return ["## Best configuration", f"Trial {best.trial}: {value}. {plain(best.words)}", *codes]


def _picture(each: Framed, folder: str) -> list[str]:
    image = f"![{plain(each.title)}]({quote(folder)}/{each.name}.png)" if each.picture else ""
    return [f"## {plain(each.title)}", plain(each.note), image]


def _trials(facts: Facts) -> list[str]:
    if not facts.rows:
        return ["## All trials", "No trial has begun yet."]
    shown = len(facts.rows)
    heading = "## All trials"
    if shown < facts.trials:
        heading = f"## The first {number(shown)} of {number(facts.trials)} trials"
    rows = [[cell.text for cell in cells] for _, _, cells in facts.rows]
    return [heading, "Best first.", _table(facts.columns, rows)]


def _failures(facts: Facts) -> list[str]:
    if not facts.failures:
        return []
    parts = ["## Failures"]
    for cause, count, shown in facts.failures:
        parts += [f"### {plain(cause)}: {number(count)}", *(text for failed in shown for text in _failed(failed))]
        if count > len(shown):
            parts.append(f"and {number(count - len(shown))} more")
    return parts


def _failed(failed: FailedTrial) -> list[str]:
    words = f"**trial {failed.number}**, {plain(failed.how)}" + (f": {plain(failed.message)}" if failed.message else "")
    return [words, _code(failed.last_lines, "text") if failed.last_lines else ""]
