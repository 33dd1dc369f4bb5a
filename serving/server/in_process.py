"""A folder of models behind a client without a network, with the server's own rules.

with Client("models", transport=Folder(Path("models"), "vae")) as client:
    client.predict("vae", {"seed": [1, 2]}, signature="sample")
"""

from pathlib import Path
from typing import final

from serving.client.transport import Transport
from serving.handlers.service import Service, warm_up
from serving.models.loading import Loader
from serving.models.store import Store, StoreConfig
from serving.protocol.errors import Code, OptionError, error
from serving.protocol.versions import Source


@final
class Folder(Transport):
    """A transport to the latest version of one model in a folder, NAME/VERSION/, loaded in this process.

    Errors: OptionError if there is no such model.
    """

    def __init__(self, models: Path, model: str) -> None:
        if not (models / model).is_dir():
            known = sorted(p.name for p in models.iterdir()) if models.is_dir() else []
            found = f"it has {', '.join(known)}" if known else "it has no models, or is not there"
            raise OptionError(f"There is no model {model!r} in the folder {models}: {found}. Export one there first.")
        config = StoreConfig(models={model: Source(models / model)}, poll_seconds=0, retries=0)
        self._store = Store(config, Loader(warm_up=warm_up))
        self._store.start()
        self._services = Service(self._store, typed=False).methods

    def call(self, method: str, request: bytes, timeout: float) -> bytes:
        """See Transport."""
        service, _, name = method.partition("/")
        if name not in self._services.get(service, {}):
            raise error(Code.UNIMPLEMENTED, "Method not found!")
        return self._services[service][name](request, timeout)

    def close(self) -> None:
        """Unloads the models."""
        self._store.stop()
