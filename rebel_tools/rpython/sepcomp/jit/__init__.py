"""Cores that are translated with a JIT: what a trace may assume, now that not all code is known."""
