"""Importing TensorFlow without its start-up messages."""

import importlib
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager


def import_tensorflow() -> None:
    """Imports tensorflow with standard error redirected: while it loads, its C++ code ignores TF_CPP_MIN_LOG_LEVEL.

    If the user set that variable to less than 3, the messages are shown.
    """
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # deprecations are for developers, not for users
    if os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3") == "3":
        with _closed_stderr():
            tensorflow = importlib.import_module("tensorflow")
    else:
        tensorflow = importlib.import_module("tensorflow")
    tensorflow.get_logger().setLevel(logging.ERROR)  # in a notebook TensorFlow sets INFO when it makes its logger


@contextmanager
def _closed_stderr() -> Iterator[None]:
    kept, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(null)
