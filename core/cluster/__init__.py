"""A training in several processes, on this machine or on a Ray cluster. No torch and no ray at import."""
