"""InfoGAN: codes that say something, without labels. Chen et al., arXiv 1606.03657."""

from collections.abc import Mapping
from typing import Any, final

import keras
import tensorflow as tf

from zoo.claims import Claim
from zoo.gans.family import Adversarial
from zoo.losses.adversarial import non_saturating
from zoo.losses.information import mutual_information
from zoo.model import Signature, Spec, Terms, from_wire, images_spec, label_spec, seed_spec, to_wire
from zoo.networks.adversaries import adversaries
from zoo.noise import Seed
from zoo.registry import recipe


@final
class InfoGAN(Adversarial):
    """G is told a category and continuous codes; Q, which shares all of D but its outputs, reads them from the example.

    Args:
      categories: of the discrete code.
      continuous: how many continuous ones, uniform in [-1, 1].
      information: λ, equation 6.
    """

    def __init__(
        self,
        spec: Spec,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        categories: int,
        continuous: int,
        information: float,
        **options: Any,
    ) -> None:
        self.categories, self.continuous, self.information = categories, continuous, information
        super().__init__(spec, generator, discriminator, told=categories + continuous, **options)

    def tell(self, label: tf.Tensor, seed: Seed) -> tf.Tensor:
        """Codes (B, K + C), drawn: a category, one-hot, and continuous ones."""
        category = tf.cast(seed.fold("category").uniform((), 0.0, self.categories), tf.int64)
        return self.code(category, seed.fold("continuous").uniform((self.continuous,), -1.0, 1.0))

    def code(self, category: tf.Tensor, continuous: tf.Tensor) -> tf.Tensor:
        """c (B, K + C) of categories (B,) and continuous codes (B, C)."""
        return tf.concat([tf.one_hot(category, self.categories), continuous], axis=1)

    def show(self, x: tf.Tensor, told: tf.Tensor) -> tf.Tensor:
        """D is not told the codes."""
        return x

    def task(self, outputs: tf.Tensor, told: tf.Tensor, *, real: bool) -> Terms:
        """−λ L_I(G, Q), of fakes: equations 5 and 6. Q is D's, and so D pays it as well."""
        if real:
            return {}
        return {"information": -self.information * mutual_information(told, outputs, self.categories)}

    def sample(self, seed: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Seeds (B,) -> images in [0, 1]; row i depends on seed[i] alone, and so do its codes."""
        key = Seed.of(seed)
        return {"images": to_wire(self.draw(self.noise(key), self.tell(seed, key)))}

    def generate(self, latents: tf.Tensor, category: tf.Tensor, continuous: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Latents (B, Z), categories (B,) and continuous codes (B, C) in [-1, 1] -> images in [0, 1]."""
        return {"images": to_wire(self.draw(latents, self.code(category, continuous)))}

    def discriminate(self, images: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Images in [0, 1] -> the logit and probability of being real (B,), and what Q reads: logits of the categories
        (B, K) and continuous codes (B, C)."""
        opinion, read = self.opinion(from_wire(images))
        return {
            **opinion,
            "category_logits": read[:, : self.categories],
            "continuous": read[:, self.categories :],
        }

    def signatures(self) -> Mapping[str, Signature]:
        """sample, generate, discriminate."""
        continuous = tf.TensorSpec((None, self.continuous), tf.float32)
        codes = {"latents": self.latents_spec, "category": label_spec(), "continuous": continuous}
        return {
            "sample": Signature(self.sample, {"seed": seed_spec()}),
            "generate": Signature(self.generate, codes),
            "discriminate": Signature(self.discriminate, {"images": images_spec(self.spec)}),
        }


@recipe(
    family="gan",
    reference="arXiv 1606.03657",
    claims=(Claim("its categories are classes, unsupervised", "purity", "0.5", "above"),),
    epochs=40,
    batch_size=64,
    learning_rate=2e-4,
    beta_1=0.5,
    ema=0.99,
)
def infogan(
    spec: Spec,
    *,
    networks: str = "dcgan",
    latent: int = 62,
    width: int = 32,
    categories: int = 10,
    continuous: int = 2,
    information: float = 1.0,
) -> InfoGAN:
    """Codes mean something, unsupervised: G may not lose what it is told."""
    told = categories + continuous
    G, D = adversaries(networks, latent + told, spec.shape, outputs=(1 + told,), width=width)
    return InfoGAN(
        spec,
        G,
        D,
        loss=non_saturating(),
        categories=categories,
        continuous=continuous,
        information=information,
    )
