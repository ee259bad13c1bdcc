"""Runs that another tool has measured: read from its exports, judged, and turned into trials."""

from besom.cli.foreign.conversion import Converted, converted
from besom.cli.foreign.objective import chosen_objective
from besom.cli.foreign.runs import ForeignRun
from besom.cli.foreign.selection import runs_of_sweep, without_repetitions
from besom.cli.foreign.sending import parts_of, sweep_id_of
from besom.cli.foreign.wandb_files import read_export

__all__ = [
    "Converted",
    "ForeignRun",
    "chosen_objective",
    "converted",
    "parts_of",
    "read_export",
    "runs_of_sweep",
    "sweep_id_of",
    "without_repetitions",
]
