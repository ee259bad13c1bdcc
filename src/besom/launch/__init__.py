"""Ways to start agents: on this machine, and from Python."""
