#!/bin/bash
# 3 agents of sweep sweep1, by `besom slurm submit`.
#SBATCH --job-name=besom-sweep1
#SBATCH --comment=besom:sweep1:t0ken
#SBATCH --output=/home/sweeps/sweep1/slurm/t0ken/logs/job-%j.log
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --signal=B:USR1@20
#SBATCH --nodes=1
#SBATCH --ntasks=3
#SBATCH --gres=gpu:6
#SBATCH --cpus-per-task=4
#SBATCH --mem=48G

trap '' USR1 # until what follows listens
# It starts the agents by srun, has them save and end before the time limit, and has the job requeued then.
exec /usr/bin/python -m besom.launch.slurm /home/sweeps/sweep1/slurm/t0ken
