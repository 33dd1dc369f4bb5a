"""Models on disk: found, loaded, batched."""
