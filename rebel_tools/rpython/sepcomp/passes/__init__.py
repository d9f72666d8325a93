"""The passes of a translation, generated C, gcc, and files that appear complete."""
