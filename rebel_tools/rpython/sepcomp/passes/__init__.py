"""The passes of a translation, generated C, its compilation, and complete output files."""
