"""What client and server agree on: messages, tensors, errors, files. No TensorFlow, no network."""
