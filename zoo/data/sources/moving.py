"""Moving digits: the procedure of Moving-MNIST. Srivastava, Mansimov & Salakhutdinov, arXiv 1502.04681, section 4.1."""

import numpy as np

from zoo.data.dataset import Examples
from zoo.data.images import conform

FRAMES, SIDE, DIGIT = 8, 32, 14
_SPEED = (2.0, 4.0)
"""Pixels a frame, from and to."""


def moving(digits: Examples) -> Examples:
    """A video of each digit, bouncing off the edges: uint8 (N, 8, 32, 32, 1), with the digit's class as label.

    Where it starts, in which direction and how fast it goes are drawn uniformly, always the same. A digit that is kept
    for testing is in no video to learn from.
    """
    random = np.random.default_rng(0)
    count, room = len(digits.x), SIDE - DIGIT
    start = random.uniform(0, room, (count, 1, 2))
    angle, speed = random.uniform(0, 2 * np.pi, count), random.uniform(*_SPEED, count)
    velocity = (speed * np.stack([np.sin(angle), np.cos(angle)]))[..., None].transpose(1, 2, 0)
    places = np.rint(bounced(start + velocity * np.arange(FRAMES)[:, None], room)).astype(int)
    shrunk = conform(digits.x[..., None], (DIGIT, DIGIT, 1))
    videos = np.zeros((count, FRAMES, SIDE, SIDE, 1), np.uint8)
    for video, digit, path in zip(videos, shrunk, places, strict=True):
        for frame, (top, left) in zip(video, path, strict=True):
            frame[top : top + DIGIT, left : left + DIGIT] = digit
    return Examples(videos, digits.labels, digits.test)


def bounced(way: np.ndarray, room: float) -> np.ndarray:
    """Where a point that has gone so far along a line is between two walls, 0 and `room`, that throw it back."""
    return room - np.abs(way % (2 * room) - room)
