"""Ways to start agents: on this machine, from Python, as jobs of SLURM, and as actors of Ray."""
