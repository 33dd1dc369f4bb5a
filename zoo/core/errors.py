"""What can go wrong: a mistake of the user's, or a failure of the work."""

from collections.abc import Iterable
from difflib import get_close_matches


class UserError(Exception):
    """A mistake in what was asked for. The message says what was received, what would be right, and the repair.

    The command line prints it without a traceback and ends with exit code 2.
    """


class Failure(Exception):
    """Work that could not be done although it was rightly asked for. The message says what failed and what to try.

    The command line prints it without a traceback and ends with exit code 1.
    """


def unknown(what: str, name: str, known: Iterable[str]) -> UserError:
    """The error for a name that is not one of the `known`, with the nearest of them."""
    known = sorted(known)
    near = get_close_matches(name, known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return UserError(f"There is no {what} {name!r}.{hint} Known: {', '.join(known)}.")
