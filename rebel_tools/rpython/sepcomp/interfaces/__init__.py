"""The file between the two sides: annotations and low-level types as plain data, names and symbols."""
