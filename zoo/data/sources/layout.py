"""What the names of folders say: splits, classes, domains. The layouts of ImageNet, pix2pix and CycleGAN."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from zoo.data.errors import many

SPLITS = {"train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val", "dev": "val",
          "test": "test", "testing": "test"}  # fmt: skip
"""Names of folders that are splits, in small letters."""

Parts = tuple[str, ...]
"""A file's folders, without its name."""


@dataclass
class Layout:
    """What becomes of each of N files.

    Attributes:
      used: bool (N,).
      test: bool (N,), which belong to a test split of the set's own; None where it has none.
      labels: int64 (N,), of those that are used; None where there are no classes.
      names: of the classes.
      left_out: what is not used, in words.
      warnings: what may not be as it was meant.
    """

    used: np.ndarray
    test: np.ndarray | None = None
    labels: np.ndarray | None = None
    names: tuple[str, ...] = ()
    left_out: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def domains(folders: Sequence[Parts]) -> tuple[list[str], np.ndarray] | None:
    """CycleGAN's layout, trainA, trainB, testA, testB: each file's domain, `a` or `b`, and whether it is for testing.

    None for any other layout.
    """
    tops = [parts[0] if parts else "" for parts in bare(folders)]
    if not {"trainA", "trainB"} <= set(tops) or not all(top[:-1] in SPLITS and top[-1] in "AB" for top in tops if top):
        return None
    return [top[-1:].lower() for top in tops], np.array([top[:-1] not in ("train", "") for top in tops])


def arranged(folders: Sequence[Parts]) -> Layout:
    """The layout of files in these folders.

    Folders `train`, `val` and `test` are splits where nothing but such folders is beside them; others are classes, in
    the order of their names. Files beside class folders have no class: a few are left out, many leave all without.
    """
    folders = bare(folders)
    layout = Layout(np.ones(len(folders), bool))
    tops = {parts[0].lower() for parts in folders if parts}
    if tops <= set(SPLITS) and "train" in {SPLITS[top] for top in tops} and len(tops) > 1:
        folders = _split(folders, layout)
    _classes(folders, layout)
    return layout


def bare(folders: Sequence[Parts]) -> list[Parts]:
    """The folders without those that hold everything, as the one at the top of a zip."""
    stripped = list(folders)
    while stripped and all(parts and parts[0] == stripped[0][0] for parts in stripped if stripped[0]) and stripped[0]:
        stripped = [parts[1:] for parts in stripped]
    return stripped


def _split(folders: list[Parts], layout: Layout) -> list[Parts]:
    """Marks the test split, and gives the folders below the splits."""
    roles = np.array([SPLITS[parts[0].lower()] if parts else "" for parts in folders])
    below = [parts[1:] for parts in folders]
    classed = {role: {bool(b) for b, r in zip(below, roles, strict=True) if r == role} for role in set(roles.tolist())}
    # Pictures for testing that have no class, as ImageNet's, cannot be used beside training pictures that have one.
    usable = [
        role
        for role in ("test", "val")
        if role in classed and not (True in classed["train"] and classed[role] == {False})
    ]
    chosen = usable[0] if usable else None
    for role, count in sorted(Counter(roles.tolist()).items()):
        if role not in ("train", chosen):
            layout.left_out.append(f"{many(count, 'file')} {f'of {role}' if role else 'beside the splits'}")
    layout.used &= (roles == "train") | (roles == chosen)
    layout.test = roles == chosen if chosen else None
    return below


def _classes(folders: list[Parts], layout: Layout) -> None:
    tops = [parts[0] if parts else "" for parts in folders]
    inside = Counter(top for top, used in zip(tops, layout.used, strict=True) if used)
    loose = inside.pop("", 0)
    if len(inside) < 2:
        return
    if loose * 10 > inside.total():
        layout.warnings.append(
            f"{many(loose, 'file', 'lies')} beside the folders {', '.join(sorted(inside)[:4])}: so these are no "
            "classes. Move the files into a folder to have classes"
        )
        return
    if loose:
        beside = np.array([not top for top in tops])
        layout.left_out.append(f"{many(loose, 'file')} without a class, beside the class folders")
        layout.used &= ~beside
    layout.names = tuple(sorted(inside))
    number = {name: i for i, name in enumerate(layout.names)}
    layout.labels = np.array([number.get(top, 0) for top in tops], np.int64)
