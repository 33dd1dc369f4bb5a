"""Generative adversarial networks: one short file for each variant."""
