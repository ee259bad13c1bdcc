"""Folders that nothing can be written to."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Inside, the folder is read-only: mounted so for root, whom no mode holds back, else by its mode."""
    if os.geteuid():
        folder.chmod(0o555)
        yield
        folder.chmod(0o755)
        return
    steps = (["mount", "--bind", folder, folder], ["mount", "-o", "remount,bind,ro", folder])
    try:
        if any(subprocess.run(step, capture_output=True, check=False).returncode for step in steps):
            pytest.skip("needs the right to mount")
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], capture_output=True, check=False)
