"""Long work is a command in another process: start, watch, stop, resume."""
