"""`python -m serving.server` serves a folder of models."""

import sys

from serving.server.embedded import main

if __name__ == "__main__":
    sys.exit(main())
