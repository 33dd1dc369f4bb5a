"""A version's folder -> a model that is ready: loaded, batched if configured, and warmed up."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from serving.models import batching
from serving.models.observer import Observer
from serving.protocol import wire
from serving.protocol.errors import Code, ServingError


@dataclass(frozen=True)
class LoadConfig:
    """How versions are loaded.

    Attributes:
      tags: those of the graph to load from a SavedModel.
      intra_op, inter_op: TensorFlow's threads within and between operations; 0 lets TensorFlow choose.
      max_elements: elements that a request's tensor may declare without sending them.
      own_batching: a version's own batching_params.pbtxt overrides the scheduler's parameters.
      warmup_repeats: how often each warm-up request is run; 0 for no warm-up.
    """

    tags: Sequence[str] = ("serve",)
    intra_op: int = 0
    inter_op: int = 0
    max_elements: int = wire.MAX_ELEMENTS
    own_batching: bool = False
    warmup_repeats: int = 1


@dataclass(frozen=True)
class Loader:
    """Loads versions for a Store.

    Attributes:
      warm_up: (model, repeats) -> the number of warm-up requests, each run `repeats` times; None for no warm-up.
        `serving.handlers.service.warm_up` is one.
      scheduler: batches requests; None runs each request by itself.
      observer: counts loads and warm-ups.
    """

    config: LoadConfig = field(default_factory=LoadConfig)
    warm_up: Callable[[Any, int], int] | None = None
    scheduler: batching.Scheduler | None = None
    observer: Observer | None = None

    def __call__(self, name: str, path: Path) -> Any:
        """The version in a folder. Errors: ServingError."""
        try:
            model = self._load(path)
        except ServingError as failure:
            if self.observer:
                self.observer.loaded(name, str(path), failure.code)
            raise
        if self.observer:
            self.observer.loaded(name, str(path))
        return model

    def _load(self, path: Path) -> Any:
        from serving.models.saved_model import SavedModel  # imports TensorFlow

        c = self.config
        threads = {"intra_op": c.intra_op, "inter_op": c.inter_op}
        model: Any = SavedModel(path, c.tags, max_elements=c.max_elements, **threads)
        if self.scheduler:
            model = batching.Batched(model, self.scheduler, self._parameters(path, self.scheduler.parameters))
        self._warm_up(model, path)
        return model

    def _parameters(self, path: Path, common: batching.Parameters) -> batching.Parameters:
        file = path / batching.PER_MODEL_FILE
        return batching.read(file, common) if self.config.own_batching and file.is_file() else common

    def _warm_up(self, model: Any, path: Path) -> None:
        if not self.warm_up or not self.config.warmup_repeats:
            return
        begun, code, records = time.monotonic(), Code.OK, 0
        try:
            records = self.warm_up(model, self.config.warmup_repeats)
        except ServingError as failure:
            code = failure.code
            raise
        finally:
            if self.observer and (records or code != Code.OK):
                self.observer.warmup(str(path), code, time.monotonic() - begun, records)
