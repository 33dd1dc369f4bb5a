"""Masks, evaluations and the local linear model."""
