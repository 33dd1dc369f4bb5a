"""Anomalies: examples that score above a threshold, which held-out normal examples set."""

import csv
import io
from pathlib import Path

import numpy as np

from serving.protocol.files import write_whole


def threshold(scores: np.ndarray, rate: float) -> float:
    """The threshold above which a new normal example scores with probability `rate` at most.

    It is the ⌈(N + 1) (1 − rate)⌉-th smallest of the scores (N,) of normal examples (conformal prediction, Vovk et al.
    2005); the probability is over both draws, and no distribution is assumed. Infinite where N is too small.
    """
    rank = int(np.ceil((len(scores) + 1) * (1.0 - rate)))
    return float(np.sort(scores)[rank - 1]) if rank <= len(scores) else float("inf")


def alarms(scores: np.ndarray, limit: float) -> float:
    """The share of scores above the threshold."""
    return float(np.mean(scores > limit))


def write(path: Path, scores: np.ndarray, limit: float) -> None:
    """Writes a CSV with the columns example, score and anomaly (1 or 0), in the order of the data."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["example", "score", "anomaly"])
    writer.writerows((i, f"{s:.6g}", int(s > limit)) for i, s in enumerate(scores.tolist()))
    write_whole(path, text.getvalue())
