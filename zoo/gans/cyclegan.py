"""CycleGAN: translation between two domains without pairs. Zhu, Park, Isola & Efros, arXiv 1703.10593."""

from functools import partial
from typing import Any, final

from zoo.core.claims import Claim
from zoo.core.features import Spec
from zoo.core.model import Batch, Terms
from zoo.core.random import Seed
from zoo.core.registry import recipe
from zoo.gans.games.translation import Translation
from zoo.losses.adversarial import least_squares
from zoo.losses.reconstruction import mean_absolute_error
from zoo.networks.own import Own
from zoo.networks.translator import two_domains


@final
class CycleGAN(Translation):
    """G: A -> B and F: B -> A are trained to be inverse to each other. Equation 3; D_A and D_B have a pool (section 4).

    Args:
      cycle: λ, weight of the cycle consistency loss.
      identity: weight of the identity loss, by which a translator leaves images of its target domain as they are
        (section 5.2, on paintings).
    """

    def __init__(self, *parts: Any, cycle: float, identity: float, **options: Any) -> None:
        super().__init__(*parts, **options)
        self.cycle, self.identity = cycle, identity

    def generators_loss(self, batch: Batch, seed: Seed) -> Terms:
        """L_GAN(G, D_B) + L_GAN(F, D_A) + λ L_cyc(G, F), equations 1 to 3, and L_identity."""
        G, F = partial(self.G, training=True), partial(self.F, training=True)
        a, b = (batch[name] for name in self.spec.targets)
        to_a, to_b = F(b), G(a)
        back = mean_absolute_error(F(to_b), a) + mean_absolute_error(G(to_a), b)
        terms = {
            "a": self.adversarial_loss.generator(self.D_A(to_a, training=True)),
            "b": self.adversarial_loss.generator(self.D_B(to_b, training=True)),
            "cycle": self.cycle * back,
        }
        if self.identity:
            terms["identity"] = self.identity * (mean_absolute_error(F(a), a) + mean_absolute_error(G(b), b))
        return terms


@recipe(
    family="gan",
    reference="arXiv 1703.10593",
    claims=(
        Claim("translates without pairs", "translation_error", "untranslated"),
        Claim("and its cycle loss makes translations reversible", "cycle_error", "cyclegan cycle=0"),
    ),
    data="domains:mnist-5k+edges",
    kinds=("image",),
    targets=2,
    epochs=8,
    batch_size=16,
    learning_rate=2e-4,
    beta_1=0.5,
)
def cyclegan(
    spec: Spec,
    own: Own | None = None,
    *,
    width: int = 16,
    blocks: int = 3,
    cycle: float = 10.0,
    identity: float = 0.0,
    pool: int = 50,
) -> CycleGAN:
    """Translates between two domains, learnt without pairs.

    Args:
      width: channels of the translators at full resolution; the discriminators have twice as many.
      blocks: residual blocks in the middle of each translator.
      cycle: λ, weight of the cycle consistency loss.
      identity: weight of the identity loss, by which a translator leaves images of its target domain as they are.
      pool: number of earlier translations that each discriminator is shown again; at least the batch size.
    """
    shapes = (Spec(spec.features, (name,)).shape for name in spec.targets)
    translators, discriminators = two_domains(*shapes, width=width, blocks=blocks, own=own)
    return CycleGAN(spec, translators, discriminators, loss=least_squares(), cycle=cycle, identity=identity, pool=pool)
