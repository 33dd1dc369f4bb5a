"""DVD-GAN: video, judged in space and in time. Clark, Donahue & Simonyan, arXiv 1907.06571."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import final

import keras
import tensorflow as tf

from zoo.claims import Claim
from zoo.losses.adversarial import AdversarialLoss, hinge
from zoo.model import (
    Batch,
    GenerativeModel,
    Player,
    Signature,
    Spec,
    Terms,
    from_wire,
    images_spec,
    label_spec,
    seed_spec,
    to_wire,
)
from zoo.networks.video import frame_discriminator, generator, motion_discriminator
from zoo.noise import Seed
from zoo.registry import recipe
from zoo.resizing import shrink

View = Callable[[tf.Tensor, tf.Tensor, Seed | None], Sequence[tf.Tensor]]
"""Videos, labels -> what a discriminator sees of them, and the labels of that; all of it where there is no seed."""


def half_resolution(videos: tf.Tensor, label: tf.Tensor, seed: Seed | None) -> Sequence[tf.Tensor]:
    """All frames, each side halved: φ of section 3.2, for D_T."""
    return shrink(videos, 2), label


def some_frames(k: int) -> View:
    """k frames of each video, drawn without replacement, one by one: for D_S, section 3.2."""

    def view(videos: tf.Tensor, label: tf.Tensor, seed: Seed | None) -> Sequence[tf.Tensor]:
        frames = videos.shape[1]
        if seed:
            chosen = tf.math.top_k(seed.fold("frames").uniform((frames,)), min(k, frames)).indices
            videos = tf.gather(videos, chosen, batch_dims=1)
        return tf.reshape(videos, (-1, *videos.shape[2:])), tf.repeat(label, videos.shape[1])

    return view


@final
class DVDGAN(GenerativeModel):
    """G draws videos of a class, and pays each discriminator that sees through them.

    Args:
      judges: discriminators by name, [view, label] -> logits, each with its view.
    """

    def __init__(
        self, spec: Spec, G: keras.Model, judges: Mapping[str, tuple[keras.Model, View]], *, loss: AdversarialLoss
    ) -> None:
        self.spec, self.G, self.judges, self.pays = spec, G, judges, loss
        self.latent: int = G.input_shape[0][-1]
        self.players = [
            Player("discriminators", [D for D, _ in judges.values()], self.discriminators_loss),
            Player("generator", [G], self.generator_loss),
        ]

    def discriminators_loss(self, batch: Batch, seed: Seed) -> Terms:
        """What each judge pays for real videos and for fakes of the same classes."""
        fake = self.G([seed.normal((self.latent,)), batch.label], training=True)
        terms = {}
        for name, (D, view) in self.judges.items():
            terms[f"{name}_real"] = self.pays.real(D(view(batch.x, batch.label, seed), training=True))
            terms[f"{name}_fake"] = self.pays.fake(D(view(fake, batch.label, seed), training=True))
        return terms

    def generator_loss(self, batch: Batch, seed: Seed) -> Terms:
        """What G pays each judge."""
        fake = self.G([seed.normal((self.latent,)), batch.label], training=True)
        return {
            name: self.pays.generator(D(view(fake, batch.label, seed), training=True))
            for name, (D, view) in self.judges.items()
        }

    @property
    def averaged(self) -> Sequence[keras.Model]:
        """The generator."""
        return [self.G]

    def sample(self, seed: tf.Tensor, label: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Seeds and labels (B,) -> videos in [0, 1]; row i depends on seed[i] and label[i] alone."""
        return {"videos": to_wire(self.G([Seed.of(seed).normal((self.latent,)), label], training=False))}

    def _score(self, name: str, videos: tf.Tensor, label: tf.Tensor) -> Mapping[str, tf.Tensor]:
        D, view = self.judges[name]
        logits = D(view(from_wire(videos), label, None), training=False)
        return {"score": tf.reduce_mean(tf.reshape(logits, (tf.shape(videos)[0], -1)), axis=1)}

    def signatures(self) -> Mapping[str, Signature]:
        """sample; discriminate_frames, discriminate_motion: videos in [0, 1] and labels -> score (B,)."""
        asked = {"seed": seed_spec(), "label": label_spec()}
        shown = {"videos": images_spec(self.spec), "label": label_spec()}
        judges = {f"discriminate_{name}": Signature(partial(self._score, name), shown) for name in self.judges}
        return {"sample": Signature(self.sample, asked), **judges}

    def pictures(self, batch: Batch, seed: Seed) -> tf.Tensor:
        """Draws of each class in turn."""
        label = tf.range(tf.shape(seed.rows)[0]) % max(1, self.spec.classes)
        return self.G([seed.normal((self.latent,)), tf.cast(label, tf.int64)], training=False)


@recipe(
    family="gan",
    reference="arXiv 1907.06571",
    claims=(
        Claim("a discriminator of frames makes better frames", "frame_distance", "dvdgan spatial=false"),
        Claim("a discriminator of motion makes better motion", "motion_distance", "dvdgan temporal=false"),
    ),
    data="moving-digits",
    epochs=15,
    batch_size=32,
    learning_rate=2e-4,
    beta_1=0.0,
    ema=0.99,
)
def dvdgan(
    spec: Spec, *, latent: int = 32, width: int = 12, frames: int = 2, spatial: bool = True, temporal: bool = True
) -> DVDGAN:
    """Videos of a class asked for: one discriminator looks at frames, one at motion."""
    classes = max(1, spec.classes)
    G = generator(latent, classes, spec.shape, width=width)
    length, *sides, channels = spec.shape
    judges: dict[str, tuple[keras.Model, View]] = {}
    if spatial:
        judges["frames"] = frame_discriminator(classes, spec.shape[1:], width=2 * width), some_frames(frames)
    if temporal:
        half = (length, *((side + 1) // 2 for side in sides), channels)
        judges["motion"] = motion_discriminator(classes, half, width=2 * width), half_resolution
    return DVDGAN(spec, G, judges, loss=hinge())
