"""Importing TensorFlow without its start-up messages."""

import importlib
import logging
import os


def import_tensorflow() -> None:
    """Imports tensorflow with standard error redirected: while it loads, its C++ code ignores TF_CPP_MIN_LOG_LEVEL.

    If the user set that variable to less than 3, the messages are shown.
    """
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # deprecations are for developers, not for users
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
