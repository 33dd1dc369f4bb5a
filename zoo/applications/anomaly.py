"""Anomalies: what scores above a threshold that held-out normal data sets."""

import csv
import io
from pathlib import Path

import numpy as np

from serving.protocol.files import write_whole


def threshold(scores: np.ndarray, rate: float) -> float:
    """The score that at most this share of normal examples (N,) exceeds: an order statistic, no distribution assumed.

    With it a new normal example raises a false alarm with probability at most `rate`, over the draw of both: the
    ⌈(N + 1) (1 − rate)⌉-th smallest (conformal prediction, Vovk et al. 2005). Infinite where N is too small for that.
    """
    rank = int(np.ceil((len(scores) + 1) * (1.0 - rate)))
    return float(np.sort(scores)[rank - 1]) if rank <= len(scores) else float("inf")


def alarms(scores: np.ndarray, limit: float) -> float:
    """The share of scores above the threshold."""
    return float(np.mean(scores > limit))


def write(path: Path, scores: np.ndarray, limit: float) -> None:
    """A CSV of example, score and whether it is an anomaly, in the data's order."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["example", "score", "anomaly"])
    writer.writerows((i, f"{s:.6g}", int(s > limit)) for i, s in enumerate(scores.tolist()))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, text.getvalue())
