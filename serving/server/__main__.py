"""`python -m serving.server` serves a folder of models."""

import sys

from serving.protocol import extras


def main() -> int:
    """The exit code: the server's own, or 1 where the installation lacks a package that it needs."""
    try:
        from serving.server import embedded

        return embedded.main()
    except ModuleNotFoundError as error:
        if not (message := extras.missing(error)):
            raise
        print(f"serving: {message}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
