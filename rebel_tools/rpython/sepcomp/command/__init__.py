"""The command line; what the user sees, and what goes to the log."""
