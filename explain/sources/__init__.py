"""What is explained: a model's target, and the count of what its evaluations cost."""
