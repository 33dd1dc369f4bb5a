"""A version's folder -> a model that is ready: loaded, batched where that is asked for, warmed up."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from serving.handlers.metrics import Monitor
from serving.models import batching
from serving.protocol import wire
from serving.protocol.errors import Code, ServingError


@dataclass(frozen=True)
class Loader:
    """What a Store loads with.

    Attributes:
      tags: of the graph in a SavedModel that is meant.
      intra_op, inter_op: TensorFlow's threads; 0 leaves it to TensorFlow.
      max_elements: that a request's tensor may declare without sending them.
      scheduler: batches requests; None runs each as it comes.
      per_model: a version's own batching_params.pbtxt counts before the scheduler's parameters.
      warmups: how often a warm-up request is answered; 0 leaves them out.
      monitor: counts loads and warm-ups.
    """

    tags: Sequence[str] = ("serve",)
    intra_op: int = 0
    inter_op: int = 0
    max_elements: int = wire.MAX_ELEMENTS
    scheduler: batching.Scheduler | None = None
    per_model: bool = False
    warmups: int = 1
    monitor: Monitor = field(default_factory=Monitor)

    def __call__(self, name: str, path: Path) -> Any:
        """The version in a folder. Errors: ServingError."""
        from serving.models.saved_model import SavedModel

        try:
            model: Any = SavedModel(
                path,
                self.tags,
                intra_op=self.intra_op,
                inter_op=self.inter_op,
                max_elements=self.max_elements,
            )
            if self.scheduler:
                model = batching.Batched(model, self.scheduler, self._parameters(path))
            self._warm_up(model, path)
        except ServingError as failure:
            self.monitor.loaded(name, str(path), failure.code)
            raise
        self.monitor.loaded(name, str(path))
        return model

    def _parameters(self, path: Path) -> batching.Parameters:
        assert self.scheduler
        file = path / batching.PER_MODEL_FILE
        common = self.scheduler.parameters
        return batching.read(file, common) if self.per_model and file.is_file() else common

    def _warm_up(self, model: Any, path: Path) -> None:
        from serving.handlers.service import warm_up

        if not self.warmups:
            return
        begun, code, records = time.monotonic(), Code.OK, 0
        try:
            records = warm_up(model, self.warmups)
        except ServingError as failure:
            code = failure.code
            raise
        finally:
            if records or code != Code.OK:
                self.monitor.warmup(str(path), code, time.monotonic() - begun, records)
