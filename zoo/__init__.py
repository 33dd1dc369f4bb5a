"""The zoo: what a generative model is, how it is trained, judged and exported.

    import zoo
    run = zoo.train("vae", images, epochs=3)
    run.sample(16, seed=0)
    zoo.load(run.export("models"))
    zoo.connect("127.0.0.1:8500", "vae")

Importing this package is cheap: each name is imported from its module when it is first used. `connect` needs no
TensorFlow.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zoo.api.loading import load
    from zoo.api.served import connect
    from zoo.api.training import train

__all__ = ["__version__", "connect", "load", "train"]

__version__: str

_MODULES = {"connect": "zoo.api.served", "load": "zoo.api.loading", "train": "zoo.api.training"}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib import metadata

        return metadata.version("menagerie-zoo")
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from serving.protocol import extras, tf_import

    try:
        if name != "connect":
            tf_import.import_tensorflow()
        return getattr(import_module(_MODULES[name]), name)
    except ModuleNotFoundError as error:
        if not (message := extras.missing(error)):
            raise
        raise ModuleNotFoundError(f"zoo.{name}: {message}", name=error.name) from None
