"""How a command reaches a model: on a server, or in a folder of exported ones."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zoo.cli.command import SERVER, Flag
from zoo.cli.commands.served import CONNECTION, connect
from zoo.core.errors import UserError

WHERE = (
    Flag("models", str, None, "folder of exported models, instead of a server"),
    *(Flag("server", str, None, f"host:port of a server; default {SERVER} unless --models is given"), *CONNECTION[1:]),
)


class Asked:
    """One model, and its functions; a context manager."""

    def __init__(self, values: Any, model: str) -> None:
        if values.server and values.models:
            raise UserError("--server and --models exclude each other: the model is served, or read from its folder.")
        self.model = model
        if values.models:
            from serving import Client
            from serving.protocol import tf_import
            from serving.server.in_process import Folder

            tf_import.import_tensorflow()
            self.client = Client(values.models, transport=Folder(Path(values.models), model))
        else:
            values.server = values.server or SERVER
            self.client = connect(values)

    def __enter__(self) -> "Asked":
        self.signatures = self.client.metadata(self.model).signatures
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def needs(self, *names: str) -> None:
        """Errors: UserError if the model lacks one of these signatures."""
        lacking = [name for name in names if name not in self.signatures]
        if lacking:
            raise UserError(
                f"{self.model} has no signature {lacking[0]!r}, which this needs; it has {', '.join(self.signatures)}."
            )

    def shape(self, signature: str, name: str) -> tuple[int, ...]:
        """Of one row of an input."""
        shape = self.signatures[signature].inputs[name].shape or ()
        return tuple(side or 0 for side in shape[1:])

    def __call__(self, signature: str, label: Any = None, **inputs: Any) -> Mapping[str, Any]:
        """The outputs for a batch of any size; the label goes along where the signature takes one."""
        if "label" in self.signatures[signature].inputs:
            if label is None:
                raise UserError(f"{self.model} wants a label beside its {', '.join(inputs)}; give labelled --data.")
            inputs["label"] = label
        return self.client.predict_chunked(self.model, inputs, signature=signature)


def held_out(values: Any, shape: tuple[int, ...]) -> tuple[Any, Any]:
    """The data's test split on the wire, in the size that the model takes, and its labels."""
    from serving.protocol import tf_import

    tf_import.import_tensorflow()
    from zoo import data

    form: dict[str, Any] = {"size": shape[:2], "channels": shape[2]} if len(shape) == 3 else {}
    x, labels = data.load(values.data, **form).test.arrays()
    if x.shape[1:] != tuple(shape):
        raise UserError(f"{values.data} has examples of shape {x.shape[1:]}; the model takes {tuple(shape)}.")
    return (x + 1.0) / 2.0, labels
