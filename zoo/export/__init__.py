"""A trained run as a SavedModel with a model card."""
