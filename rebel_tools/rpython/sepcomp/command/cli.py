"""`python -m sepcomp core main.py ...` and `python -m sepcomp extension main.py --core core.interface ...`.

Everything that the toolchain prints goes to a log beside the target.  A mistake in the user's source is told once, in
rpython's own words, with file and line; the exit status is then 1.
"""

import argparse
import os
import shutil
import signal
import sys

from sepcomp.command import log as logs
from sepcomp.command.errors import SetupError

FAILED, INTERRUPTED = 1, 130


def parser():
    p = argparse.ArgumentParser(prog='python -m sepcomp', description=__doc__)
    commands = p.add_subparsers(dest='command')
    core = commands.add_parser('core', help='translate a core')
    extension = commands.add_parser('extension', help='translate an extension')
    for sub in (core, extension):
        sub.add_argument('source')
        sub.add_argument('--name', help='name of the library (default: that of the source)')
        sub.add_argument('--output-dir', default='.')
        sub.add_argument('--path', action='append', default=[], help='a folder with more modules')
        sub.add_argument('--jobs', type=int, default=2, help='C compilers at the same time')
        sub.add_argument('--rpython', help='the folder that holds the rpython package')
        sub.add_argument('--depfile', help='write there what was read, in the format of make')
        sub.add_argument('--keep', action='store_true', help='keep the generated C')
    core.add_argument('--gc', default='incminimark')
    core.add_argument('--opt', default='2')
    core.add_argument('--debug', action='store_true', help='compile with RPY_ASSERT')
    core.add_argument('--thread', action='store_true', help='with rthread, and a GIL that calls of C release')
    core.add_argument('--experimental-jit', action='store_true', help='accept --opt jit, which is not finished')
    core.add_argument('--type-reserve', type=int, default=1 << 17, help='bytes for type ids of extensions')
    extension.add_argument('--core', required=True, help='the interface of the core')
    extension.add_argument('--stable', action='store_true', help='compare the stable digest of the core at load')
    extension.add_argument('--core-library', required=True, help='the shared library of the core')
    return p


def main(argv):
    args = parser().parse_args(argv)
    name = args.name or os.path.splitext(os.path.basename(args.source))[0]
    output = os.path.abspath(args.output_dir)
    if not os.path.isdir(output):
        os.makedirs(output)
    work = os.path.join(output, name + '.sepcomp')
    log_path = os.path.join(output, name + '.log')
    if args.rpython:
        sys.path.insert(0, os.path.abspath(args.rpython))
    os.environ['PYPY_USESSION_DIR'] = work
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler)
        shutil.rmtree(work, ignore_errors=True)
        os.makedirs(work)
        with logs.captured(log_path) as log:
            status = run(args, name, output, work, log, log_path)
    except KeyboardInterrupt:
        sys.stderr.write('%s: interrupted; nothing was written\n' % name)
        status = INTERRUPTED
    if status != FAILED and not args.keep:
        shutil.rmtree(work, ignore_errors=True)
    return status


def run(args, name, output, work, log, log_path):
    from sepcomp.command import messages
    try:
        translate(args, name, output, work, log)
        return 0
    except Exception as error:      # whatever the toolchain raises is a message to the user, and kept in the log
        log.traceback()
        logs.tell(messages.of(error, os.path.abspath(args.source)) + '\n  the full log: ' + os.path.relpath(log_path))
        return FAILED


def translate(args, name, output, work, log):
    """Make all files in the folder `work`, then move them to their destinations together."""
    from sepcomp.passes import build
    from sepcomp.sources import depfile
    check_toolchain()
    recorder = depfile.Recorder()
    recorder.install()
    make = translate_core if args.command == 'core' else translate_extension
    program, others, made = make(args, name, work, log)
    made = [(source, os.path.join(output, target)) for source, target in made]
    if args.depfile:
        paths = depfile.dependencies(recorder, program, others, output)
        temporary = os.path.join(work, 'depfile')
        with open(temporary, 'w') as f:
            f.write(depfile.text([target for _, target in made], paths))
        made.insert(0, (temporary, os.path.abspath(args.depfile)))
    build.publish(made, work)


def translate_core(args, name, work, log):
    """Returns the program, names of modules that are not its own, and [(file, name of the target)]."""
    from sepcomp.interfaces import interface
    from sepcomp.core.translation import CoreTranslation
    from sepcomp.passes.toolchain import Options
    options = Options(args.gc, args.opt, args.debug, args.type_reserve, args.thread)
    options.check(args.experimental_jit)
    core = CoreTranslation(args.source, name, options, args.path)
    core.jobs = args.jobs
    library, plain = core.translate(work, log)
    temporary = os.path.join(work, 'interface')
    interface.write(temporary, plain)
    bodies = write_bodies(work, core.bodies)
    return core.program, (), [(library, 'lib%s.so' % name), (temporary, name + '.interface'),
                              (bodies, name + '.templates')]


def translate_extension(args, name, work, log):
    """The same for an extension."""
    from sepcomp.extension.translation import ExtensionTranslation
    extension = ExtensionTranslation(args.source, name, args.core, args.core_library, args.path, args.stable)
    extension.jobs = args.jobs
    library = extension.translate(work, log)
    bodies = write_bodies(work, extension.core.used.plain())
    return extension.program, extension.data['sources'], [(library, name + '.so'), (bodies, name + '.templates')]


def write_bodies(work, bodies):
    from sepcomp.shared import templates
    path = os.path.join(work, 'templates')
    with open(path, 'w') as f:
        f.write(templates.text(bodies))
    return path


def check_toolchain():
    from sepcomp import adapters
    from sepcomp.sources import refusals
    refusals.check_compiler()
    try:
        from sepcomp.sources import hashes
        hashes.install()
    except ImportError as e:
        raise SetupError('the rpython package cannot be imported (%s); give its folder with --rpython' % e)
    adapters.choose()
    refusals.watch_decorators()
