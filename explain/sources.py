"""Where the target's values come from: a Python function, a SavedModel on disk, or a served model."""

import abc
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, final

import numpy as np
from numpy.typing import NDArray

from explain import targets
from explain.errors import RequestError

CHUNK = 256
"""Images in a call: over gRPC 100 to 250 is fastest, and a call's memory stays small."""


class Source(abc.ABC):
    """A model and the target in it. Stateless for its users: the same images give the same values."""

    model: str
    version: int | None
    target: str
    chunk: int

    @abc.abstractmethod
    def evaluate(self, images: NDArray[np.float32]) -> NDArray:
        """One call: images (n, H, W, C) in [0, 1] -> the target's values (n,) or (n, 1)."""


@final
class Meter:
    """Evaluates a source and counts what that takes. One for each explanation."""

    def __init__(self, source: Source) -> None:
        if source.chunk < 2:
            raise RequestError(f"A call takes 2 images or more, usually {CHUNK}; received {source.chunk}.")
        self._source = source
        self.chunk = source.chunk
        self.calls = 0
        self.evaluations = 0

    def __call__(self, images: NDArray[np.float32]) -> NDArray[np.float64]:
        """One call: images (n, H, W, C), n at most `chunk` -> (n,). Errors: ModelError, the source's own."""
        self.calls += 1
        self.evaluations += len(images)
        return targets.one_a_row(self._source.evaluate(images), len(images))


@final
class Function(Source):
    """A Python function of images (n, H, W, C) to (n,) or (n, 1)."""

    def __init__(self, function: Callable[[NDArray[np.float32]], Any], *, name: str = "function", chunk: int = CHUNK):
        self.model, self.version, self.target, self.chunk = name, None, "value", chunk
        self._function = function

    def evaluate(self, images: NDArray[np.float32]) -> NDArray:
        return np.asarray(self._function(images))


@final
class Local(Source):
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
        self._target = targets.resolve(self._saved_model.signatures, target, label)
        self._label = label
        self.model, self.version = folder.parent.name, int(folder.name)
        self.target, self.chunk = str(self._target), chunk

    def evaluate(self, images: NDArray[np.float32]) -> NDArray:
        inputs, output = self._target.inputs(images, self._label), self._target.output
        answer = self._saved_model.run(self._target.signature, inputs, outputs=[output])
        return self._target.pick(answer[output])


class Predictor(Protocol):
    """What `Remote` needs of a client; `serving.Client` is one."""

    def metadata(self, model: str, version: int | None = None) -> Any: ...

    def predict(
        self,
        model: str,
        inputs: Mapping[str, Any],
        *,
        signature: str,
        version: int | None,
        outputs: list[str],
    ) -> Mapping[str, NDArray]: ...


@final
class Remote(Source):
    """A model behind TF Serving's gRPC API. A context manager, which closes the connection that it opened.

    `address` is HOST:PORT, or a client, which stays open. The version is settled once, here, and named by every
    call, so that a new version cannot take over midway. Errors: RequestError, serving.errors.ServingError.
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
        with ExitStack() as stack:
            self._client = stack.enter_context(_connect(address)) if isinstance(address, str) else address
            metadata = self._client.metadata(model, version=version)
            self._target = targets.resolve(metadata.signatures, target, label)
            self._owned = stack.pop_all()
        self._label = label
        self.model, self.version = model, int(metadata.version)
        self.target, self.chunk = str(self._target), chunk

    def evaluate(self, images: NDArray[np.float32]) -> NDArray:
        answer = self._client.predict(
            self.model,
            self._target.inputs(images, self._label),
            signature=self._target.signature,
            version=self.version,
            outputs=[self._target.output],
        )
        return self._target.pick(answer[self._target.output])

    def close(self) -> None:
        """Closes the connection, if it was opened here."""
        self._owned.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


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
            raise RequestError(f"The version's folder {path} should have {right} for its name: NAME/1, NAME/2, ...")
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
