"""Random C trees for SCons, and edits of them: with every way in which an SConscript can look at the file system."""

from __future__ import annotations

import os
import random
from pathlib import Path

TOP = """\
import os, sys
sys.path.insert(0, Dir('#/tools').get_abspath())
import helper
vars = Variables('local.conf', ARGUMENTS)
vars.Add('mode', 'how it is built', 'fast')
env = Environment(variables=vars, CPPPATH=['#/first', '#/second'], tools=['default'])
env.AppendUnique(CPPDEFINES=['MODE_' + env['mode'], helper.DEFINE])
{lines}
Export('env')
{parts}
"""

# One line for each; a tree gets some of them.
FEATURES = {
    "environment variable": "env.AppendUnique(CPPDEFINES=['V_' + os.environ.get('TREE_VARIABLE', 'none')])",
    "file that exists": "env.AppendUnique(CPPDEFINES=['X_%d' % os.path.exists('optional.txt')])",
    "listing": "env.AppendUnique(CPPDEFINES=['N_%d' % len(os.listdir('data'))])",
    "walk": "env.AppendUnique(CPPDEFINES=['W_%d' % sum(len(f) for _, _, f in os.walk('data'))])",
    "contents": "env.AppendUnique(CPPDEFINES=['C_' + open('data/value.txt').read().strip()])",
    "time of a file": "env.AppendUnique(CPPDEFINES=['T_%d' % os.path.getmtime('data/value.txt')])",
    "command": (
        "import subprocess\nsaid = subprocess.check_output(['sh', 'tools/say.sh'], text=True).strip()\n"
        "env.AppendUnique(CPPDEFINES=['S_' + said])"
    ),
    "backtick": "env.AppendUnique(CPPDEFINES=['B_' + os.popen('cat data/value.txt').read().strip()])",
    "generated header": (
        "env.Command('first/made.h', 'data/value.txt', 'sed \"s/.*/#define MADE &/\" $SOURCE > $TARGET')"
    ),
    "link": "env.AppendUnique(CPPDEFINES=['L_' + os.path.basename(os.readlink('current'))])",
    "configure": (
        "conf = Configure(env, conf_dir='#/.conf', log_file='#/.conf.log')\n"
        "env.AppendUnique(CPPDEFINES=['H_%d' % conf.CheckHeader('probe.h')])\nenv = conf.Finish()"
    ),
    "search of a program": (
        "found = env.WhereIs('treetool', path=[Dir('#/bin').abspath])\n"
        "env.AppendUnique(CPPDEFINES=['P_%d' % bool(found)])"
    ),
    "timestamps": "env.Decider('timestamp-match')",
    "install": "env.Install('out/share', Glob('data/*.txt'))",
    "folder": "env.AppendUnique(CPPDEFINES=['D_%d' % os.path.isdir('extra')])",
    "content or time": "env.Decider('MD5-timestamp')",
    "contents of a node": "env.AppendUnique(CPPDEFINES=['E_' + File('data/value.txt').get_text_contents().strip()])",
    "time of a node": "env.AppendUnique(CPPDEFINES=['F_%d' % File('data/value.txt').get_timestamp()])",
    "cache": "CacheDir('.cache')",
    "two targets": (
        "env.Command(['out/x.txt', 'out/y.txt'], 'data/value.txt', "
        "'cp $SOURCE ${TARGETS[0]}; echo same > ${TARGETS[1]}')\n"
        "env.Command('out/z.txt', ['out/y.txt', 'out/x.txt'], 'cat $SOURCES > $TARGET')"
    ),
    "source that another action changes": (
        "env.Command('out/b.txt', 'data/value.txt', 'cp $SOURCE $TARGET; cat $SOURCE >> data/grown.txt')\n"
        "env.Command('out/c.txt', 'data/grown.txt', 'cp $SOURCE $TARGET')"
    ),
    "product that another action changes": (
        "env.Command('out/d.txt', 'data/value.txt', 'cp $SOURCE $TARGET')\n"
        "env.Command('out/e.txt', 'out/d.txt', 'cp $SOURCE $TARGET; echo x >> $SOURCE')"
    ),
    "product that the SConstruct looks at": (
        "env.AppendUnique(CPPDEFINES=['O_%d' % os.path.exists('out/f.txt')])\n"
        "env.Command('out/f.txt', 'data/value.txt', 'cp $SOURCE $TARGET')"
    ),
    "source that a glob finds when it was made": (
        "env.Command('data/g.txt', 'data/value.txt', 'cp $SOURCE $TARGET')\n"
        "env.Command('out/g.lst', Glob('data/?.txt'), 'echo $SOURCES > $TARGET')"
    ),
    "dependencies that an action writes": (
        "env.Command('out/h.txt', 'data/value.txt', 'cp $SOURCE $TARGET; echo out/h.txt: second/h1.h > out/h.d')\n"
        "env.ParseDepends('out/h.d')"
    ),
    "file that is not made": "env.Command('out/i.txt', 'data/value.txt', 'true')",
    "only programs": "Default(Alias('programs', []))",  # other targets are reached through them, or not at all
    "dependency of a header": (
        "env.Depends('second/h0.h', env.Command('out/j.txt', 'data/value.txt', 'cp $SOURCE $TARGET'))\n"
        "Alias('programs', env.Command('out/k.txt', 'data/value.txt', 'cp $SOURCE $TARGET'))"
    ),
    "function in a command line": (
        "env['ASKED'] = lambda target, source, env, for_signature: File('data/value.txt').get_csig()\n"
        "Alias('programs', env.Command('out/l.txt', 'data/grown.txt', 'echo $ASKED > $TARGET'))"
    ),
    "prerequisite": (
        "late = env.Command('out/m.txt', 'data/grown.txt', 'cp $SOURCE $TARGET')\n"
        "env.Requires(late, env.Command('out/n.txt', 'data/value.txt', 'cp $SOURCE $TARGET'))\n"
        "Alias('programs', late)"
    ),
    "value": "env.Command('out/o.txt', [Value(env['mode']), 'data/value.txt'], 'echo $SOURCES > $TARGET')",
    "side effect": (
        "made = env.Command('out/a.txt', 'data/value.txt', 'cp $SOURCE $TARGET; echo x > out/log.txt')\n"
        "env.SideEffect('out/log.txt', made)"
    ),
}
# Everyday changes, which are three times as likely as the others.
ORDINARY = frozenset(
    (
        "source",
        "header",
        "same_size",
        "include",
        "touch",
        "touch_output",
        "remove_output",
        "damage_output",
        "new_source",
    )
    + ("remove_source", "unrelated", "data", "new_data", "sconscript_comment")
)
MISTAKE = "#error a mistake\n"
# Changes of contents, after which SCons may have to check only a part of the tree.
SMALL = ("source", "header", "same_size", "data", "include", "damage_output", "mistake")
# SCons always has something to do with the last two.
NEVER_IN_PART = ("timestamps", "product that another action changes", "file that is not made")
PART = """\
Import('env')
env = env.Clone()
objects = env.Object(Glob('*.c', exclude=['main_*.c']))
lib = env.StaticLibrary('part{n}', objects)
Alias('programs', env.Program('prog{n}', ['main_{n}.c'], LIBS=['part{n}'], LIBPATH=['.']))
"""


class Tree:
    """One tree in `root`. environ: the environment of scons besides its own; arguments: its command line.

    small: without features for which SCons always checks everything.
    """

    def __init__(self, root: Path, seed: int, small: bool = False) -> None:
        self.root = root
        self.seed = seed
        self.random = random.Random(seed)
        self.environ: dict[str, str] = {}
        self.arguments: list[str] = []
        self.count = 0
        self.mistaken: Path | None = None
        self.features = self.random.sample(sorted(FEATURES), self.random.randint(3, 7))
        if small:
            self.features = [name for name in self.features if name not in NEVER_IN_PART]
        if "timestamps" in self.features and "configure" in self.features:
            self.features.remove("configure")  # SCons itself builds everything each time with both
        self.parts = list(range(self.random.randint(1, 3)))
        self._write_all()

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def _write_all(self) -> None:
        for folder in ("first", "second", "data", "bin", "tools", "v1", "v2"):
            (self.root / folder).mkdir(parents=True)
        self.write("data/grown.txt", "0\n")
        os.symlink("v1", self.root / "current")
        self.write("data/value.txt", "1\n")
        self.write("tools/helper.py", "DEFINE = 'HELPED'\n")
        self.write("tools/say.sh", "cat data/value.txt\n")
        for n in range(3):
            self.write(f"second/h{n}.h", f'#include "h{n + 1}.h"\n#define H{n} {n}\n' if n < 2 else "#define H2 2\n")
        if "generated header" in self.features:
            self.write("second/h2.h", '#include "made.h"\n#define H2 2\n')
        parts = []
        for n in self.parts:
            variants = ["", f", variant_dir='out/p{n}', duplicate=0", f", variant_dir='out/p{n}'"]
            variant = self.random.choice(variants)
            parts.append(f"SConscript('part{n}/SConscript'{variant})")
            self.write(f"part{n}/SConscript", PART.format(n=n))
            for k in range(self.random.randint(1, 3)):
                self.write(f"part{n}/f{k}.c", f'#include "h{k % 3}.h"\nint f{n}_{k}(void) {{ return H{k % 3}; }}\n')
            self.write(f"part{n}/main_{n}.c", f"int f{n}_0(void);\nint main(void) {{ return f{n}_0(); }}\n")
        lines = "\n".join(FEATURES[name] for name in self.features)
        self.write("SConstruct", TOP.format(lines=lines, parts="\n".join(parts)))

    # Edits

    def edit(self, small: bool = False) -> str:
        """Make one random change, and return its name. small: only contents change."""
        self.count += 1
        if self.mistaken and self.mistaken.exists():
            self.mistaken.write_text(self.mistaken.read_text().removeprefix(MISTAKE))
            self.mistaken = None
            return "correction"
        names = [f"edit_{name}" for name in SMALL] if small else sorted(dir(self))
        edits = [getattr(self, name) for name in names if name.startswith("edit_")]
        weights = [3 if edit.__name__.removeprefix("edit_") in ORDINARY else 1 for edit in edits]
        while True:
            (edit,) = self.random.choices(edits, weights)
            if edit() is not False:
                return str(edit.__name__.removeprefix("edit_"))

    def _any(self, pattern: str) -> Path | None:
        found = sorted(self.root.glob(pattern))
        return self.random.choice(found) if found else None

    def edit_source(self) -> object:
        path = self._any("part*/f*.c")
        return path.write_text(path.read_text() + f"/* {self.count} */\n") if path else False

    def edit_header(self) -> object:
        path = self._any("*/h*.h")
        return path.write_text(path.read_text() + f"// {self.count}\n") if path else False

    def edit_include(self) -> object:
        """Let a source include one more header, perhaps a generated one, or another one than before."""
        path = self._any("part*/f*.c")
        if path is None:
            return False
        made = ["made.h"] if "generated header" in self.features else []
        name = self.random.choice(["h0.h", "h1.h", "h2.h", *made])
        first, newline, rest = path.read_text().partition("\n")
        return path.write_text(f'#include "{name}"\n{rest if rest.startswith("#include") else first + newline + rest}')

    def edit_mistake(self) -> object:
        """Let the next build fail; the next edit corrects it."""
        self.mistaken = self._any("part*/f*.c")
        return self.mistaken.write_text(MISTAKE + self.mistaken.read_text()) if self.mistaken else False

    def edit_same_size(self) -> object:
        path = self._any("part*/main_*.c")
        if path is None:
            return False
        old, new = ("return f", "return-f") if self.count % 2 else ("return-f", "return f")
        return path.write_text(path.read_text().replace(old, new))

    def edit_touch(self) -> object:
        path = self._any("*/*.[ch]")
        return os.utime(path) if path else False

    def edit_backdate(self) -> object:
        path = self._any("*/*.[ch]")
        return os.utime(path, (1e9 + self.count, 1e9 + self.count)) if path else False

    def edit_touch_output(self) -> object:
        path = self._any("**/*.o")
        return os.utime(path) if path else False

    def edit_remove_output(self) -> object:
        path = self._any("**/prog?") or self._any("**/*.a")
        return path.unlink() if path else False

    def edit_damage_output(self) -> object:
        path = self._any("**/*.o")
        return path.write_bytes(path.read_bytes() + b"\0") if path else False

    def edit_new_source(self) -> object:
        n = self.random.choice(self.parts)
        return self.write(f"part{n}/f{10 + self.count}.c", f"int g{self.count}(void) {{ return 0; }}\n")

    def edit_remove_source(self) -> object:
        path = self._any("part*/f1?*.c")
        return path.unlink() if path else False

    def edit_hiding_header(self) -> object:
        return self._come_or_go(self.root / "first" / f"h{self.random.randint(0, 2)}.h")

    def edit_header_beside_the_source(self) -> object:
        return self._come_or_go(self.root / f"part{self.random.choice(self.parts)}" / f"h{self.random.randint(0, 2)}.h")

    def _come_or_go(self, header: Path) -> object:
        """Add or remove a header with the name of another one and different contents."""
        if header.exists():
            return header.unlink()
        return header.write_text(f"{(self.root / 'second' / header.name).read_text()}// here {self.count}\n")

    def edit_probe(self) -> object:
        path = self.root / "first" / "probe.h"
        return path.unlink() if path.exists() else path.write_text("")

    def edit_unrelated(self) -> object:
        return self.write(f"part0/note{self.count}.md", "nothing\n")

    def edit_data(self) -> object:
        return self.write("data/value.txt", f"{self.random.randint(1, 3)}\n")

    def edit_new_data(self) -> object:
        return self.write(f"data/d{self.count}.txt", "new\n")

    def edit_optional(self) -> object:
        path = self.root / "optional.txt"
        return path.unlink() if path.exists() else path.write_text("")

    def edit_extra_folder(self) -> object:
        path = self.root / "extra"
        return path.rmdir() if path.exists() else path.mkdir()

    def edit_variable(self) -> object:
        self.environ = {"TREE_VARIABLE": str(self.random.randint(1, 3))} if self.random.random() < 0.7 else {}
        return None

    def edit_argument(self) -> object:
        self.arguments = self.random.choice([[], ["mode=slow"], ["mode=fast"]])
        return None

    def edit_local_settings(self) -> object:
        return self.write("local.conf", f"mode = '{self.random.choice(['fast', 'small'])}'\n")

    def edit_module(self) -> object:
        return self.write("tools/helper.py", f"DEFINE = 'HELPED{self.random.randint(0, 2)}'\n")

    def edit_hiding_module(self) -> object:
        path = self.root / "site_scons" / "helper.py"
        if path.exists():
            return path.unlink()
        return self.write("site_scons/helper.py", "DEFINE = 'HIDDEN'\n")

    def edit_script(self) -> object:
        return self.write("tools/say.sh", f"echo {self.random.randint(1, 3)}\n")

    def edit_link(self) -> object:
        link = self.root / "current"
        target = "v2" if os.readlink(link) == "v1" else "v1"
        link.unlink()
        os.symlink(target, link)
        return None

    def edit_tool(self) -> object:
        path = self.root / "bin" / "treetool"
        if not path.exists():
            path.write_text("#!/bin/sh\n")
            path.chmod(0o755)
        else:
            path.chmod(path.stat().st_mode ^ 0o111)
        return None

    def edit_sconscript_comment(self) -> object:
        path = self._any("part*/SConscript") if self.random.random() < 0.7 else self.root / "SConstruct"
        return path.write_text(path.read_text() + f"# {self.count}\n") if path else False

    def edit_flags(self) -> object:
        path = self._any("part*/SConscript")
        if path is None:
            return False
        return path.write_text(path.read_text().replace("env.Clone()", f"env.Clone(CFLAGS=['-DF={self.count}'])", 1))
