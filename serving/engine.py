"""One version of a model, loaded and run as TF Serving does it: a TF1 Session over the SavedModel's graph.

So its errors are TF Serving's to the letter, and a call is several times faster than through the TF2 function, whose
errors would also show file paths. The Session releases Python's lock while it runs.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from serving import protos, signatures, wire
from serving.errors import Code, error

WARMUP = Path("assets.extra") / "tf_serving_warmup_requests"
MAX_WARMUP_RECORDS = 1000

Feeds = Mapping[str, NDArray[Any]]
Runner = Callable[[Feeds, Sequence[str], float | None], list[NDArray[Any]]]
"""(values by tensor name, names of tensors wanted, seconds) -> their values."""


class SavedModel:
    """A SavedModel on disk, ready to run; safe to share between threads.

    Args:
      path: the version's folder.
      tags: of the graph in it that is meant.
      intra_op, inter_op: TensorFlow's threads within and between operations; 0 leaves it to TensorFlow.

    Errors: ServingError where it cannot be loaded.
    """

    def __init__(
        self, path: str | Path, tags: Sequence[str] = ("serve",), *, intra_op: int = 0, inter_op: int = 0
    ) -> None:
        self.path = Path(path)
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

    def run(
        self,
        signature: str,
        inputs: Feeds,
        outputs: Sequence[str] | None = None,
        timeout: float | None = None,
    ) -> dict[str, NDArray[Any]]:
        """Values of the inputs by alias -> values of the outputs by alias, all of them if none is named.

        Errors: ServingError with the engine's own code and text; DeadlineExceeded after `timeout` seconds.
        """
        spec = self.signatures[signature]
        wanted = list(outputs or spec.outputs)
        feeds = {spec.inputs[alias].name: value for alias, value in inputs.items()}
        try:
            values = self._run(feeds, [spec.outputs[alias].name for alias in wanted], timeout)
        except tf.errors.OpError as failure:
            raise error(failure.error_code, failure.message) from None
        return dict(zip(wanted, values, strict=True))

    def parse(self, proto: Any) -> NDArray[Any] | None:
        """A request's TensorProto -> an array, accepting what TensorFlow's C++ accepts; None for what it refuses.

        Whatever is not plainly an array's bytes goes through that very code.
        """
        fast = wire.from_content(proto)
        if fast is not None:
            return fast
        count = wire.declared(proto)
        if count is not None and not 0 <= count <= max(wire.MAX_ELEMENTS, proto.ByteSize()):
            return None
        try:
            parsed: NDArray[Any] = tf.io.parse_tensor(proto.SerializeToString(), tf.as_dtype(proto.dtype)).numpy()
        except (tf.errors.OpError, TypeError, ValueError):
            return None
        return np.asarray(parsed, dtype=object if proto.dtype == wire.STRING else None)

    def warmup_records(self) -> list[Any]:
        """The PredictionLogs that are to be answered before the version is offered.

        Errors: ServingError where the file cannot be read, with TF Serving's texts.
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


def _runner(session: Any, graph: Any) -> Runner:
    """The fastest way that this TensorFlow offers. The wrapper below `Session.run` is private: without it, the Session
    itself does, three times slower."""
    try:
        from tensorflow.python.client import pywrap_tf_session as native

        run, new, delete = native.TF_SessionRun_wrapper, native.TF_NewBufferFromString, native.TF_DeleteBuffer
        session._extend_graph()
    except (ImportError, AttributeError):
        return _public_runner(session)
    tensors: dict[str, Any] = {}

    def tensor(name: str) -> Any:
        if name not in tensors:
            tensors[name] = graph.get_tensor_by_name(name)._as_tf_output()
        return tensors[name]

    def fast(feeds: Feeds, wanted: Sequence[str], timeout: float | None) -> list[NDArray[Any]]:
        fed, fetched = {tensor(k): v for k, v in feeds.items()}, [tensor(name) for name in wanted]
        if timeout is None:
            return run(session._session, None, fed, fetched, [], None)
        options = new(_options(timeout).SerializeToString())
        try:
            return run(session._session, options, fed, fetched, [], None)
        finally:
            delete(options)

    return fast


def _public_runner(session: Any) -> Runner:
    def slow(feeds: Feeds, wanted: Sequence[str], timeout: float | None) -> list[NDArray[Any]]:
        return session.run(list(wanted), dict(feeds), None if timeout is None else _options(timeout))

    return slow


def _options(timeout: float) -> Any:
    """A run is cut off after so many seconds; 0 would mean never."""
    return tf.compat.v1.RunOptions(timeout_in_ms=max(1, int(timeout * 1000)))
