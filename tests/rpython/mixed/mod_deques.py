# ruff: noqa
"""The module _collections as an extension: init_module() installs it, and programs import it."""
import core
from deques import Module
from sepcomp import initializer


build = Module.builder()


@initializer
def setup():
    core.prepare()
    build()
