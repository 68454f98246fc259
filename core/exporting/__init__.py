"""Out: the filled table and image folders."""
