"""From generated C to a shared library: make in parallel, a version script, and an atomic rename at the end."""

import os
import re
import shutil
import signal
import subprocess

from sepcomp.command.errors import SepcompError

# aligned, so that the speed of a loop does not depend on its position in the library
CFLAGS = ['-O2', '-pthread', '-fPIC', '-fomit-frame-pointer', '-fno-strict-aliasing', '-fno-semantic-interposition',
          '-falign-functions=32', '-falign-loops=32',
          '-Wall', '-Wno-unused', '-Wno-address', '-Wno-attributes', '-Wno-array-bounds', '-Wno-stringop-overread']
# what rpython declares RPY_EXTERN crosses the boundary between libraries; the version script selects.  On the command
# line, because some of rpython's C files do not include the generated header first.
VISIBLE = """'-DRPY_EXTERN=extern __attribute__((visibility("default")))'"""


class CompilerError(SepcompError):
    """The C compiler has failed.  names: the functions and headers that its messages are about."""

    def __init__(self, lines):
        SepcompError.__init__(self, 'the C compiler failed:\n  ' + '\n  '.join(lines))
        text = '\n'.join(lines)
        self.names = re.findall('\xe2\x80\x98(\\w+)\xe2\x80\x99', text) + re.findall("[`'](\\w+)'", text) + (
            re.findall(r'error: (\S+): No such file', text))


class Compilation(object):
    """C files in `folder` that become the shared library `target`."""

    def __init__(self, folder, cfiles, include_dirs, libraries=(), link_extra=()):
        self.folder = folder
        self.cfiles = cfiles
        self.include_dirs = include_dirs
        self.libraries = list(libraries)
        self.link_extra = list(link_extra)

    def write_makefile(self, target, exports):
        with open(os.path.join(self.folder, 'exports.map'), 'w') as f:
            f.write('{ global:\n%s\n  local: *; };\n' % '\n'.join('  %s;' % name for name in sorted(exports)))
        objects = [os.path.splitext(os.path.basename(c))[0] + '.o' for c in self.cfiles]
        cc = os.environ.get('CC', 'gcc')
        flags = ' '.join(CFLAGS + [VISIBLE] + ['-I' + i for i in self.include_dirs])
        link = ' '.join(['-shared', '-pthread', '-Wl,-Bsymbolic', '-Wl,-z,defs', '-Wl,-z,nodelete',
                         '-Wl,--version-script=exports.map', "-Wl,-rpath,'$$ORIGIN'", '-Wl,--build-id=none'] +
                        self.link_extra)
        rules = ['%s: %s\n\t%s %s -c $< -o $@' % (o, c, cc, flags) for o, c in zip(objects, self.cfiles)]
        libs = ' '.join(['-l' + lib for lib in self.libraries] + ['-lm', '-lrt'])
        parts = ' '.join(objects)
        rules.insert(0, '%s: %s exports.map\n\t%s -o $@ %s %s %s' % (target, parts, cc, parts, link, libs))
        with open(os.path.join(self.folder, 'Makefile'), 'w') as f:
            f.write('\n\n'.join(rules) + '\n')

    def make(self, target, exports, jobs, log):
        """Compile and link `target` (a file name in the folder); returns its path."""
        self.write_makefile(target, exports)
        command = ['make', '-j%d' % jobs, '-C', self.folder, target]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            output = process.communicate()[0]
        except KeyboardInterrupt:
            process.terminate()     # make stops its compilers, and waits for them
            process.wait()
            raise
        log.write(output)
        if process.returncode:
            lines = output.splitlines()
            wrong = [line for i, line in enumerate(lines)
                     if ('error' in line or 'undefined' in line) and line not in lines[:i]]
            raise CompilerError(wrong[:10] or lines[-10:])
        return os.path.join(self.folder, target)


def publish(files, work):
    """Copy [(source, destination)]: each destination appears complete, and the last one last.

    The copies are made in the folder `work`, on the same file system, so an interruption leaves nothing elsewhere.
    Then they are renamed with signals blocked, so only SIGKILL can interrupt that.
    """
    ready = []
    for source, destination in files:
        copy = os.path.join(work, 'published-' + os.path.basename(destination))
        shutil.copyfile(source, copy)
        os.chmod(copy, 0o755 if destination.endswith('.so') else 0o644)
        ready.append((copy, destination))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    for copy, destination in ready:
        os.rename(copy, destination)
