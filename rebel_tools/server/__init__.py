"""The resident server of a project: it has loaded scons, and a build that asks it need not."""

SOCKET = "_build/.rebel-tools.server"
