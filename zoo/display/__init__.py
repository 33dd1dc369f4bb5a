"""Pictures, curves and progress for people."""
