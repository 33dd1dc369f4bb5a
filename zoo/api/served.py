"""A model behind a server, by gRPC. No TensorFlow."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, final

from serving.client import Client
from zoo.api import values
from zoo.api.model import Model
from zoo.api.values import Meanings, Tensors

if TYPE_CHECKING:
    from explain import Remote


@final
class Served(Model):
    """A version of a model on a server. `zoo.connect` makes one. A context manager, which closes the connection.

    The server knows neither the names of classes nor those of columns: a label is a number, and a column goes by the
    name of its tensor.
    """

    def __init__(self, client: Client, name: str, version: int | None, *, owned: bool) -> None:
        metadata = client.metadata(name, version)
        self.name, self.version, self.signatures = name, metadata.version, metadata.signatures
        self._client, self._owned = client, owned
        self._meanings = Meanings(columns=values.served_columns(metadata.signatures), ordered=False)

    def _answer(self, signature: str, tensors: Tensors) -> Mapping[str, Any]:
        return self._client.predict_chunked(self.name, tensors, signature=signature, version=self.version)

    def _source(self, target: str | None, label: int | None) -> "Remote":
        from explain import Remote

        return Remote(self._client, self.name, target=target, label=label, version=self.version)

    def _facts(self) -> Mapping[str, str]:
        return {"server": self._client.address, "version": str(self.version)}

    def close(self) -> None:
        """Closes the connection that `zoo.connect` opened."""
        if self._owned:
            self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def connect(address: str | Client, name: str, version: int | None = None, **options: Any) -> Served:
    """A model on a server that speaks TF Serving's gRPC API: ours, or TF Serving.

    Args:
      address: HOST:PORT, or a `serving.Client`, which stays open.
      name: of the model.
      version: None for the latest one there is now; every call names it, so that answers belong together.
      options: of `serving.Client`: timeout, tls, metadata and others.

    Errors: serving.ServingError where the server does not answer or has no such model.
    """
    if isinstance(address, Client):
        return Served(address, name, version, owned=False)
    client = Client(address, **options)
    try:
        return Served(client, name, version, owned=True)
    except BaseException:
        client.close()
        raise
