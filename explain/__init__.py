"""LIME for any served or local model. Never imports zoo."""
