"""What a launch asks SLURM for: the site's defaults, the sweep file over them, the command line over both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from besom.errors import WrongState
from besom.sweepfile import SlurmOptions, SweepFile, as_slurm_options, load_slurm

SITE = Path("/etc/besom/slurm.yaml")


def settled(file: SweepFile, folder: Path, sites: Iterable[Path], given: Mapping[str, Any]) -> SlurmOptions:
    """The options that hold.

    Args:
        file: The sweep file; what its `resources` say of a run, an agent gets where nothing else is said.
        folder: Its folder, where a template that it names lies.
        sites: Files of defaults, each over those before; those that do not exist are left out.
        given: The command line's, by name; None is not given.

    Raises:
        SweepFileError: A site's file or the command line is wrong, or all together do not fit.
        WrongState: There is nothing that agents could run, and no template that runs something else.
    """
    wants = file.besom.resources
    merged: dict[str, Any] = {"gpus": wants.gpus, "cpus": wants.cpus}
    for site in sites:
        if site.is_file():
            merged |= _written(load_slurm(site), site.parent)
    merged |= _written(file.besom.slurm, folder)
    named = {name: value for name, value in given.items() if value is not None}
    merged |= {name: value for name, value in named.items() if name != "options"}
    merged["options"] = [*merged.get("options", []), *named.get("options", [])]
    options = as_slurm_options(merged, "besom slurm")
    if not file.has_program and options.template is None:
        raise WrongState("besom slurm submit: agents need a program, got none; add `program` to the sweep file.")
    return options


def _written(options: SlurmOptions, folder: Path) -> dict[str, Any]:
    """Only what was written down; a template is looked for beside the file that names it."""
    written = options.model_dump(exclude_unset=True)
    if written.get("template") is not None:
        written["template"] = str(folder / written["template"])
    return written
