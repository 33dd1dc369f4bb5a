"""AC-GAN: the discriminator also classifies. Odena, Olah & Shlens, arXiv 1610.09585."""

from collections.abc import Mapping
from typing import final

import tensorflow as tf

from zoo.claims import Claim
from zoo.gans.family import Adversarial, classes_of
from zoo.losses.adversarial import non_saturating
from zoo.model import Signature, Spec, Terms, from_wire, images_spec, label_spec, seed_spec, to_wire
from zoo.networks.adversaries import adversaries
from zoo.noise import Seed
from zoo.registry import recipe


@final
class ACGAN(Adversarial):
    """G is told a class; D has two tasks, to tell real from fake and to name the class."""

    def tell(self, label: tf.Tensor, seed: Seed) -> tf.Tensor:
        """The label, one-hot."""
        return tf.one_hot(label, self.spec.classes)

    def show(self, x: tf.Tensor, told: tf.Tensor) -> tf.Tensor:
        """D is not told the class."""
        return x

    def task(self, outputs: tf.Tensor, told: tf.Tensor, *, real: bool) -> Terms:
        """−L_C, equation 3: the log-likelihood of the right class, of real examples and of fakes."""
        loss = tf.nn.softmax_cross_entropy_with_logits(told, outputs)
        return {"real_class" if real else "fake_class": loss}

    def sample(self, seed: tf.Tensor, label: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Seeds and labels (B,) -> images in [0, 1]; row i depends on seed[i] and label[i] alone."""
        return self.generate(self.noise(Seed.of(seed)), label)

    def generate(self, latents: tf.Tensor, label: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Latents (B, Z) and labels (B,) -> images in [0, 1]."""
        return {"images": to_wire(self.draw(latents, tf.one_hot(label, self.spec.classes)))}

    def discriminate(self, images: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Images in [0, 1] -> the logit and probability of being real (B,), and logits of the classes (B, K)."""
        opinion, class_logits = self.opinion(from_wire(images))
        return {**opinion, "class_logits": class_logits}

    def signatures(self) -> Mapping[str, Signature]:
        """sample, generate, discriminate."""
        return {
            "sample": Signature(self.sample, {"seed": seed_spec(), "label": label_spec()}),
            "generate": Signature(self.generate, {"latents": self.latents_spec, "label": label_spec()}),
            "discriminate": Signature(self.discriminate, {"images": images_spec(self.spec)}),
        }


@recipe(
    family="gan",
    reference="arXiv 1610.09585",
    claims=(
        Claim("gives the class asked for", "agreement", "0.9", "above"),
        Claim("and names classes", "class_accuracy", "0.9", "above"),
    ),
    epochs=30,
    batch_size=64,
    learning_rate=2e-4,
    beta_1=0.5,
    ema=0.99,
)
def acgan(spec: Spec, *, networks: str = "dcgan", latent: int = 64, width: int = 48) -> ACGAN:
    """Gives the class asked for: the discriminator also classifies."""
    classes = classes_of(spec)
    G, D = adversaries(networks, latent + classes, spec.shape, outputs=(1 + classes,), width=width)
    return ACGAN(spec, G, D, loss=non_saturating(), told=classes)
