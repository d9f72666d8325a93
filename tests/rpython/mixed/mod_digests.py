# ruff: noqa
"""The module _digest as an extension: init_module() installs it, and programs import it."""
import core
from digests import Module
from sepcomp import initializer


build = Module.builder()


@initializer
def setup():
    core.prepare()
    build()
