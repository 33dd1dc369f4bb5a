"""Superpixels follow the edges of an image."""

import numpy as np
import pytest

from explain import (
    felzenszwalb,
    slic,
)


@pytest.mark.parametrize("make", [slic, felzenszwalb])
@pytest.mark.parametrize("channels", [1, 3])
def test_superpixels_follow_the_image_from_label_0(make, channels):
    x = np.full((32, 32, channels), 0.1, np.float32)
    x[8:24, 8:24] = 0.9
    labels = make(x).labels
    assert labels.min() == 0
    inside = set(np.unique(labels[8:24, 8:24]))
    assert not inside & set(np.unique(labels[:8]))
