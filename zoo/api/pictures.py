"""What a notebook shows of a model: its samples as one picture, its facts and signatures as a small page."""

import base64
import html
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from serving.protocol.signatures import Signature
from zoo.core.errors import UserError

if TYPE_CHECKING:
    from PIL.Image import Image


def sheet(examples: Any) -> "Image":
    """Pictures (N, H, W, C) in [0, 1] in a grid; videos (N, T, H, W, C) as rows of their frames.

    Errors: UserError for examples of other kinds.
    """
    from zoo.display import pictures

    if not isinstance(examples, np.ndarray) or examples.ndim not in (4, 5) or examples.shape[-1] not in (1, 3):
        raise UserError("Only pictures and videos can be shown. `sample` returns other examples as numbers.")
    if examples.ndim == 5:
        return pictures.grid(examples.reshape(-1, *examples.shape[2:]), columns=examples.shape[1])
    return pictures.grid(examples)


def signatures(offered: Mapping[str, Signature]) -> list[str]:
    """A line for each signature: `encode(images) -> mean, log_variance`."""
    return [
        f"{name}({', '.join(s.inputs)}) -> {', '.join(s.outputs)}"
        for name, s in offered.items()
        if name != "serving_default"
    ]


def page(title: str, facts: Mapping[str, str], offered: Mapping[str, Signature], picture: "Image | None") -> str:
    """A fragment of HTML."""
    rows = "".join(
        f"<tr><th style='text-align:left'>{html.escape(word)}</th>"
        f"<td style='text-align:left'>{html.escape(line)}</td></tr>"
        for word, line in facts.items()
    )
    lines = html.escape("\n".join(signatures(offered)))
    shown = "" if picture is None else f"<img alt='samples' width='320' src='data:image/png;base64,{_png(picture)}'>"
    return f"<h4>{html.escape(title)}</h4><table>{rows}</table><pre>{lines}</pre>{shown}"


def _png(picture: "Image") -> str:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()
