"""One version of a model, loaded and run as in TF Serving: a TF1 Session over the SavedModel's graph.

Its error messages are therefore TF Serving's, and a call is several times faster than one of the TF2 function, whose
messages also contain file paths. The Session releases Python's lock while it runs.
"""

import functools
import itertools
import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from serving.protocol import protos, signatures, wire
from serving.protocol.errors import Code, error

WARMUP = Path("assets.extra") / "tf_serving_warmup_requests"
MAX_WARMUP_RECORDS = 1000

Feeds = Mapping[str, NDArray[Any]]
Runner = Callable[[Feeds, Sequence[str], float | None, bool], list[NDArray[Any]]]
"""(values by tensor name, names of the tensors to compute, timeout, whether to run in this thread) -> their values."""

BRIEF = 0.02
"""Seconds. After a shorter run, runs of the same size stay in the calling thread: handing them to TensorFlow's threads
takes three times as long as a small model does."""

_UNBOUNDED = re.compile("(Stateless|Parallel)?While|For|(Ref)?Enter|BatchFunction|.*(Dequeue|Dataset|Iterator).*")
"""Operations that loop or wait; the time of all others is bounded by the sizes of their inputs."""


class SavedModel:
    """A SavedModel on disk, ready to run; safe to share between threads.

    Args:
      path: the version's folder.
      tags: those of the graph to load from it.
      intra_op, inter_op: TensorFlow's threads within and between operations; 0 lets TensorFlow choose.
      max_elements: elements that a request's tensor may declare without sending them.

    Errors: ServingError if it cannot be loaded.
    """

    def __init__(
        self,
        path: str | Path,
        tags: Sequence[str] = ("serve",),
        *,
        intra_op: int = 0,
        inter_op: int = 0,
        max_elements: int = wire.MAX_ELEMENTS,
    ) -> None:
        self.path, self._max_elements = Path(path), max_elements
        graph = tf.Graph()
        try:
            with graph.as_default():
                threads = tf.compat.v1.ConfigProto(
                    intra_op_parallelism_threads=intra_op, inter_op_parallelism_threads=inter_op
                )
                self._session = tf.compat.v1.Session(graph=graph, config=threads)
                meta = tf.compat.v1.saved_model.load(self._session, list(tags), str(self.path))
        except tf.errors.OpError as failure:
            raise error(failure.error_code, failure.message) from None
        except (OSError, RuntimeError, ValueError) as failure:
            raise error(Code.NOT_FOUND, f"{self.path} is not a SavedModel that can be served: {failure}") from None
        self.definitions = {
            name: protos.SignatureDef.FromString(d.SerializeToString()) for name, d in meta.signature_def.items()
        }
        self.signatures = signatures.parse(self.definitions)
        self._run = _runner(self._session, graph)
        self._bounded, self._brief = _bounded(meta.graph_def), set[tuple[str, int]]()

    def run(
        self,
        signature: str,
        inputs: Feeds,
        outputs: Sequence[str] | None = None,
        timeout: float | None = None,
    ) -> dict[str, NDArray[Any]]:
        """Inputs by alias -> outputs by alias, all of them if none is named.

        Errors: ServingError with the engine's code and message; DeadlineExceeded after `timeout` seconds, except for
        runs that are known to be shorter than BRIEF.
        """
        spec = self.signatures[signature]
        wanted = list(outputs or spec.outputs)
        feeds = {spec.inputs[alias].name: value for alias, value in inputs.items()}
        size = (signature, sum(value.size for value in inputs.values()).bit_length())
        begun = time.perf_counter()
        try:
            values = self._run(feeds, [spec.outputs[alias].name for alias in wanted], timeout, size in self._brief)
        except tf.errors.OpError as failure:
            raise error(failure.error_code, failure.message) from None
        if self._bounded and time.perf_counter() - begun < BRIEF:
            self._brief.add(size)
        return dict(zip(wanted, values, strict=True))

    def parse(self, proto: "protos.TensorProto") -> NDArray[Any] | None:
        """A request's TensorProto -> an array; None for what TensorFlow's C++ code refuses.

        Everything but the plain bytes of an array is parsed by that code.
        """
        fast = wire.from_content(proto)
        if fast is not None:
            return fast
        if not 0 <= wire.declared(proto) <= max(self._max_elements, proto.ByteSize()):
            return None
        try:
            dtype = tf.as_dtype(proto.dtype)
            if not dtype.is_numpy_compatible:  # handles of resources: a few bytes could make millions of objects
                return None
            parsed: NDArray[Any] = tf.io.parse_tensor(proto.SerializeToString(), dtype).numpy()
        except (tf.errors.OpError, TypeError, ValueError):
            return None
        return np.asarray(parsed, dtype=object if proto.dtype == wire.STRING else None)

    def warmup_records(self) -> "list[protos.PredictionLog]":
        """The PredictionLogs of the version's warm-up file; none without a file.

        Errors: ServingError if the file cannot be read, with TF Serving's messages.
        """
        path = self.path / WARMUP
        if not path.is_file():
            return []
        records = []
        try:
            for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
                records.append(protos.PredictionLog.FromString(record))
                if len(records) > MAX_WARMUP_RECORDS:
                    raise error(
                        Code.INVALID_ARGUMENT,
                        f"Number of warmup records exceeds the maximum ({MAX_WARMUP_RECORDS}) at {path}",
                    )
        except tf.errors.DataLossError as failure:
            text = f"{failure.message}. Please verify your warmup data is in TFRecord format."
            raise error(Code.DATA_LOSS, text) from None
        except DecodeError as failure:
            raise error(Code.INVALID_ARGUMENT, f"Failed to parse warmup record: {failure}") from None
        return records


@functools.cache
def _native() -> tuple[Any, ...] | None:
    """The private calls below `Session.run`: run, make options, delete options, and options for the calling thread."""
    try:
        from tensorflow.python.client import pywrap_tf_session as native

        run, new, delete = native.TF_SessionRun_wrapper, native.TF_NewBufferFromString, native.TF_DeleteBuffer
    except (ImportError, AttributeError):
        return None
    return run, new, delete, new(_options(None, here=True).SerializeToString())


def _runner(session: Any, graph: Any) -> Runner:
    """The fastest way to run; without TensorFlow's private calls the Session's own, three times slower."""
    native = _native()
    if not native or not hasattr(session, "_extend_graph"):
        return _public_runner(session)
    run, new, delete, here = native
    session._extend_graph()
    tensors: dict[str, Any] = {}

    def tensor(name: str) -> Any:
        if name not in tensors:
            tensors[name] = graph.get_tensor_by_name(name)._as_tf_output()
        return tensors[name]

    def fast(feeds: Feeds, wanted: Sequence[str], timeout: float | None, brief: bool) -> list[NDArray[Any]]:
        fed, fetched = {tensor(k): v for k, v in feeds.items()}, [tensor(name) for name in wanted]
        values: list[NDArray[Any]]
        if brief or timeout is None:
            values = run(session._session, here if brief else None, fed, fetched, [], None)
            return values
        options = new(_options(timeout).SerializeToString())
        try:
            values = run(session._session, options, fed, fetched, [], None)
        finally:
            delete(options)
        return values

    return fast


def _public_runner(session: Any) -> Runner:
    def slow(feeds: Feeds, wanted: Sequence[str], timeout: float | None, brief: bool) -> list[NDArray[Any]]:
        options = _options(None if brief else timeout, here=brief)
        values: list[NDArray[Any]] = session.run(list(wanted), dict(feeds), options)
        return values

    return slow


def _options(timeout: float | None, here: bool = False) -> Any:
    """Options of a run in this thread, or in TensorFlow's threads with a timeout in seconds; 0 would mean none."""
    milliseconds = 0 if timeout is None else max(1, int(timeout * 1000))
    return tf.compat.v1.RunOptions(timeout_in_ms=milliseconds, inter_op_thread_pool=-1 if here else 0)


def _bounded(graph: Any) -> bool:
    """Whether a GraphDef has no operation whose time is unbounded."""
    nodes = itertools.chain(graph.node, *(function.node_def for function in graph.library.function))
    return not any(_UNBOUNDED.fullmatch(node.op) for node in nodes)
