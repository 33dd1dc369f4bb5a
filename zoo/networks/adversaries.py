"""Pairs of a generator and a discriminator, by name."""

import keras

from zoo.core.errors import UserError, unknown
from zoo.networks import dcgan, resnet, subpixel
from zoo.networks.mlp import mlp
from zoo.networks.norms import NORMS
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
) -> tuple[keras.Model, keras.Model]:
    """A generator (B, latent) -> examples (B, *shape) in [-1, 1], and a discriminator of them -> logits (B, *outputs).

    Args:
      condition: channels that the discriminator takes beside those of an example.
      networks: `mlp` of `hidden` units a layer, or convolutional networks of `width` channels at the finest level:
        `dcgan`; `resnet`; `subpixel`, with the discriminator of dcgan; `patch` and `unet`, with the generator of dcgan
        and a discriminator that gives a logit for each patch or pixel.
      outputs: shape of the discriminator's output for one example; () for one logit.
      norm: of the discriminator: batch, none or spectral. An mlp has no batch normalisation.

    Errors: UserError for a name that is not known, and for data that the networks are not for.
    """
    if networks not in NETWORKS:
        raise unknown("kind of networks", networks, NETWORKS)
    if norm not in NORMS:
        raise unknown("norm", norm, NORMS)
    shown = (*shape[:-1], shape[-1] + condition)
    if networks == "mlp":
        G = mlp((latent,), hidden, shape, output="tanh", name="generator")
        D = mlp(shown, hidden[::-1], outputs, activation="leaky_relu", norm=norm, name="discriminator")
        return G, D
    G = {"resnet": resnet, "subpixel": subpixel}.get(networks, dcgan).generator(latent, shape, width=width)
    if networks in ("patch", "unet"):
        if outputs:
            raise UserError(
                f"The discriminator of networks={networks} has no further outputs, which this model needs. Try "
                "networks=dcgan."
            )
        return G, {"patch": patch_discriminator, "unet": unet_discriminator}[networks](shown, width=width, norm=norm)
    D = (resnet if networks == "resnet" else dcgan).discriminator(shown, outputs=outputs, width=width, norm=norm)
    return G, D
