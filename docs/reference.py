"""Writes the API reference, built from the docstrings, into a folder: python docs/reference.py FOLDER.

A warning of pdoc's is an error: an export that does not resolve, an annotation that cannot be read.
"""

import sys
import warnings
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

from pdoc import doc, render

from serving.protocol import tf_import

PACKAGES = ("zoo", "serving", "explain")
ELSEWHERE = ("serving.batch.beam",)
"""Needs Apache Beam, which has an environment of its own."""


def modules() -> list[str]:
    """The names of all that have a page."""
    folders = [(package, Path(import_module(package).__file__ or "").parent) for package in PACKAGES]
    inside = [m.name for package, folder in folders for m in walk_packages([str(folder)], f"{package}.")]
    return sorted(name for name in (*PACKAGES, *inside) if not name.endswith("__main__") and name not in ELSEWHERE)


def page(name: str) -> Path:
    """Where a module's page is in the folder."""
    return Path(*name.split(".")).with_suffix(".html")


def read(name: str) -> doc.Module:
    """A module as pdoc reads it, with the exports that it imports when they are first used."""
    module = import_module(name)
    for export in getattr(module, "__all__", ()):
        setattr(module, export, getattr(module, export))
    return doc.Module(module)


def write(folder: Path) -> None:
    """Writes the page of each module, the index and the search."""
    render.configure(docformat="google", footer_text="Menagerie", show_source=False)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", module="pdoc")
        warnings.filterwarnings("ignore", ".*type 'tqdm' is not subscriptable")  # it is, in its stubs alone
        found = {name: read(name) for name in modules()}
        pages = {page(name): render.html_module(module, found) for name, module in found.items()}
        pages |= {Path("index.html"): render.html_index(found), Path("search.js"): render.search_index(found)}
    for path, text in pages.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


if __name__ == "__main__":
    tf_import.import_tensorflow()
    write(Path(sys.argv[1]))
