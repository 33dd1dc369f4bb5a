"""Losses: pure functions, one value per example, a reference each. The engine takes the means."""
