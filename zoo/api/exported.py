"""An exported version of a model, run in this process."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

from serving.models.saved_model import SavedModel
from zoo.api.model import Model
from zoo.api.specs import facts, meanings
from zoo.api.values import Meanings, Tensors, in_pieces, served_columns
from zoo.core.features import Spec
from zoo.core.files import read_json
from zoo.export.card import CARD

if TYPE_CHECKING:
    from explain import Local


@final
class Exported(Model):
    """MODELS/NAME/VERSION. `zoo.load` makes one.

    Attributes:
      folder: of the version.
      card: of the model, as `zoo export` wrote it; empty for a SavedModel of another origin.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.name = folder, folder.parent.name
        self.version = int(folder.name)
        self._saved_model = SavedModel(folder)
        self.signatures = self._saved_model.signatures
        self.card: Mapping[str, Any] = read_json(folder / CARD) if (folder / CARD).is_file() else {}
        if self.card:
            self._meanings = meanings(Spec.from_json(self.card["data"]))
        else:
            self._meanings = Meanings(columns=served_columns(self.signatures), ordered=False)

    def _answer(self, signature: str, tensors: Tensors) -> Mapping[str, Any]:
        return in_pieces(lambda piece: self._saved_model.run(signature, piece), tensors)

    def _source(self, target: str | None, label: int | None) -> "Local":
        from explain import Local

        return Local(self.folder, target=target, label=label)

    def _facts(self) -> Mapping[str, str]:
        return {"folder": str(self.folder), "version": str(self.version), **_described(self.card)}


def _described(card: Mapping[str, Any]) -> dict[str, str]:
    if not card:
        return {}
    data = card["data"]
    return {"recipe": card["configuration"]["model"], "data": data["name"], **facts(Spec.from_json(data))}
