"""Variational autoencoders: one short file for each variant."""
