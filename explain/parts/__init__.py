"""Interpretable parts of an input, and what shows where they are hidden."""
