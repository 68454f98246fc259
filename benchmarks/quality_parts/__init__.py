"""Parts of `benchmarks/label_quality.py`."""
