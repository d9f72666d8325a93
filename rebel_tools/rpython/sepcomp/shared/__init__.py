"""What the libraries of one process share at run time: classes, methods, templates, tables, exceptions."""
