"""Training an evaluator: by the zoo's engine, as a model with one player."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import final

import keras
import numpy as np
import tensorflow as tf

from zoo.core.config import TrainConfig
from zoo.core.errors import UserError
from zoo.core.features import Spec, image
from zoo.core.model import Batch, GenerativeModel, Metric, Player, Signature, Terms
from zoo.core.random import Seed
from zoo.data import Data, Split
from zoo.data.splits import Arrays
from zoo.display.progress import Bar
from zoo.evaluation.evaluators.evaluator import Evaluator, Record
from zoo.evaluation.evaluators.network import classifier
from zoo.evaluation.metrics.bootstrap import Estimate, of_mean
from zoo.evaluation.metrics.frechet import FeatureMoments, frechet_distance
from zoo.training import strategy
from zoo.training.record import versions
from zoo.training.trainer import Trainer

_SHIFT = 0.08
"""How far an image is shifted at most, as a share of its side: a little more data."""
_HALVINGS = 40
_ROWS = 5000
"""Examples for the scale of the features, the accuracy and the floor, at most."""


@final
class _Classifier(GenerativeModel):
    """One player that learns the classes of randomly shifted images."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        height, width, channels = spec.shape
        self.network = classifier((height, width, channels), spec.classes)
        self.players = [Player("classifier", [self.network], self.loss)]

    def loss(self, batch: Batch, seed: Seed) -> Terms:
        """The cross-entropy, and the accuracy as a metric."""
        x, label = batch[self.spec.target], batch["label"]
        _, logits = self.network(_shifted(x, seed.uniform((2,), -_SHIFT, _SHIFT)), training=True)
        right = tf.cast(tf.equal(tf.argmax(logits, axis=1), label), tf.float32)
        entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(label, logits)
        return {"cross_entropy": entropy, "accuracy": Metric(right)}

    @property
    def averaged(self) -> Sequence[keras.Model]:
        """None: it does not generate."""
        return []

    def signatures(self) -> Mapping[str, Signature]:
        """None: evaluators are not served."""
        return {}

    def preview(self, batch: Batch, seed: Seed) -> tf.Tensor:
        """The images themselves."""
        return batch[self.spec.target]


def _shifted(x: tf.Tensor, shares: tf.Tensor) -> tf.Tensor:
    """Images (B, H, W, C), each shifted by whole pixels, (B, 2) shares of its sides; edges are repeated."""
    height, width = x.shape[1], x.shape[2]
    rows, columns = (
        tf.clip_by_value(tf.range(side) - tf.cast(tf.round(shares[:, i : i + 1] * side), tf.int32), 0, side - 1)
        for i, side in enumerate((height, width))
    )
    return tf.gather(tf.gather(x, rows, axis=1, batch_dims=1), columns, axis=2, batch_dims=1)


def train(data: Data, *, command: str, epochs: int = 20, batch_size: int = 64, seed: int = 0) -> Evaluator:
    """An evaluator, trained on the training split; its accuracy and floor are measured on the test split.

    Of videos it learns the class of each frame, which is the video's.

    Args:
      command: that trains it again, for its record.

    Errors: UserError for data without classes, without images or with too few; zoo.training.trainer.Diverged.
    """
    _check(data)
    spec, split = _frame_spec(data.spec), _frames(data)
    config = TrainConfig(epochs=epochs, batch_size=min(batch_size, split.count), seed=seed, schedule="cosine")
    steps = split.count // config.batch_size * epochs
    keras.utils.set_random_seed(seed)
    placed = strategy.get("one")
    model = _Classifier(spec)
    trainer = Trainer(model, config, placed, total_steps=steps)
    batches = strategy.iterate(placed, lambda *_: split.batches(config.batch_size, seed=seed, steps=steps))
    with Bar(total=steps, unit="steps", label="evaluator") as bar:
        for terms in trainer.run(batches, steps):
            bar.note(f"accuracy {terms['classifier/accuracy']:.2f}")
            bar.update()
    _finish(model.network, _some(split, seed)[spec.target])
    record = Record(
        data.name, model.network.input_shape[1:], spec.features["label"].names, command, versions=versions()
    )
    return _measured(Evaluator(record, model.network), data, seed)


def _check(data: Data) -> None:
    if data.spec.kind not in ("image", "video") or data.spec.classes < 2:
        raise UserError(
            f"An evaluator is a classifier of images; {data.name} has examples of shape {data.spec.shape} and "
            f"{data.spec.classes} classes. Sort images into a folder for each class."
        )
    if data.test.count < 4:
        raise UserError(f"{data.name} has {data.test.count} examples for testing; at least four are needed. Add some.")


def _frame_spec(spec: Spec) -> Spec:
    """Of images, or of the frames of videos, with their class."""
    height, width, channels = spec.shape[-3:]
    features = {spec.target: image(height, width, channels), "label": spec.features["label"]}
    return Spec(features, (spec.target,), ("label",))


def _frames(data: Data) -> Split:
    """The training split, or all frames of its videos."""
    if data.spec.kind == "image":
        return data.train
    arrays = data.train.arrays()
    target, x = data.spec.target, arrays[data.spec.target]
    return Arrays({target: x.reshape(-1, *x.shape[2:]), "label": arrays["label"].repeat(x.shape[1])})


def _some(split: Split, seed: int) -> Mapping[str, np.ndarray]:
    """All examples; of a large split `_ROWS`, from anywhere in it."""
    if split.count <= _ROWS:
        return split.arrays()
    batch = next(iter(split.batches(_ROWS, seed=seed, steps=1)))
    return {name: value.numpy() for name, value in batch.items()}


def _finish(network: keras.Model, x: np.ndarray) -> None:
    """Scales the features to a mean variance of 1, which leaves the logits as they are; rounds weights to float16."""
    scale = float(np.sqrt(network.predict(x, verbose=0)[0].var(axis=0).mean()))
    for name, factors in (("features", (1 / scale, 1 / scale)), ("logits", (scale, 1.0))):
        layer = network.get_layer(name)
        layer.set_weights([w * factor for w, factor in zip(layer.get_weights(), factors, strict=True)])
    network.set_weights([w.astype(np.float16).astype(np.float32) for w in network.get_weights()])


def _measured(evaluator: Evaluator, data: Data, seed: int) -> Evaluator:
    """The same one with its accuracy and floor in the record."""
    test = _some(data.test, seed)
    x, labels = test[data.spec.target], test["label"]
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
