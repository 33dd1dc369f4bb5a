"""The commands of `zoo`, by what they are about; they come in this order in its help."""

from zoo.cli.commands import training, evaluator, truth, served, batch, codes, gans, explained, demo  # isort: skip

__all__ = ["batch", "codes", "demo", "evaluator", "explained", "gans", "served", "training", "truth"]
