"""Toy games whose truth is known: eight Gaussians on a ring, and two points on a line."""

import keras
import numpy as np
import tensorflow as tf

from zoo.core.config import TrainConfig
from zoo.core.features import Spec, vector
from zoo.core.random import Seed
from zoo.gans.family import GAN, assemble
from zoo.losses import adversarial
from zoo.training import strategy
from zoo.training.trainer import Trainer

CENTRES = 0.7 * np.stack([np.cos(np.arange(8) * np.pi / 4), np.sin(np.arange(8) * np.pi / 4)], axis=1)
DEVIATION = 0.03
BATCH = 128


def ring(count: int, seed: int) -> np.ndarray:
    """Points of the ring, float32 (count, 2)."""
    random = np.random.default_rng(seed)
    points = CENTRES[random.integers(8, size=count)] + DEVIATION * random.normal(size=(count, 2))
    return points.astype(np.float32)


def game(loss: str, *, hidden: tuple[int, ...] = (64, 64), latent: int = 4, **options) -> GAN:
    """A GAN of small perceptrons on points of the plane."""
    keras.utils.set_random_seed(0)
    options = {"networks": "mlp", "norm": "none", "hidden": hidden, "latent": latent, **options}
    return assemble(Spec.of(vector(2)), loss=adversarial.get(loss), **options)


def play(model: GAN, points: np.ndarray, turns: int, **training) -> list[dict[str, float]]:
    """Trains on the points in order, over and over; the terms of each turn."""
    config = TrainConfig(**{"batch_size": BATCH, "learning_rate": 1e-3, "beta_1": 0.5, "jit": "off", **training})
    trainer = Trainer(model, config, strategy.get("one"), total_steps=turns)
    batches = tf.data.Dataset.from_tensor_slices(points).repeat().batch(BATCH, drop_remainder=True)
    stream = iter(batches.map(lambda x: {"vector": x}))
    terms = list(trainer.run(stream, turns))
    for variable, average in zip(trainer.averaged_variables, trainer.averages, strict=False):
        variable.assign(average)
    return terms


def samples(model: GAN, count: int = 2_000) -> np.ndarray:
    """Points that the generator generates."""
    return model.generated(model.noise(Seed.of(tf.range(count))), None).numpy()


def covered(points: np.ndarray) -> tuple[int, float]:
    """How many centres have a twentieth of the good points they should have, and the share of good points: those
    within five deviations of a centre."""
    distance = np.linalg.norm(points[:, None] - CENTRES[None], axis=2)
    good = distance.min(axis=1) < 5 * DEVIATION
    counts = np.bincount(distance.argmin(axis=1)[good], minlength=8)
    return int(np.sum(counts > len(points) / 8 / 20)), float(good.mean())
