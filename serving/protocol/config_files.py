"""The text files of tensorflow_model_server whose protos are in no package: TLS, monitoring, batching.

    tls = config_files.read(config_files.SSLConfig, Path("ssl.pbtxt"))

Only the names and types of the fields matter: the files are text and are never sent.
"""

from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format, wrappers_pb2

from serving.protocol.errors import OptionError

Field = descriptor_pb2.FieldDescriptorProto
_OPTIONAL, _REPEATED = Field.LABEL_OPTIONAL, Field.LABEL_REPEATED
_FIELDS = {
    "SSLConfig": ("server_key", "server_cert", "custom_ca", "client_verify bool"),
    "PrometheusConfig": ("enable bool", "path"),
    "MonitoringConfig": ("prometheus_config .tensorflow.serving.PrometheusConfig",),
    "BatchingParameters": (
        "max_batch_size .google.protobuf.Int64Value",
        "batch_timeout_micros .google.protobuf.Int64Value",
        "max_enqueued_batches .google.protobuf.Int64Value",
        "num_batch_threads .google.protobuf.Int64Value",
        "thread_pool_name .google.protobuf.StringValue",
        "allowed_batch_sizes int64*",
        "pad_variable_length_inputs bool",
        "enable_large_batch_splitting .google.protobuf.BoolValue",
        "max_execution_batch_size .google.protobuf.Int64Value",
    ),
}
"""Message -> its fields, each with its type (default: string); a star marks a repeated field."""


def _messages() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="menagerie/config_files.proto", package="tensorflow.serving")
    file.syntax = "proto3"
    file.dependency.append(wrappers_pb2.DESCRIPTOR.name)
    for name, fields in _FIELDS.items():
        message = file.message_type.add(name=name)
        for number, text in enumerate(fields, 1):
            label, _, kind = text.partition(" ")
            field = message.field.add(name=label, number=number, label=_REPEATED if "*" in kind else _OPTIONAL)
            if kind.startswith("."):
                field.type, field.type_name = Field.TYPE_MESSAGE, kind
            else:
                field.type = Field.Type.Value(f"TYPE_{kind.rstrip('*').upper() or 'STRING'}")
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(wrappers_pb2.DESCRIPTOR.serialized_pb)
    pool.AddSerializedFile(file.SerializeToString())
    found = {name: pool.FindMessageTypeByName(f"tensorflow.serving.{name}") for name in _FIELDS}
    return {name: message_factory.GetMessageClass(descriptor) for name, descriptor in found.items()}


_CLASSES = _messages()
SSLConfig: Any = _CLASSES["SSLConfig"]
MonitoringConfig: Any = _CLASSES["MonitoringConfig"]
BatchingParameters: Any = _CLASSES["BatchingParameters"]


def read(kind: Any, path: Path) -> Any:
    """The message in a text file. Errors: OptionError, with the line of the mistake."""
    try:
        return text_format.Parse(path.read_text(), kind())
    except (OSError, UnicodeDecodeError) as failure:
        raise OptionError(f"The file {path} cannot be read: {failure}.") from None
    except text_format.ParseError as failure:
        raise OptionError(f"{path} is not the text of a {kind.DESCRIPTOR.name}: {failure}") from None
