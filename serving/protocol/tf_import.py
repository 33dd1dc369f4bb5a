"""TensorFlow without its start-up chatter."""

import importlib
import logging
import os


def import_tensorflow() -> None:
    """Imports tensorflow with standard error closed to it; its C++ lines ignore TF_CPP_MIN_LOG_LEVEL while it loads.

    Where the user set that variable to less than 3, the lines that were asked for are shown.
    """
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # its notes on what it deprecates are for us, not for users
    if os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3") != "3":
        importlib.import_module("tensorflow")
        return
    kept, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    try:
        importlib.import_module("tensorflow")
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(null)
