"""Recipes, data, the loop and run folders. torch is imported inside worker processes only."""
