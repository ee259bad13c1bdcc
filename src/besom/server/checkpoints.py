"""What trials left to be gone on from, where their folders are on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from besom.analysis.trialcard import Checkpoint, CheckpointFile

_MOST_FILES = 200


def checkpoint_in(folder: Path) -> Checkpoint | None:
    """The checkpoint in a folder; None where there is none, or where it is another machine's.

    Of very many files the first are listed. Links are listed, and not followed.
    """
    files = sorted(_files(folder), key=lambda each: each.name)
    return Checkpoint(str(folder), tuple(files)) if files else None


def _files(folder: Path) -> Iterator[CheckpointFile]:
    count = 0
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(place, name)
            try:
                state = path.lstat()
            except OSError:  # gone meanwhile
                continue
            yield CheckpointFile(str(path.relative_to(folder)), state.st_size, state.st_mtime)
            count += 1
            if count == _MOST_FILES:
                return
