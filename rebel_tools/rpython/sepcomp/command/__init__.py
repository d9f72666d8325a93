"""The command line, messages for the user, and the log."""
