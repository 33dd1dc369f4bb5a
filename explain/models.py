"""The sources that are models: a SavedModel on disk, and a model behind a server."""

import abc
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, final

import numpy as np
from numpy.typing import NDArray

from explain import targets
from explain.errors import RequestError
from explain.sources import CHUNK, Source


class Model(Source):
    """A model with signatures. A context manager, which closes what was opened for it."""

    _signatures: Mapping[str, targets.Signature]
    _target: targets.Target
    _label: int | None
    _held: ExitStack

    @abc.abstractmethod
    def run(self, signature: str, inputs: Mapping[str, NDArray], output: str) -> NDArray:
        """One output of one call of `signature`; the batch is dimension 0."""

    @property
    def shape(self) -> tuple[int | None, ...] | None:
        """(H, W, C) of the images that the target takes; None for what is free."""
        return self._target.shape

    def evaluate(self, images: NDArray[np.float32]) -> NDArray:
        inputs = self._target.inputs(images, self._label)
        return self._target.pick(self.run(self._target.signature, inputs, self._target.output))

    def sample(self, seed: int) -> NDArray[np.float32]:
        """The model's own image (H, W, C) in [0, 1] with this seed. Errors: RequestError if it draws none."""
        takes = set(self._signatures["sample"].inputs) if "sample" in self._signatures else set()
        if "seed" not in takes or takes - {"seed", "label"}:
            raise RequestError(f"{self.model!r} draws no samples: it has no signature sample(seed). Give an image.")
        inputs = {"seed": np.array([seed], np.int64)}
        if "label" in takes:
            if self._label is None:
                raise RequestError(f"{self.model!r} draws samples of a class. Say which: label=0, 1, ...")
            inputs["label"] = np.array([self._label], np.int64)
        return np.asarray(self.run("sample", inputs, "images")[0], np.float32)

    def close(self) -> None:
        """Closes what was opened for the model; a server's model cannot be evaluated afterwards."""
        self._held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@final
class Local(Model):
    """A SavedModel on disk, run in this process by TensorFlow.

    `path` is MODELS/NAME/VERSION, MODELS/NAME, or MODELS with the name in `model`; the default is the largest
    version. `target`: see targets.py. `label`: the class, for conditional models. Errors: RequestError.
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
        from serving.engine import SavedModel

        self._saved_model = SavedModel(folder)
        self._held = ExitStack()
        self._signatures = self._saved_model.signatures
        self._target, self._label = targets.resolve(self._signatures, target, label), label
        self.model, self.version = folder.parent.name, int(folder.name)
        self.target, self.chunk = str(self._target), chunk

    def run(self, signature: str, inputs: Mapping[str, NDArray], output: str) -> NDArray:
        return self._saved_model.run(signature, dict(inputs), outputs=[output])[output]


class Predictor(Protocol):
    """What `Remote` needs of a client; `serving.Client` is one."""

    def metadata(self, model: str, version: int | None = None) -> Any: ...

    def predict(
        self, model: str, inputs: Mapping[str, Any], *, signature: str, version: int | None, outputs: list[str]
    ) -> Mapping[str, NDArray]: ...


@final
class Remote(Model):
    """A model behind TF Serving's gRPC API.

    `address` is HOST:PORT, or a client, which stays open. The version is settled once, here, and named by every
    call, so that a new version cannot take over midway. The rest is as for `Local`.
    Errors: RequestError, serving.errors.ServingError.
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
        with ExitStack() as held:
            self._client = held.enter_context(_connect(address)) if isinstance(address, str) else address
            metadata = self._client.metadata(model, version=version)
            self._signatures = metadata.signatures
            self._target, self._label = targets.resolve(self._signatures, target, label), label
            self._held = held.pop_all()
        self.model, self.version = model, int(metadata.version)
        self.target, self.chunk = str(self._target), chunk

    def run(self, signature: str, inputs: Mapping[str, NDArray], output: str) -> NDArray:
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
        name = path.resolve().name
        if not name.isdecimal() or version not in (None, int(name)):
            right = "a number" if version is None else str(version)
            raise RequestError(f"The version's folder {path} should have {right} for its name, as NAME/1.")
        return path.resolve()
    home = path / model if model is not None else path
    versions = sorted(int(p.parent.name) for p in home.glob("*/saved_model.pb") if p.parent.name.isdecimal())
    if not versions:
        models = sorted({p.parent.parent.name for p in path.glob("*/*/saved_model.pb")})
        hint = f"Name one of its models: {', '.join(models)}." if models else "Export a model there first."
        raise RequestError(f"{home} holds no version of a model, as in NAME/1/saved_model.pb. {hint}")
    if version is not None and version not in versions:
        raise RequestError(f"{home} has no version {version}. It has: {', '.join(map(str, versions))}.")
    return (home / str(versions[-1] if version is None else version)).resolve()
