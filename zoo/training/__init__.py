"""Training: the engine, where it runs, and the folder that a run leaves behind."""
