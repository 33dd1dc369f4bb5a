"""Data for the tests of every registered model."""

import pytest
from harness import load

from zoo.core import registry


@pytest.fixture(scope="module")
def digits(name, small_data):
    """Of the kind that the recipe is for."""
    small, size = small_data(registry.get(name).data)
    return load(small, size=size)
