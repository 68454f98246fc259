"""What `benchmarks/missing_million.py` is made of: the table, the apps, the browser's clock."""
