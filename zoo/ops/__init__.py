"""Operations on tensors inside a training step: they compile with XLA and have gradients."""
