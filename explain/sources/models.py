"""Exported models as sources: `Local` reads a SavedModel from disk, `Remote` calls a server."""

import abc
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, final

import numpy as np
from numpy.typing import NDArray

from explain.errors import RequestError
from explain.sources import targets
from explain.sources.source import CHUNK, Function, Gradients, Source
from serving.protocol import versions

IN_FLIGHT = 4
"""Concurrent calls to a server; one explanation rarely takes more calls than that."""


class Model(Source):
    """A model with signatures. A context manager that closes what it opened."""

    _signatures: Mapping[str, targets.Signature]
    _target: targets.Target
    _label: int | None
    _opened: ExitStack

    def _resolve(self, signatures: Mapping[str, targets.Signature], target: str | None, label: int | None) -> None:
        """Resolves the target by name. Errors: RequestError."""
        self._signatures, self._label = signatures, label
        self._target = targets.resolve(signatures, target, label)
        self.target, self.shape = str(self._target), self._target.shape
        self.probability = self._target.probability

    @abc.abstractmethod
    def run(self, signature: str, inputs: Mapping[str, NDArray[Any]], output: str) -> NDArray[Any]:
        """Calls `signature` once and returns one output, batch first."""

    def evaluate(self, inputs: NDArray[Any]) -> NDArray[Any]:
        """One call: inputs (n, ...), images in [0, 1] -> the target (n,) or (n, 1)."""
        tensors = self._target.inputs(inputs, self._label)
        return self._target.pick(self.run(self._target.signature, tensors, self._target.output))

    def sample(self, seed: int) -> NDArray[np.float32]:
        """A generated image or video in [0, 1]. Errors: RequestError if the model generates none."""
        takes = set(self._signatures["sample"].inputs) if "sample" in self._signatures else set()
        if "seed" not in takes or takes - {"seed", "label"}:
            raise RequestError(f"{self.model!r} generates no samples: it has no signature sample(seed). Give an image.")
        output = min(self._signatures["sample"].outputs)  # images or videos
        inputs = {"seed": np.array([seed], np.int64)}
        if "label" in takes:
            if self._label is None:
                raise RequestError(f"{self.model!r} generates samples of a class. Give the class: label=0, 1, ...")
            inputs["label"] = np.array([self._label], np.int64)
        return np.asarray(self.run("sample", inputs, output)[0], np.float32)

    def close(self) -> None:
        """Closes the connection to the server, if any; a remote model cannot be evaluated afterwards."""
        self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@final
class Local(Model):
    """A SavedModel on disk, run in this process by TensorFlow.

    Parameters:
      path: MODELS/NAME/VERSION, MODELS/NAME, or MODELS with the name in `model`.
      target: `signature:output`, `output`, `output[k]` or a margin `output[a]-output[b]`; default logits, else score.
      label: the class, for conditional models.
      version: default the largest.
      chunk: the most inputs per call.

    Errors: RequestError.
    """

    def __init__(
        self,
        path: str | Path,
        model: str | None = None,
        *,
        target: str | None = None,
        label: int | None = None,
        version: int | None = None,
        chunk: int = CHUNK,
    ) -> None:
        folder = find_version(Path(path), model, version)
        from serving.models.saved_model import SavedModel

        self._saved_model = SavedModel(folder)
        self._opened = ExitStack()
        self._resolve(self._saved_model.signatures, target, label)
        self.folder, self.model, self.version, self.chunk = folder, folder.parent.name, int(folder.name), chunk

    def run(self, signature: str, inputs: Mapping[str, NDArray[Any]], output: str) -> NDArray[Any]:
        """Calls `signature` once and returns one output, batch first."""
        return self._saved_model.run(signature, dict(inputs), outputs=[output])[output]

    def shuffled(self, seed: int) -> Source:
        """The same network with the values of each variable permuted."""
        from explain.sources.gradients import LoadedTarget

        loaded = LoadedTarget(self.folder, self._target, self._label)
        loaded.shuffle(seed)
        name = f"{self.model} with shuffled weights"
        return Function(loaded.values, name=name, chunk=self.chunk, probability=self.probability)

    def gradients(self) -> Gradients:
        """The target with its gradients, by TensorFlow."""
        from explain.sources.gradients import LoadedTarget

        return LoadedTarget(self.folder, self._target, self._label)


class Predictor(Protocol):
    """The methods of a client that `Remote` calls; `serving.Client` has them."""

    def metadata(self, model: str, version: int | None = None) -> Any:
        """The version that answers, and its signatures."""

    def predict(
        self, model: str, inputs: Mapping[str, Any], *, signature: str, version: int | None, outputs: list[str]
    ) -> Mapping[str, NDArray[Any]]:
        """Outputs by name."""


@final
class Remote(Model):
    """A model behind TF Serving's gRPC API.

    `address` is HOST:PORT or a client, which stays open. The version is resolved once, at the start, and sent with each
    call, so that a new version cannot answer half of the calls. The other arguments are those of `Local`.

    Errors: RequestError, serving.protocol.errors.ServingError.
    """

    def __init__(
        self,
        address: str | Predictor,
        model: str,
        *,
        target: str | None = None,
        label: int | None = None,
        version: int | None = None,
        chunk: int = CHUNK,
    ) -> None:
        with ExitStack() as opened:
            self._client = opened.enter_context(_connect(address)) if isinstance(address, str) else address
            metadata = self._client.metadata(model, version=version)
            self._resolve(metadata.signatures, target, label)
            self._opened = opened.pop_all()
        self.model, self.version, self.chunk, self.in_flight = model, int(metadata.version), chunk, IN_FLIGHT

    def run(self, signature: str, inputs: Mapping[str, NDArray[Any]], output: str) -> NDArray[Any]:
        """Calls `signature` once and returns one output, batch first."""
        answer = self._client.predict(self.model, inputs, signature=signature, version=self.version, outputs=[output])
        return answer[output]


def _connect(address: str) -> AbstractContextManager[Predictor]:
    from serving import Client

    return Client(address)


def find_version(path: Path, model: str | None, version: int | None) -> Path:
    """The folder of one version, NAME/VERSION. Errors: RequestError, with what was found instead."""
    if not path.is_dir():
        raise RequestError(f"There is no folder {path}. Give the models' folder, a model's, or a version's.")
    if (path / "saved_model.pb").is_file():
        return _version_folder(path.resolve(), version)
    home = path / model if model is not None else path
    found = versions.servable(home)
    if not found:
        models = versions.models(path)
        hint = f"Name one of its models: {', '.join(models)}." if models else "Export a model there first."
        raise RequestError(f"{home} holds no version of a model, as in NAME/1/saved_model.pb. {hint}")
    if version is not None and version not in found:
        raise RequestError(f"{home} has no version {version}. It has: {', '.join(map(str, found))}.")
    return found[max(found) if version is None else version].resolve()


def _version_folder(path: Path, version: int | None) -> Path:
    number = versions.number(path.name)
    if number is None or version not in (None, number):
        right = "a number" if version is None else str(version)
        raise RequestError(f"The version's folder {path} should have {right} for its name, as NAME/1.")
    if not versions.complete(path):
        raise RequestError(f"{path} is half a SavedModel: files of its variables are missing. Copy it again.")
    return path
