"""LIME itself: masks, the weight kernel, the local surrogate, and how uncertain it is."""
