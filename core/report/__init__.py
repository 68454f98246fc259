"""Reports to send to somebody: one file that needs nothing else."""
