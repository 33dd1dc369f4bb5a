"""Where data comes from: sets by name, and the user's own files."""
