"""The command demo."""

from pathlib import Path
from typing import Any

from zoo.cli.command import command
from zoo.cli.flags import Flag


@command(
    "demo",
    example="zoo demo --out demo",
    flags=[
        Flag("out", str, "demo", "folder for the page, and for the runs and models behind it"),
        Flag("data", str, "mnist-5k", "data to train on"),
        Flag("gan_epochs", int, 30, "epochs of the DCGAN"),
        Flag("vae_epochs", int, 30, "epochs of the VAE"),
    ],
)
def _demo(values: Any, positional: list[str]) -> None:
    from zoo.cli import demo

    demo.run(Path(values.out), data=values.data, gan_epochs=values.gan_epochs, vae_epochs=values.vae_epochs)
