"""The command `zoo`: runs a command line and turns errors into exit codes.

Each command imports what it needs when it runs, so that `zoo sample` starts without TensorFlow.
"""

import logging
import os
import sys
from collections.abc import Sequence

from zoo.cli.command import call
from zoo.core.errors import Failure, UserError


def main(arguments: Sequence[str] | None = None) -> int:
    """The command's exit code: 0, 2 for a mistake in the command line, 1 for a failure, 130 when interrupted."""
    logging.getLogger("absl").setLevel(logging.ERROR)
    try:
        call(sys.argv[1:] if arguments is None else arguments)
        return 0
    except _mistakes() as error:
        code, message = 2, str(error)
    except KeyboardInterrupt as error:
        code, message = 130, f"interrupted: {error}" if str(error) else "interrupted."
    except BrokenPipeError:
        # Whoever reads the output has seen enough, as in `zoo list | head`; Python would complain again as it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except _failures() as error:
        code, message = 1, str(error)
    except ModuleNotFoundError as error:
        from serving.protocol import extras

        if not (missing := extras.missing(error)):
            raise
        code, message = 1, missing
    print(f"zoo: {message}", file=sys.stderr)
    return code


def _imported(*names: str) -> tuple[type[BaseException], ...]:
    """The errors of these names, `module:class`, as far as their modules were imported."""
    found = (getattr(sys.modules.get(m), c, None) for m, _, c in (n.partition(":") for n in names))
    return tuple(kind for kind in found if kind)


def _mistakes() -> tuple[type[BaseException], ...]:
    """Errors that are the user's: exit code 2."""
    return (UserError, *_imported("explain.errors:RequestError", "serving.protocol.errors:OptionError"))


def _failures() -> tuple[type[BaseException], ...]:
    """Errors whose message is meant for people: exit code 1."""
    served = _imported(
        "serving.protocol.errors:ServingError",
        "serving.protocol.errors:ServerStartError",
        "explain.errors:ExplainError",
    )
    return (Failure, OSError, *served)
