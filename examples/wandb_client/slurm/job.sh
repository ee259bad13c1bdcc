#!/bin/sh
#SBATCH --job-name=clinic
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=3
#SBATCH --time=01:00:00
# sbatch job.sh SWEEP: three agents of a sweep in one job. Where there is no SLURM: bash job.sh SWEEP.
set -eu
SWEEP=$1
export OMP_NUM_THREADS=1

wandb agent "lab/clinic/$SWEEP" --count "${COUNT:-10}" &
wandb agent "lab/clinic/$SWEEP" --count "${COUNT:-10}" &
wandb agent "lab/clinic/$SWEEP" --count "${COUNT:-10}" &
wait
