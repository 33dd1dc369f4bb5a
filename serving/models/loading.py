"""A version's folder -> a model that is ready: loaded, batched if configured, and warmed up."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serving.models import batching
from serving.models.observer import Observer
from serving.protocol import wire
from serving.protocol.errors import Code, ServingError


@dataclass(frozen=True)
class Loader:
    """Loads versions for a Store.

    Attributes:
      tags: those of the graph to load from a SavedModel.
      intra_op, inter_op: TensorFlow's threads; 0 lets TensorFlow choose.
      max_elements: elements that a request's tensor may declare without sending them.
      scheduler: batches requests; None runs each request by itself.
      per_model: a version's own batching_params.pbtxt overrides the scheduler's parameters.
      warm_up: (model, repeats) -> the number of warm-up requests, each run `repeats` times; None for no warm-up.
        `serving.handlers.service.warm_up` is one.
      repeats: how often each warm-up request is run; 0 for no warm-up.
      observer: counts loads and warm-ups.
    """

    tags: Sequence[str] = ("serve",)
    intra_op: int = 0
    inter_op: int = 0
    max_elements: int = wire.MAX_ELEMENTS
    scheduler: batching.Scheduler | None = None
    per_model: bool = False
    warm_up: Callable[[Any, int], int] | None = None
    repeats: int = 1
    observer: Observer | None = None

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
            if self.observer:
                self.observer.loaded(name, str(path), failure.code)
            raise
        if self.observer:
            self.observer.loaded(name, str(path))
        return model

    def _parameters(self, path: Path) -> batching.Parameters:
        assert self.scheduler
        file = path / batching.PER_MODEL_FILE
        common = self.scheduler.parameters
        return batching.read(file, common) if self.per_model and file.is_file() else common

    def _warm_up(self, model: Any, path: Path) -> None:
        if not self.warm_up or not self.repeats:
            return
        begun, code, records = time.monotonic(), Code.OK, 0
        try:
            records = self.warm_up(model, self.repeats)
        except ServingError as failure:
            code = failure.code
            raise
        finally:
            if self.observer and (records or code != Code.OK):
                self.observer.warmup(str(path), code, time.monotonic() - begun, records)
