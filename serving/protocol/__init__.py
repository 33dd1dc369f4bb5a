"""What client and server share: messages, tensors, errors, files. No TensorFlow, no network."""
