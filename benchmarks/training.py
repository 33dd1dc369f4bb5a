"""Training: the zoo's engine against the same DCGAN written plainly in PyTorch and as a plain Keras `train_step`.

    python -m benchmarks.training [--steps 30] [--rounds 3]

Batch 128 of 28 x 28. The three take turns, several rounds, and the medians are compared: on a shared machine a figure
alone means little, a ratio of neighbours more.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import statistics
import time
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
import torch
from absl import app, flags
from torch import nn

from zoo.core import registry
from zoo.core.model import Batch, Spec
from zoo.training import strategy
from zoo.training.trainer import Trainer

BATCH, LATENT, WIDTH = 128, 100, 64
IMAGES = np.random.default_rng(0).uniform(-1, 1, (BATCH, 28, 28, 1)).astype(np.float32)
Steps = Callable[[int], None]


def ours(jit: str) -> Steps:
    """The engine as `zoo train dcgan --jit ...` runs it, on a batch in memory like the others."""
    recipe = registry.get("dcgan")
    model = recipe(Spec((28, 28, 1), 10), latent=LATENT, width=WIDTH)
    trainer = Trainer(model, recipe.config(jit=jit, batch_size=BATCH), strategy.get("one"), total_steps=10**6)
    batch = Batch(tf.constant(IMAGES), tf.zeros(BATCH, tf.int64))

    def steps(count: int) -> None:
        for _ in trainer.run(iter([batch] * count), count):
            pass

    return steps


class PlainKeras(keras.Model):
    """What a Keras tutorial writes: `train_step`, two tapes, one generator pass for each player."""

    def __init__(self) -> None:
        super().__init__()
        model = registry.get("dcgan")(Spec((28, 28, 1), 10), latent=LATENT, width=WIDTH)
        self.generator, self.discriminator = model.G, model.D
        self.seeds = keras.random.SeedGenerator(0)
        self.entropy = keras.losses.BinaryCrossentropy(from_logits=True)

    def compile(self, **options: object) -> None:
        super().compile(**options)
        self.d_optimizer, self.g_optimizer = (keras.optimizers.Adam(2e-4, 0.5) for _ in range(2))

    def train_step(self, real: tf.Tensor) -> dict[str, tf.Tensor]:
        ones, zeros = tf.ones((BATCH,)), tf.zeros((BATCH,))
        fake = self.generator(keras.random.normal((BATCH, LATENT), seed=self.seeds), training=True)
        with tf.GradientTape() as tape:
            d_loss = self.entropy(ones, self.discriminator(real, training=True))
            d_loss += self.entropy(zeros, self.discriminator(fake, training=True))
        weights = self.discriminator.trainable_variables
        self.d_optimizer.apply(tape.gradient(d_loss, weights), weights)
        with tf.GradientTape() as tape:
            fake = self.generator(keras.random.normal((BATCH, LATENT), seed=self.seeds), training=True)
            g_loss = self.entropy(ones, self.discriminator(fake, training=True))
        weights = self.generator.trainable_variables
        self.g_optimizer.apply(tape.gradient(g_loss, weights), weights)
        return {"d_loss": d_loss, "g_loss": g_loss}


def plain_keras(jit: bool) -> Steps:
    """`fit` over a dataset of one repeated batch."""
    model = PlainKeras()
    model.compile(jit_compile=jit)
    options = tf.data.Options()
    options.autotune.enabled = False
    data = tf.data.Dataset.from_tensors(IMAGES).repeat().with_options(options)
    return lambda count: model.fit(data, steps_per_epoch=count, verbose=0, shuffle=False) and None


def _torch_networks() -> tuple[nn.Module, nn.Module]:
    generator = nn.Sequential(
        nn.ConvTranspose2d(LATENT, 2 * WIDTH, 7, bias=False),
        nn.BatchNorm2d(2 * WIDTH),
        nn.ReLU(True),
        nn.ConvTranspose2d(2 * WIDTH, WIDTH, 4, 2, 1, bias=False),
        nn.BatchNorm2d(WIDTH),
        nn.ReLU(True),
        nn.ConvTranspose2d(WIDTH, 1, 4, 2, 1),
        nn.Tanh(),
    )
    discriminator = nn.Sequential(
        nn.Conv2d(1, WIDTH, 4, 2, 1),
        nn.LeakyReLU(0.2, True),
        nn.Conv2d(WIDTH, 2 * WIDTH, 4, 2, 1, bias=False),
        nn.BatchNorm2d(2 * WIDTH),
        nn.LeakyReLU(0.2, True),
        nn.Conv2d(2 * WIDTH, 1, 7),
        nn.Flatten(0),
    )
    return generator, discriminator


def pytorch() -> Steps:
    """What a PyTorch tutorial writes, with fakes drawn anew for G's step, as the others do."""
    generator, discriminator = _torch_networks()
    d_optimizer, g_optimizer = (
        torch.optim.Adam(n.parameters(), 2e-4, (0.5, 0.999)) for n in (discriminator, generator)
    )
    entropy = nn.BCEWithLogitsLoss()
    real, ones, zeros = (
        torch.from_numpy(IMAGES.transpose(0, 3, 1, 2).copy()),
        torch.ones(BATCH),
        torch.zeros(BATCH),
    )

    def steps(count: int) -> None:
        for _ in range(count):
            fake = generator(torch.randn(BATCH, LATENT, 1, 1))
            d_loss = entropy(discriminator(real), ones) + entropy(discriminator(fake.detach()), zeros)
            d_optimizer.zero_grad()
            d_loss.backward()
            d_optimizer.step()
            g_loss = entropy(discriminator(generator(torch.randn(BATCH, LATENT, 1, 1))), ones)
            g_optimizer.zero_grad()
            g_loss.backward()
            g_optimizer.step()

    return steps


def _parameters() -> None:
    """The comparison is of the same networks."""
    theirs = [sum(p.numel() for p in n.parameters()) for n in _torch_networks()]
    model = registry.get("dcgan")(Spec((28, 28, 1), 10), latent=LATENT, width=WIDTH)
    mine = [sum(int(np.prod(v.shape)) for v in n.trainable_variables) for n in (model.G, model.D)]
    if mine != theirs:
        raise SystemExit(
            f"The networks differ: {mine} weights here, {theirs} in PyTorch. This is a bug of the benchmark."
        )


_STEPS = flags.DEFINE_integer("steps", 30, "steps a turn", lower_bound=1)
_ROUNDS = flags.DEFINE_integer("rounds", 3, "turns of each", lower_bound=1)


def main(_: list[str]) -> None:
    _parameters()
    contestants = {
        "PyTorch": pytorch(),
        "plain Keras": plain_keras(False),
        "plain Keras, XLA": plain_keras(True),
        "zoo": ours("auto"),
        "zoo --jit on": ours("on"),
    }
    for steps in contestants.values():
        steps(3)  # compile and warm up
    rates: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(_ROUNDS.value):
        for name, steps in contestants.items():
            before = time.perf_counter()
            steps(_STEPS.value)
            rates[name].append(_STEPS.value * BATCH / (time.perf_counter() - before))
    base = statistics.median(rates["PyTorch"])
    print(
        f"DCGAN, batch {BATCH}, 28 x 28 x 1, {_ROUNDS.value} rounds of {_STEPS.value} steps, {os.cpu_count()} cores\n"
    )
    print("                     images/s   of PyTorch")
    for name, values in rates.items():
        print(f"{name:<20} {statistics.median(values):>8.0f}   {statistics.median(values) / base:>8.2f}")


if __name__ == "__main__":
    app.run(main)
