"""An explanation, and its forms on disk: JSON, npz, PNG, HTML."""
