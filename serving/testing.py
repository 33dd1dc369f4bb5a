"""A server in memory, for tests of programs that use the client: Python functions with the server's rules and messages.

def draw(seed):
    return {"images": np.zeros((len(seed), 28, 28, 1), np.float32)}

sample = Function(
    draw, {"seed": TensorSpec("int64", (None,))}, {"images": TensorSpec("float32", (None, 28, 28, 1))}
)
with Client("memory", transport=FakeServer({"vae": {"sample": sample}})) as client:
    client.predict("vae", {"seed": [1, 2]}, signature="sample")
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from serving.client.transport import AsyncTransport, Transport
from serving.handlers.service import Service
from serving.protocol import protos, signatures, wire
from serving.protocol.errors import Code, ServerFailure, error
from serving.protocol.signatures import TensorSpec

METHOD = "tensorflow/serving/predict"
_AVAILABLE = 30


@final
@dataclass(frozen=True)
class Function:
    """A signature: a function of arrays by name, with the batch in dimension 0, to outputs by name.

    It may raise a ServingError (`serving.protocol.errors.error`), which the client then raises.
    """

    call: Callable[..., Mapping[str, ArrayLike]]
    inputs: Mapping[str, TensorSpec]
    outputs: Mapping[str, TensorSpec]


@final
class FakeServer(Transport):
    """A transport that runs Python functions: signatures by name, by model.

    Args:
      models: the signatures of each model by name.
      version: the one version that every model has.
    """

    def __init__(self, models: Mapping[str, Mapping[str, Function]], *, version: int = 1) -> None:
        store: Any = _Store({name: _Model(functions) for name, functions in models.items()}, version)
        self._services = Service(store).methods

    def call(self, method: str, request: bytes, timeout: float) -> bytes:
        """See Transport."""
        service, _, name = method.partition("/")
        if name not in self._services.get(service, {}):
            raise error(Code.UNIMPLEMENTED, "Method not found!")
        return self._services[service][name](request, timeout)

    def close(self) -> None:
        """Does nothing."""

    def for_asyncio(self) -> AsyncTransport:
        """The same models for an AsyncClient."""
        return _AsyncFakeServer(self)


@final
class _AsyncFakeServer(AsyncTransport):
    def __init__(self, server: FakeServer) -> None:
        self._server = server

    async def call(self, method: str, request: bytes, timeout: float) -> bytes:
        return self._server.call(method, request, timeout)

    async def close(self) -> None:
        self._server.close()


@final
class _Store:
    """A store of functions, with the methods that the service needs."""

    def __init__(self, models: Mapping[str, "_Model"], version: int) -> None:
        self._models, self._version = models, version

    def get(self, name: str, version: int | None = None) -> tuple[int, "_Model"]:
        if name not in self._models or version not in (None, self._version):
            wanted = f"Latest({name})" if version is None else f"Specific({name}, {version})"
            raise error(Code.NOT_FOUND, f"Servable not found for request: {wanted}")
        return self._version, self._models[name]

    def statuses(self, name: str) -> Sequence[Any]:
        found = SimpleNamespace(version=self._version, state=_AVAILABLE, code=Code.OK, message="")
        return [found] if name in self._models else []


@final
class _Model:
    """A model of functions, with the methods that the service needs."""

    def __init__(self, functions: Mapping[str, Function]) -> None:
        self._functions = functions
        self.definitions = {name: _definition(function) for name, function in functions.items()}
        self.signatures = signatures.parse(self.definitions)

    def parse(self, proto: "protos.TensorProto") -> NDArray[Any] | None:
        try:
            return wire.decode(proto)
        except ServerFailure:
            return None

    def run(
        self, key: str, inputs: Mapping[str, NDArray[Any]], outputs: Sequence[str], timeout: float | None = None
    ) -> dict[str, NDArray[Any]]:
        function = self._functions[key]
        for name, value in inputs.items():
            wanted = function.inputs[name].dtype
            if value.dtype != _dtype(wanted):
                text = f"Expects the input {name} to be {wanted} but {value.dtype.name} is provided"
                raise error(Code.INVALID_ARGUMENT, text)
        found = function.call(**inputs)
        return {name: np.asarray(found[name], _dtype(function.outputs[name].dtype)) for name in outputs}


def _dtype(name: str) -> np.dtype[Any]:
    return np.dtype(object if name == "string" else name)


def _definition(function: Function) -> "protos.SignatureDef":
    found = protos.SignatureDef(method_name=METHOD)
    for side, specs in ((found.inputs, function.inputs), (found.outputs, function.outputs)):
        for name, spec in specs.items():
            info = side[name]
            info.name, info.dtype = f"{name}:0", wire.encode(np.zeros(0, _dtype(spec.dtype))).dtype
            info.tensor_shape.unknown_rank = spec.shape is None
            for size in spec.shape or ():
                info.tensor_shape.dim.add(size=-1 if size is None else size)
    return found
