"""The checkpoints of a run: `RUN/checkpoints/`, the last two, each with all that an equal continuation needs."""

import shutil
import tempfile
from pathlib import Path
from types import TracebackType

import tensorflow as tf

from zoo.core.errors import UserError
from zoo.core.model import GenerativeModel
from zoo.training.callbacks import EpochMeans
from zoo.training.trainer import Trainer, averaged_variables, weights


def latest(folder: Path) -> str | None:
    """The path of a run's last checkpoint; None where it has none."""
    path: str | None = tf.train.latest_checkpoint(str(folder / "checkpoints"))
    return path


def restore_weights(folder: Path, model: GenerativeModel, *, averages: bool) -> None:
    """Gives a model the weights of a run's last checkpoint, and to its generating networks their moving averages.

    Errors: UserError where there is no checkpoint, or it is of another model.
    """
    path = latest(folder)
    if path is None:
        raise UserError(
            f"{folder} has no checkpoint yet: its first epoch is not over. Run its `zoo train` command again."
        )
    read = [tf.train.Checkpoint(weights=weights(model))]
    if averages:
        read.append(tf.train.Checkpoint(averages=averaged_variables(model)))
    try:
        for part in read:
            part.restore(path).assert_existing_objects_matched().expect_partial()
    except (AssertionError, ValueError, tf.errors.OpError) as error:
        raise _other_model(path, error) from None


def _other_model(path: str, error: Exception) -> UserError:
    first = (str(error) or "no message").splitlines()[0][:200]
    return UserError(f"{path} holds the weights of another model ({first}). Give another --out, or train again.")


class Checkpoints:
    """Saves and restores a trainer. Every worker saves, since saving is collective; only the chief's files stay."""

    def __init__(self, trainer: Trainer, means: EpochMeans, folder: Path, *, chief: bool) -> None:
        self._trainer, self._folder = trainer, folder
        self._scratch = None if chief else tempfile.mkdtemp()
        self._checkpoint = trainer.checkpoint()
        self._checkpoint.means = means
        self._manager = tf.train.CheckpointManager(
            self._checkpoint, self._scratch or str(folder / "checkpoints"), max_to_keep=2
        )

    def restore(self) -> None:
        """Continues from the last checkpoint, if there is one. Errors: UserError where it is of another model."""
        path = latest(self._folder)
        if path:
            try:
                self._checkpoint.restore(path).assert_consumed()
            except (AssertionError, ValueError, tf.errors.OpError) as error:
                raise _other_model(path, error) from None

    def save(self) -> None:
        """At the trainer's step. Errors: Diverged where a weight is not finite; the last checkpoint stays."""
        self._trainer.check_weights()
        self._manager.save(checkpoint_number=self._trainer.step)

    def __enter__(self) -> "Checkpoints":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._scratch:
            shutil.rmtree(self._scratch, ignore_errors=True)
