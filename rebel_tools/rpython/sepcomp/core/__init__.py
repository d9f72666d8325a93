"""The exports of a core, and its translation."""
