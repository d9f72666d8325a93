"""What a core promises, and its translation."""
