"""Parts of a picture, and how they share its height. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text


@dataclass(slots=True)
class Section:
    """Lines that belong together, and how many at least stay when room is short."""

    lines: list[Text]
    counted: bool = False
    """Whether lines left out are counted on the last one."""
    left_out: int = 0
    weights: Sequence[int] = ()
    """What each line under the title counts for; 1 each where there is none."""

    def weight_of_last(self) -> int:
        """What the last line counts for."""
        return self.weights[len(self.lines) - 2] if self.weights and len(self.lines) > 1 else 1

    def shrink(self) -> None:
        """Leave out the last line; a title that would stand alone goes with it."""
        self.left_out += self.weight_of_last()
        self.lines.pop()
        if self.counted and len(self.lines) == 1:
            self.lines.clear()


def fits(sections: Sequence[Section], height: int, gap: int, order: Sequence[tuple[Section, int]]) -> bool:
    """Whether `sections` fit with `gap` lines between them, after shrinking in `order` (section, lines that stay)."""

    def is_over() -> bool:
        sizes = [len(section.lines) for section in sections if section.lines]
        return sum(sizes) + gap * (len(sizes) - 1) > height

    for section, least in order:
        while is_over() and len(section.lines) > least:
            section.shrink()
    return not is_over()
