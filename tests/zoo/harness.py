"""What the tests of every registered model share."""

import dataclasses
import functools

import keras
import numpy as np
import pytest
from smaller import smaller

from zoo import data
from zoo.core import features, registry
from zoo.training import strategy
from zoo.training.trainer import Trainer

BATCH = 32
EVERY = pytest.mark.parametrize("name", list(registry.recipes()), scope="module")


def slow(value):
    """A parameter that only the long tests take."""
    return pytest.param(value, marks=pytest.mark.slow)


load = functools.cache(data.load)


def spec_for(digits, shape):
    """Images of this shape, with whatever these digits have besides: frames, a second domain; and ten classes."""
    frames, known = digits.spec.shape[:-3], dict(digits.spec.features)
    known |= {t: features.video(*frames, *shape) if frames else features.image(*shape) for t in digits.spec.targets}
    return dataclasses.replace(digits.spec, features={**known, "label": features.label(10)})


def build(name, spec, *, whole=False):
    """A model: the same weights each time. `whole` takes the recipe's own sizes."""
    keras.utils.set_random_seed(1)
    return registry.get(name)(spec, **({} if whole else smaller(registry.get(name))))


def make(name, placed, spec, *, whole=False, **options):
    """A model with its trainer."""
    config = registry.get(name).config(**{"batch_size": BATCH, "jit": "off", **options})
    with placed.scope():
        model = build(name, spec, whole=whole)
        return model, Trainer(model, config, placed, total_steps=100)


def feed(placed, digits):
    return strategy.iterate(placed, lambda w, n: digits.train.batches(BATCH, seed=0, share=(w, n)))


def weights(model):
    return np.concatenate([v.numpy().ravel() for n in model.networks for v in n.variables])
