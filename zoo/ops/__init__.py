"""What is done to tensors inside a training step: everything here compiles and has a gradient."""
