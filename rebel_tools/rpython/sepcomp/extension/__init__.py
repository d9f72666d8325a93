"""A core as an extension sees it, and the translation of an extension."""
