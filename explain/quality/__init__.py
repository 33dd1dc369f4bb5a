"""The quality of an explanation: metrics that need more evaluations, and the verdict."""
