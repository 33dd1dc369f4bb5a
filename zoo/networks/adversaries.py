"""Pairs of a generator and a discriminator, by name."""

import keras

from zoo.core.errors import UserError, unknown
from zoo.networks import dcgan, resnet, subpixel
from zoo.networks.mlp import mlp
from zoo.networks.norms import NORMS
from zoo.networks.own import Own, Shape, check_names, choose
from zoo.networks.translator import patch_discriminator
from zoo.networks.unet import unet_discriminator

NETWORKS = ("mlp", "dcgan", "resnet", "subpixel", "patch", "unet")


def adversaries(
    networks: str,
    latent: int,
    shape: tuple[int, ...],
    *,
    condition: int = 0,
    outputs: tuple[int, ...] = (),
    hidden: tuple[int, ...] = (256, 256),
    width: int = 64,
    norm: str = "batch",
    own: Own | None = None,
) -> tuple[keras.Model, keras.Model]:
    """A generator (B, latent) -> examples (B, *shape) in [-1, 1], and a discriminator of them -> logits (B, *outputs).

    Args:
      condition: channels that the discriminator takes beside those of an example.
      networks: `mlp` of `hidden` units a layer, or convolutional networks of `width` channels at the finest level:
        `dcgan`; `resnet`; `subpixel`, with the discriminator of dcgan; `patch` and `unet`, with the generator of dcgan
        and a discriminator that gives a logit for each patch or pixel.
      outputs: shape of the discriminator's output for one example; () for one logit.
      norm: of the discriminator: batch, none or spectral. An mlp has no batch normalisation.
      own: the user's `generator` and `discriminator`, instead of those by name. The discriminator's logits are (B,),
        (B, 1), or (B, h, w) of patches; with `outputs` they are (B, *outputs).

    Errors: UserError for a name that is not known, and for data that the networks are not for.
    """
    if networks not in NETWORKS:
        raise unknown("kind of networks", networks, NETWORKS)
    if norm not in NORMS:
        raise unknown("norm", norm, NORMS)
    if networks in ("patch", "unet") and outputs:
        raise UserError(
            f"The discriminator of networks={networks} has no further outputs, which this model needs. Try "
            "networks=dcgan."
        )
    check_names(own, ("generator", "discriminator"))
    shown = (*shape[:-1], shape[-1] + condition)

    def generator() -> keras.Model:
        if networks == "mlp":
            return mlp((latent,), hidden, shape, output="tanh", name="generator")
        return {"resnet": resnet, "subpixel": subpixel}.get(networks, dcgan).generator(latent, shape, width=width)

    def discriminator() -> keras.Model:
        if networks == "mlp":
            return mlp(shown, hidden[::-1], outputs, activation="leaky_relu", norm=norm, name="discriminator")
        if networks in ("patch", "unet"):
            return {"patch": patch_discriminator, "unet": unet_discriminator}[networks](shown, width=width, norm=norm)
        return (resnet if networks == "resnet" else dcgan).discriminator(shown, outputs=outputs, width=width, norm=norm)

    logits: list[Shape] = [outputs] if outputs else [(), (1,), (None, None)]
    return (
        choose(own, "generator", (latent,), shape, generator),
        choose(own, "discriminator", shown, logits, discriminator),
    )
