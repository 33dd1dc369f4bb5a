"""How an evaluator is trained: by the zoo's engine, as a model with one player."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import final

import keras
import numpy as np
import tensorflow as tf

from zoo.core.config import TrainConfig
from zoo.core.errors import UserError
from zoo.core.model import Batch, GenerativeModel, Player, Signature, Spec, Terms, Watched
from zoo.core.random import Seed
from zoo.data import Data, Split
from zoo.data.splits import Arrays
from zoo.display.progress import Bar
from zoo.evaluation.evaluators.evaluator import Evaluator, Record
from zoo.evaluation.evaluators.network import classifier
from zoo.evaluation.metrics.bootstrap import Estimate, of_mean
from zoo.evaluation.metrics.frechet import FeatureMoments, frechet_distance
from zoo.training import strategy
from zoo.training.run import versions
from zoo.training.trainer import Trainer

_SHIFT = 0.08
"""By how much of its side an image is moved at most, each way: a little more data."""
_HALVINGS = 40
_ROWS = 5000
"""Examples that the scale of the features, the accuracy and the floor are measured on, at most."""


@final
class _Classifier(GenerativeModel):
    """One player, who names the class of images that were moved a little."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.network = classifier((spec.shape[0], spec.shape[1], spec.shape[2]), spec.classes)
        self.players = [Player("classifier", [self.network], self.loss)]

    def loss(self, batch: Batch, seed: Seed) -> Terms:
        """Cross-entropy; the accuracy is watched."""
        _, logits = self.network(_moved(batch.x, seed.uniform((2,), -_SHIFT, _SHIFT)), training=True)
        right = tf.cast(tf.equal(tf.argmax(logits, axis=1), batch.label), tf.float32)
        entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(batch.label, logits)
        return {"cross_entropy": entropy, "accuracy": Watched(right)}

    @property
    def averaged(self) -> Sequence[keras.Model]:
        """None draws."""
        return []

    def signatures(self) -> Mapping[str, Signature]:
        """None: evaluators are not served."""
        return {}

    def pictures(self, batch: Batch, seed: Seed) -> tf.Tensor:
        """What it learns from."""
        return batch.x


def _moved(x: tf.Tensor, shares: tf.Tensor) -> tf.Tensor:
    """Images (B, H, W, C), each moved by whole pixels, (B, 2) shares of its sides; the edge repeats."""
    height, width = x.shape[1], x.shape[2]
    rows, columns = (
        tf.clip_by_value(tf.range(side) - tf.cast(tf.round(shares[:, i : i + 1] * side), tf.int32), 0, side - 1)
        for i, side in enumerate((height, width))
    )
    return tf.gather(tf.gather(x, rows, axis=1, batch_dims=1), columns, axis=2, batch_dims=1)


def train(data: Data, *, command: str, epochs: int = 20, batch_size: int = 64, seed: int = 0) -> Evaluator:
    """An evaluator that learnt from the data's training split and was judged on its test split.

    Of videos it learns each frame's class, which is the video's.

    Errors: UserError for data without classes, without images or with too few; zoo.training.trainer.Diverged.
    """
    _check(data)
    split = _images(data.train)
    config = TrainConfig(epochs=epochs, batch_size=min(batch_size, split.count), seed=seed, schedule="cosine")
    steps = split.count // config.batch_size * epochs
    keras.utils.set_random_seed(seed)
    placed = strategy.get("one")
    model = _Classifier(data.spec._replace(shape=data.spec.shape[-3:]))
    trainer = Trainer(model, config, placed, total_steps=steps)
    batches = strategy.iterate(placed, lambda *_: split.batches(config.batch_size, seed=seed, steps=steps))
    with Bar(total=steps, unit="steps", label="evaluator") as bar:
        for terms in trainer.run(batches, steps):
            bar.note(f"accuracy {terms['classifier/accuracy']:.2f}")
            bar.update()
    _finish(model.network, _some(split, seed)[0])
    return _judged(Evaluator(_record(data, command), model.network), data, seed)


def _check(data: Data) -> None:
    if len(data.spec.shape) not in (3, 4) or data.spec.classes < 2:
        raise UserError(
            f"An evaluator learns to tell classes of images apart; {data.name} has examples of shape "
            f"{data.spec.shape} and {data.spec.classes} classes. Sort images into a folder for each class."
        )
    if data.test.count < 4:
        raise UserError(f"{data.name} has {data.test.count} examples for testing; at least four are needed. Add some.")


def _record(data: Data, command: str) -> Record:
    height, width, channels = data.spec.shape[-3:]
    names = data.class_names or tuple(map(str, range(data.spec.classes)))
    return Record(data.name, (height, width, channels), names, command, versions=versions())


def _images(split: Split) -> Split:
    """The split, or all frames of its videos."""
    x, labels = split.arrays(1)
    if x.ndim == 4:
        return split
    x, labels = split.arrays()
    return Arrays(x.reshape(-1, *x.shape[2:]), labels.repeat(x.shape[1]))


def _some(split: Split, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """All examples and their labels; of a large split as many as `_ROWS`, from anywhere in it."""
    if split.count <= _ROWS:
        return split.arrays()
    batch = next(iter(split.batches(_ROWS, seed=seed, steps=1)))
    return batch.x.numpy(), batch.label.numpy()


def _finish(network: keras.Model, x: np.ndarray) -> None:
    """Scales the features to a variance of 1 on the mean, which leaves the logits, and rounds weights to float16."""
    scale = float(np.sqrt(network.predict(x, verbose=0)[0].var(axis=0).mean()))
    for name, factors in (("features", (1 / scale, 1 / scale)), ("logits", (scale, 1.0))):
        layer = network.get_layer(name)
        layer.set_weights([w * factor for w, factor in zip(layer.get_weights(), factors, strict=True)])
    network.set_weights([w.astype(np.float16).astype(np.float32) for w in network.get_weights()])


def _judged(evaluator: Evaluator, data: Data, seed: int) -> Evaluator:
    """The same one with its accuracy and floor in the record."""
    x, labels = _some(data.test, seed)
    right = evaluator.labels(x).reshape(len(x), -1) == labels[:, None]
    accuracy = of_mean(right.mean(axis=1), seed=seed)
    features, random, half = evaluator.features(x), np.random.default_rng(seed), len(x) // 2
    distances = []
    for _ in range(_HALVINGS):
        order = random.permutation(len(x))
        a, b = (
            FeatureMoments().add(features[part].reshape(-1, features.shape[-1]))
            for part in (order[:half], order[half : 2 * half])
        )
        distances.append(frechet_distance(a, b))
    low, high = np.quantile(distances, (0.025, 0.975))
    floor = Estimate(float(np.mean(distances)), float(low), float(high), half)
    return Evaluator(replace(evaluator.record, accuracy=accuracy, floor=floor), evaluator.network)
