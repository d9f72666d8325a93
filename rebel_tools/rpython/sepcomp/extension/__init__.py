"""The core from the side of an extension, and the translation of an extension."""
