"""TF Serving's messages without TensorFlow, as in `protos.PredictRequest` and `protos.SignatureDef`.

The classes are made from descriptors.binpb in a separate descriptor pool, since TensorFlow's own copies may be in
the same process. `python -m serving.protocol.protos --write` writes the file from the installed packages.
"""

import importlib
import sys
import threading
import typing
from pathlib import Path

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

FILE = Path(__file__).with_name("descriptors.binpb")

PACKAGES = ("tensorflow.serving", "tensorflow", "google.protobuf")
"""Searched for a message's name, in this order."""

_ROOTS = (
    "tensorflow_serving.apis.classification_pb2",
    "tensorflow_serving.apis.get_model_metadata_pb2",
    "tensorflow_serving.apis.get_model_status_pb2",
    "tensorflow_serving.apis.inference_pb2",
    "tensorflow_serving.apis.model_management_pb2",
    "tensorflow_serving.apis.model_service_pb2",
    "tensorflow_serving.apis.predict_pb2",
    "tensorflow_serving.apis.prediction_log_pb2",
    "tensorflow_serving.apis.prediction_service_pb2",
    "tensorflow_serving.apis.regression_pb2",
    "tensorflow_serving.config.model_server_config_pb2",
)


_making = threading.RLock()
_pools: list[descriptor_pool.DescriptorPool] = []


def __getattr__(name: str) -> typing.Any:
    """The class of the message `name`, made at its first use."""
    if name.startswith("_"):
        raise AttributeError(name)
    with _making:  # two classes of one message do not mix
        if name in globals():
            return globals()[name]
        for package in PACKAGES:
            try:
                descriptor = pool().FindMessageTypeByName(f"{package}.{name}")
            except KeyError:
                continue
            globals()[name] = message_factory.GetMessageClass(descriptor)
            return globals()[name]
    raise AttributeError(f"TF Serving's API has no message {name!r}.")


def pool() -> descriptor_pool.DescriptorPool:
    """The messages and services, separate from others of the same names in this process."""
    with _making:
        if not _pools:
            found = descriptor_pool.DescriptorPool()
            for file in descriptor_pb2.FileDescriptorSet.FromString(FILE.read_bytes()).file:
                found.Add(file)
            _pools.append(found)
        return _pools[0]


def installed() -> descriptor_pb2.FileDescriptorSet:
    """The descriptors of the installed tensorflow-serving-api and of all that they import, in order of dependency."""
    found = descriptor_pb2.FileDescriptorSet()
    seen: set[str] = set()

    def add(file: typing.Any) -> None:
        if file.name in seen:
            return
        seen.add(file.name)
        for dependency in file.dependencies:
            add(dependency)
        file.CopyToProto(found.file.add())

    for root in _ROOTS:
        add(importlib.import_module(root).DESCRIPTOR)
    return found


def main(arguments: list[str]) -> int:
    """`python -m serving.protocol.protos [--write]`: checks the file against the installed packages, or writes it."""
    made = installed().SerializeToString(deterministic=True)
    if arguments == ["--write"]:
        FILE.write_bytes(made)
    elif arguments:
        print(f"{main.__doc__}\nexample: python -m serving.protocol.protos --write", file=sys.stderr)
        return 2
    elif made != FILE.read_bytes():
        print(f"{FILE} differs from the installed packages. Give --write to write it again.", file=sys.stderr)
        return 1
    print(f"{FILE}: {len(made)} bytes, as installed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
