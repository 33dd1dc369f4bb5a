"""A training run as a model."""

import functools
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import keras
import tensorflow as tf

from serving.client import Metadata
from zoo.api import specs
from zoo.api.model import Model
from zoo.api.values import Tensors, in_pieces
from zoo.core.errors import UserError
from zoo.display import pictures
from zoo.export import savedmodel
from zoo.training import run

if TYPE_CHECKING:
    from explain import Remote


@final
class Run(Model):
    """A trained run, with the weights of its last checkpoint. `zoo.train` and `zoo.load` make one.

    Attributes:
      folder: of the run. A temporary one is removed with this object; `save` keeps it.
      config: the whole configuration.
      model: the generative model itself, with its `spec`, `players` and networks; [-1, 1] inside.
    """

    version = None

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.model, self.config = run.restore(folder)
        self.name = self.config.model
        self._signatures = self.model.signatures()
        self.signatures = specs.signatures(self._signatures)
        self._meanings = specs.meanings(self.model.spec)
        self._function = functools.cache(self._compiled)

    @property
    def networks(self) -> dict[str, keras.Model]:
        """The model's Keras networks by name."""
        found: dict[str, keras.Model] = {}
        for network in self.model.networks:
            same = sum(name.partition("#")[0] == network.name for name in found)
            found[f"{network.name}#{same + 1}" if same else network.name] = network
        return found

    @property
    def log(self) -> dict[str, list[float]]:
        """The means of each epoch by name, as in log.csv."""
        return {name: list(column) for name, column in pictures.read_log(self.folder / "log.csv").items()}

    def export(self, models: str | Path = "models", name: str | None = None) -> Path:
        """Writes the next version of models/NAME, a SavedModel that TF Serving serves; returns its folder.

        Args:
          models: the folder of models.
          name: by default the recipe's.
        """
        return savedmodel.export(self.folder, Path(models), name)

    def save(self, folder: str | Path) -> Path:
        """Copies the run to a folder that does not exist yet. Errors: UserError where it does."""
        path = Path(folder).expanduser()
        if path.exists():
            raise UserError(f"{path} exists. Give a folder that does not.")
        shutil.copytree(self.folder, path)
        return path

    def _answer(self, signature: str, tensors: Tensors) -> Mapping[str, Any]:
        return in_pieces(self._function(signature), tensors)

    def _compiled(self, signature: str) -> Callable[[Tensors], Mapping[str, Any]]:
        """A signature as a function that is traced once."""
        offered = self._signatures[signature]
        # A concrete function: TensorFlow would take several functions of the same method for one that is traced again.
        traced = tf.function(offered.serve, input_signature=[offered.wire_inputs]).get_concrete_function()
        return lambda tensors: {name: value.numpy() for name, value in traced(_constants(tensors)).items()}

    def _source(self, target: str | None, label: int | None) -> "Remote":
        from explain import Remote

        return Remote(_Predictor(self), self.name, target=target, label=label)

    def _facts(self) -> Mapping[str, str]:
        parameters = ", ".join(f"{key}={value}" for key, value in self.config.parameters.items())
        return {
            "folder": str(self.folder),
            "data": self.config.data,
            **specs.facts(self.model.spec),
            **({"parameters": parameters} if parameters else {}),
            "epochs": str(len(self.log.get("epoch", ()))),
        }


def _constants(tensors: Tensors) -> dict[str, tf.Tensor]:
    return {name: tf.constant(value) for name, value in tensors.items()}


@final
class _Predictor:
    """A run in the place of a server's client, for explanations."""

    def __init__(self, asked: Run) -> None:
        self._run = asked

    def metadata(self, model: str, version: int | None = None) -> Metadata:
        """The run's signatures; its version counts as 0."""
        return Metadata(model, 0, self._run.signatures)

    def predict(
        self, model: str, inputs: Mapping[str, Any], *, signature: str, version: int | None, outputs: list[str]
    ) -> Mapping[str, Any]:
        """The outputs of a signature."""
        return self._run.call(signature, **inputs)
