"""W&B's media classes as small records: a script that logs an image runs, and its history says that there was one.

Nothing of the content is kept; text that describes it is.
"""

from __future__ import annotations

from typing import Any

from besom.sdk.values import plain


class Media:
    """Something that is not a number; logs as text such as `Image (28, 28): a cat`."""

    def __init__(self, data: Any = None, *args: Any, caption: Any = None, **ignored: Any) -> None:
        self.caption = caption
        shape = getattr(data, "shape", None) or getattr(data, "size", None)
        self._what = f" {tuple(shape)}" if isinstance(shape, tuple | list) else ""

    def __repr__(self) -> str:
        caption = f": {self.caption}" if self.caption is not None else ""
        return f"{type(self).__name__}{self._what}{caption}"


class Image(Media):
    """Stands in for `wandb.Image`."""


class Video(Media):
    """Stands in for `wandb.Video`."""


class Audio(Media):
    """Stands in for `wandb.Audio`."""


class Html(Media):
    """Stands in for `wandb.Html`."""


class Plotly(Media):
    """Stands in for `wandb.Plotly`."""


class Object3D(Media):
    """Stands in for `wandb.Object3D`."""


class Molecule(Media):
    """Stands in for `wandb.Molecule`."""


class Graph(Media):
    """Stands in for `wandb.Graph`."""


class Histogram(Media):
    """Stands in for `wandb.Histogram`."""

    def __init__(self, sequence: Any = None, np_histogram: Any = None, num_bins: int = 64) -> None:
        super().__init__(sequence)


class Table(Media):
    """Stands in for `wandb.Table`; knows its size."""

    def __init__(self, columns: Any = None, data: Any = None, dataframe: Any = None, **ignored: Any) -> None:
        super().__init__(dataframe)
        self.columns = list(columns) if columns is not None else []
        self.data = [list(row) for row in data] if data is not None else []

    def add_data(self, *row: Any) -> None:
        """Add a row."""
        self.data.append(list(row))

    def add_column(self, name: str, data: Any, optional: bool = False) -> None:
        """Add a column."""
        values = list(data)
        self.columns.append(name)
        self.data = (
            [[*row, value] for row, value in zip(self.data, values, strict=True)]
            if self.data
            else [[value] for value in values]
        )

    def __repr__(self) -> str:
        return f"Table{self._what}" if self._what else f"Table of {len(self.data)} rows: {plain(self.columns)}"


class Artifact(Media):
    """Stands in for `wandb.Artifact`; its files stay where they are."""

    def __init__(self, name: str, type: str = "", **ignored: Any) -> None:
        super().__init__(caption=name)
        self.name, self.type = name, type

    def add_file(self, *args: Any, **ignored: Any) -> None:
        """Does nothing."""

    add_dir = add_reference = add = add_file
