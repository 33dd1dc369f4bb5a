"""Autoencoders: one short file for each variant."""
