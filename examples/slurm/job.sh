#!/bin/bash
#SBATCH --job-name=digits
#SBATCH --nodes=1
#SBATCH --ntasks=3
#SBATCH --cpus-per-task=1
#SBATCH --mem-per-cpu=1G
#SBATCH --gres=gpu:3
#SBATCH --time=01:00:00
#SBATCH --output=job-%j.log
# Three agents in one job, by hand:
#   besom server --host 0.0.0.0          on a machine that the nodes reach; export what it prints
#   besom sweep sweep.yaml               prints the sweep's id
#   sbatch job.sh SWEEP
# Each srun names what its agent needs, memory too: one that does not waits for all others, in silence.
for agent in 1 2 3; do
    srun --exclusive --ntasks=1 --cpus-per-task=1 --mem-per-cpu=1G --gres=gpu:1 \
        besom agent "$1" --count 10 --idle 10m > "agent-$SLURM_JOB_ID-$agent.log" 2>&1 &
done
wait
