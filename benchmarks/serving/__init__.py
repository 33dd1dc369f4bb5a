"""`python -m benchmarks.serving`: what the embedded server costs, and what batching gains."""
