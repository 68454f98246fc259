"""Bringing data in: read a table, guess a plan, check it against the pictures, commit it."""
