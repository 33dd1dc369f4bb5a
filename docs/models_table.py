"""Brings the README's table of models up to date with the recipes: python docs/models_table.py README.md"""

import re
import sys
from pathlib import Path

from zoo.core import index

FAMILIES = {"autoencoder": "autoencoder", "vae": "VAE", "gan": "GAN"}
HEAD = "| model | family | what it is | from |\n|---|---|---|---|\n"


def table() -> str:
    """The table, a row for each recipe."""
    rows = (
        f"| `{e.name}` | {FAMILIES.get(e.family, e.family)} | {e.summary.rstrip('.')} | {e.reference} |\n"
        for e in index.entries()
    )
    return HEAD + "".join(rows)


def updated(text: str) -> str:
    """The README's text with the table of today."""
    return re.sub(re.escape(HEAD) + r"(\|.*\n)*", lambda _: table(), text, count=1)


if __name__ == "__main__":
    readme = Path(sys.argv[1])
    readme.write_text(updated(readme.read_text()))
