"""Interpretable parts of an input, and the baseline that replaces masked parts."""
