"""Networks of the user's in place of a recipe's own: RUN/networks/NAME.keras, as they were before training.

A run trains copies that are read from these files, so that the run can be continued and restored without the program
that made the networks.
"""

import json
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

import keras

from serving.protocol.files import write_whole
from zoo.core.errors import UserError
from zoo.training.checkpoints import latest

FOLDER = "networks"

Files = Mapping[str, bytes]
"""The contents of Keras's own files, by the names of the networks that they replace."""


def files(folder: Path, networks: Mapping[str, keras.Model]) -> Files:
    """The networks of a run: those given, or else those that its folder has.

    Errors: UserError for a network that Keras cannot write and read again, and for others than the folder has.
    """
    kept = {path.stem: path.read_bytes() for path in sorted((folder / FOLDER).glob("*.keras"))}
    if not networks:
        return kept
    given = {name: _packed(name, network) for name, network in networks.items()}
    if latest(folder) is None:
        return given
    if _architectures(kept) != _architectures(given):
        raise UserError(
            f"{folder} holds a run with other networks ({', '.join(sorted(kept)) or 'none of yours'}). Give the same "
            "networks to continue it, or another folder."
        )
    return kept


def write(folder: Path, networks: Files) -> None:
    """Writes what `files` gave into a run's folder."""
    for name, content in networks.items():
        write_whole(folder / FOLDER / f"{name}.keras", content)


def models(networks: Files) -> dict[str, keras.Model]:
    """New networks of these files."""
    return {name: _unpacked(name, content) for name, content in networks.items()}


def _packed(name: str, network: keras.Model) -> bytes:
    if not network.built:
        raise UserError(f"{name} is not built yet: its shapes are not known. Begin it with a keras.Input.")
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch, f"{name}.keras")
        network.save(path)
        return path.read_bytes()


def _unpacked(name: str, content: bytes) -> keras.Model:
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch, f"{name}.keras")
        path.write_bytes(content)
        try:
            network = keras.saving.load_model(path, compile=False)
        except (TypeError, ValueError) as error:
            first = str(error).strip().splitlines()[0].partition(". ")[0]
            raise UserError(
                f"Keras cannot read {name} again after writing it ({first}). Register layers of your own with "
                "@keras.saving.register_keras_serializable(), and use no Lambda layers."
            ) from None
    network.name = name
    return network


def _architectures(networks: Files) -> dict[str, str]:
    return {name: _architecture(network) for name, network in models(networks).items()}


def _architecture(network: keras.Model) -> str:
    """What a network is, without the names of layers, which Keras counts up from program to program."""
    text = json.dumps(keras.saving.serialize_keras_object(network), sort_keys=True)
    for i, name in enumerate(dict.fromkeys(re.findall(r'"name": "([^"]*)"', text))):
        text = text.replace(f'"{name}"', f'"{i}"')
    return text
