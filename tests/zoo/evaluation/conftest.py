"""A small model and measures whose values are known, so that results are known too."""

import dataclasses
import math
from types import MappingProxyType

import pytest
import tensorflow as tf

from zoo.autoencoders.family import Autoencoder
from zoo.core import registry
from zoo.core.claims import Claim
from zoo.core.registry import Recipe
from zoo.evaluation import measures
from zoo.evaluation.protocol import Protocol
from zoo.networks.pairs import pair

PROTOCOL = Protocol(
    command="zoo verify toy",
    model="toy",
    data="digits, 8x8x1",
    split="test",
    real=176,
    fake=None,
    range="[0, 1]",
    evaluator="digits abc",
    seeds=(0, 1, 2),
    checkpoint="last, epoch 1",
    averaged=False,
    interval="95 %",
    versions={"numpy": "2"},
)


@pytest.fixture
def protocol():
    return PROTOCOL


def toy(spec, *, level: float = 1.0, broken: bool = False, waits: bool = False):
    """Learns little; `broken` never has a finite loss, `waits` makes its steps depend on the run's length."""
    encoder, decoder = pair("mlp", spec.shape, 4)

    def penalty(encoder, x, codes, seed):
        return {"fault": tf.fill(tf.shape(x)[:1], math.nan)} if broken else {}

    model = Autoencoder(spec, encoder, decoder, loss="mse", penalty=penalty)
    if waits:
        model.players = [dataclasses.replace(model.players[0], warmup={"reconstruction": 0.5})]
    return model


def shifted(trained):
    """Far apart between seeds, and `level` above that."""
    return 100.0 * trained.seed**2 + trained.parameters["level"]


@pytest.fixture
def claiming(monkeypatch):
    """(*claims) -> the toy's recipe with them, which the registry then knows; `shifted` is a measure."""
    measures.measures()
    monkeypatch.setitem(measures._MEASURES, "shifted", shifted)
    monkeypatch.setitem(measures._BASELINES, ("shifted", "seed alone"), lambda t: 100.0 * t.seed**2)

    def make(*claims: Claim) -> Recipe:
        made = Recipe("toy", "autoencoder", "-", toy, claims, data="digits", training=MappingProxyType({"epochs": 1}))
        known = MappingProxyType({"toy": made})
        monkeypatch.setattr(registry, "recipes", lambda: known)
        return made

    return make
