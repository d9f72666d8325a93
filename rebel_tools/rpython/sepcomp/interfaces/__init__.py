"""The interface file between core and extensions: annotations and low-level types as plain data, names and symbols."""
