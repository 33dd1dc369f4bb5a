"""One process for most tests: TensorFlow starts once, with the CPU split in two for MirroredStrategy."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import pytest
import tensorflow as tf

from zoo import strategy

# At import: the CPU can be split only before the first tensor, and modules make tensors when they are collected.
_TWO = strategy.get("mirrored", 2)


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in the same hook
def pytest_collection_modifyitems(items):
    """Who runs what, where there are several workers (pytest-xdist): one takes all that is tested of a model, or a
    whole module, so that what is slow to set up is set up once."""
    for item in items:
        model = getattr(item, "callspec", None) and item.callspec.params.get("name")
        of_models = item.path.name in ("test_harness.py", "test_export.py")
        item.add_marker(pytest.mark.xdist_group(model if model and of_models else item.path.name))


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
