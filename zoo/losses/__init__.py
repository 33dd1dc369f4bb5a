"""Losses: pure functions with one value per example. The engine takes the means."""
