"""Whether an explanation is right, and the verdict."""
