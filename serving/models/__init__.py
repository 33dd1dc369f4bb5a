"""Models on disk: finding, loading and running their versions."""
