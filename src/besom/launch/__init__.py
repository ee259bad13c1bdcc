"""Ways to start agents: on this machine, from Python, and as jobs of SLURM."""
