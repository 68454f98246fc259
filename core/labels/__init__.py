"""Labels, classes, rules and what follows from them: pure functions on arrays and frames."""
