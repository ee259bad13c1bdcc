#!/bin/bash
# 3 agents of sweep sweep1, by `besom slurm submit`.
#SBATCH --job-name=besom-sweep1
#SBATCH --comment=besom:sweep1:t0ken
#SBATCH --output=/home/sweeps/sweep1/slurm/t0ken/logs/job-%A_%a.log
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --signal=B:USR1@180
#SBATCH --nodes=1
#SBATCH --array=0-2
#SBATCH --ntasks=1
#SBATCH --gres=gpu:2
#SBATCH --cpus-per-task=4
#SBATCH --mem=16G
#SBATCH --time=0-04:00:00
#SBATCH --partition=gpu
#SBATCH --account=lab
#SBATCH --qos=high
#SBATCH --nodelist=node7 '--mail-user=a b'

module load cuda
source env/bin/activate

trap '' USR1 # until what follows listens
# It starts the agents by srun, has them save and end before the time limit, and has the job requeued then.
exec /usr/bin/python -m besom.launch.slurm /home/sweeps/sweep1/slurm/t0ken
