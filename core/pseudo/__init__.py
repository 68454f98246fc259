"""Pseudo-labels: predictions for open cells, with probabilities that mean what they say."""
