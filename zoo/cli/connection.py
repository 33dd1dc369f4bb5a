"""How a command reaches a model: on a server, or in a folder of exported models."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zoo.cli.flags import Flag
from zoo.cli.options import pair
from zoo.core.errors import UserError

SERVER = "127.0.0.1:8500"
"""The server's address by default: TF Serving's port, this machine."""

CONNECTION = (
    Flag("server", str, SERVER, "host:port of a server"),
    Flag("timeout", float, 60.0, "seconds for a call, retries included"),
    Flag("ca", str, None, "PEM file of the server's CA certificate; turns TLS on"),
    Flag("certificate", str, None, "PEM file of the client's certificate, for mutual TLS; with --key"),
    Flag("key", str, None, "PEM file of that certificate's key"),
    Flag("metadata", list, None, "names and values sent with every call, as in authorization=TOKEN"),
)
"""A server."""

MODELS = (
    Flag("models", str, None, "folder of exported models, instead of a server"),
    Flag("server", str, None, f"host:port of a server (default: {SERVER}, unless --models is given)"),
    *CONNECTION[1:],
)
"""A server or a folder."""


def connect(values: Any, **options: Any) -> Any:
    """The Client that the flags of CONNECTION describe, with further options of its own. Errors: UserError."""
    from serving import Client, Tls

    if bool(values.certificate) != bool(values.key) or (values.key and not values.ca):
        raise UserError("--certificate and --key belong together, and with --ca.")
    files = {name: Path(values[name]) for name in ("ca", "certificate", "key") if values[name]}
    metadata = dict(pair("metadata", text) for text in values.metadata or ())
    tls = Tls(**files) if files else None
    return Client(values.server or SERVER, timeout=values.timeout, tls=tls, metadata=metadata, **options)


class Model:
    """One exported model by the flags of MODELS, and its signatures as functions; a context manager.

    Errors: UserError, OptionError for a folder without the model.
    """

    def __init__(self, values: Any, name: str) -> None:
        if values.server and values.models:
            raise UserError("--server and --models exclude each other: the model is served, or read from its folder.")
        self.name = name
        self.client = _folder(values.models, name) if values.models else connect(values)

    def __enter__(self) -> "Model":
        self.metadata = self.client.metadata(self.name)
        self.signatures = self.metadata.signatures
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def needs(self, *names: str) -> None:
        """Errors: UserError if the model lacks one of these signatures."""
        lacking = [name for name in names if name not in self.signatures]
        if lacking:
            raise UserError(
                f"{self.name} has no signature {lacking[0]!r}, which this needs; it has {', '.join(self.signatures)}."
            )

    def shapes(self, signature: str) -> Mapping[str, tuple[int | None, ...] | None]:
        """Of a signature's inputs by name, with the batch in front."""
        return {name: spec.shape for name, spec in self.signatures[signature].inputs.items()}

    def __call__(self, signature: str, label: Any = None, **inputs: Any) -> Mapping[str, Any]:
        """The outputs for a batch of any size; the label is sent where the signature takes one."""
        if "label" in self.signatures[signature].inputs:
            if label is None:
                raise UserError(f"{self.name} needs a label beside its {', '.join(inputs)}. Give labelled --data.")
            inputs["label"] = label
        reply: Mapping[str, Any] = self.client.predict_chunked(self.name, inputs, signature=signature)
        return reply


def _folder(models: str, name: str) -> Any:
    """A client of a model that is loaded in this process."""
    from serving import Client
    from serving.protocol import tf_import
    from serving.server.in_process import Folder

    tf_import.import_tensorflow()
    return Client(models, transport=Folder(Path(models), name))
