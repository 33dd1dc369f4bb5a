"""A terminal of a given width, and what was shown on it."""

import contextlib
import fcntl
import os
import pty
import re
import struct
import termios
import threading


@contextlib.contextmanager
def terminal(columns):
    """(file to write to, list of the frames that were shown: texts between carriage returns and line feeds)."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    shown, frames = [], []

    def read():
        with contextlib.suppress(OSError):  # the other end was closed
            while data := os.read(master, 65536):
                shown.append(data)

    reader = threading.Thread(target=read)
    reader.start()
    with os.fdopen(slave, "w") as file:
        yield file, frames
    reader.join()
    os.close(master)
    text = re.sub(r"\x1b\[[0-9;]*[A-Z]", "", b"".join(shown).decode())
    frames += [frame for frame in re.split(r"[\r\n]+", text) if frame.strip()]
