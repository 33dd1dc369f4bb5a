"""Features of an untrained convolutional network with fixed random weights.

A perceptual distance needs a deep network's structure rather than its training: Liu et al., arXiv 2103.10571; Amir &
Weiss, CVPR 2021, who show that random filters compare the distributions of small patches. So nothing is downloaded.
"""

import keras
from keras import layers


def random_features(channels: int, *, depth: int = 3, width: int = 16, seed: int = 0) -> keras.Model:
    """Images (B, H, W, channels) of any size -> a list of `depth` feature maps, of sides H, H/2, H/4 ...

    float32 in any precision. The same seed gives the same network in every process. The weights are frozen.
    """
    x = image = keras.Input((None, None, channels))
    maps = []
    for level in range(depth):
        if level:
            x = layers.AveragePooling2D(2, padding="same", dtype="float32")(x)
        initial = keras.initializers.HeNormal(seed=1000 * seed + level)
        x = layers.Conv2D(width * 2**level, 3, padding="same", kernel_initializer=initial, dtype="float32")(x)
        x = layers.ReLU(dtype="float32")(x)
        maps.append(x)
    network = keras.Model(image, maps, name="random_features")
    network.trainable = False
    return network
