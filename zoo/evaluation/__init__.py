"""Whether what is said of a model is so: scores with their protocol, claims verified, models compared."""
