"""What every room builds on: the contract of a model, features, random numbers, the registry, a run's options."""
