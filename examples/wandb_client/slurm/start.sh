#!/bin/sh
# Makes the sweep and a job of three agents, each for COUNT (10) runs, once what `besom server` prints is exported.
set -eu
cd "$(dirname "$0")"

wandb sweep sweep.yaml 2>&1 | tee sweep.log
sweep=$(sed -n 's/.*wandb agent //p' sweep.log)
sweep=${sweep##*/} # the id alone
if sinfo > /dev/null 2>&1; then # a cluster answers
    sbatch job.sh "${sweep:?}"
else
    sh job.sh "${sweep:?}"
fi
