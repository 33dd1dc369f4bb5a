"""What examples are called in a request or a reply. No TensorFlow: programs that only ask a server read it too."""

WIRE_NAMES = {"image": "images", "video": "videos", "volume": "volumes", "audio": "audio", "series": "series",
              "tokens": "text", "vector": "vectors", "table": "table"}  # fmt: skip
"""By kind. A table has a tensor for each column instead."""
