"""Parts of `benchmarks/review_latency.py`."""
