"""A small C tree whose SConstruct uses the tool `remote`."""

from __future__ import annotations

import rebel_tools

HEAD = f"""
DefaultEnvironment(tools=[])
env = Environment(tools=['default', 'remote'], toolpath=[{rebel_tools.TOOLPATH!r}])
"""
FILES = {
    "main.c": '#include "part.h"\nint main(void) { return part(); }\n',
    "part.c": '#include "part.h"\nint part(void) { int unused; return 0; }\n',
    "inc/part.h": "int part(void);\n",
}
PROGRAM = """
env.Append(CPPPATH=['inc'], CCFLAGS=['-Wall'])
env.Program('prog', ['main.c', env.StaticLibrary('part', 'part.c')])
"""
