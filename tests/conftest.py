"""One process for most tests: TensorFlow starts once, with the CPU split in two for MirroredStrategy."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["COLUMNS"] = "100"  # xdist's workers have none and would say 80

import pytest
import tensorflow as tf

from zoo.training import strategy

# At import: the CPU can be split only before the first tensor, and modules make tensors when they are collected.
_TWO = strategy.get("mirrored", 2)


@pytest.fixture(scope="session")
def two_replicas() -> tf.distribute.Strategy:
    """The one MirroredStrategy of the test process."""
    return _TWO


@pytest.fixture(scope="session")
def small_data():
    """The name of a recipe's data -> that of a small set of the same kind, and its size: digits, moving digits, digits
    in two domains."""
    kinds = {"moving-digits": ("moving-digits", (8, 8)), "domains": ("domains:digits+inverse", None)}
    return lambda data: kinds.get(data.partition(":")[0], ("digits", None))
