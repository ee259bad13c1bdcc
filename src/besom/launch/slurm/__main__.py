"""`python -m besom.launch.slurm FOLDER`: what a job's script executes. FOLDER is its launch's."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from besom.launch.slurm.launches import Launch
from besom.launch.slurm.supervisor import Supervisor

if __name__ == "__main__":
    sys.exit(Supervisor(Launch.read(Path(sys.argv[1])), os.environ).run())
