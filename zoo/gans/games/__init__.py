"""Families of GANs with other sets of players: their networks, updates and signatures. The losses are the variants'."""
