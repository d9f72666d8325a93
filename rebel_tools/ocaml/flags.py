"""The options of OCaml's programs: which of them run a program, and which name files.

Sources: `ocamlopt -help`, `ocamlc -help` and `ocamldep -help` of OCaml 4.08 to 5.3, and driver/main_args.ml there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice


def _options(text: str) -> frozenset[str]:
    return frozenset(text.split())


# The options that are known to run no program. Unknown options may do so, and so may those that pass text to a shell
# (-cc, -ccopt), take further options from a file (-args), or load native code into the compiler (-dllib, -plugin).
_HARMLESS = _options(
    """
    -absname -alias-deps -all -allow-approx -annot -app-funct -bin-annot -bin-annot-occurrences -bytecode -c -compact
    -custom -function-sections -fPIC -fno-PIC -g -insn-sched -keep-docs -keep-locs -labels -linkall -linscan -native
    -no-alias-deps -no-app-funct -no-float-const-prop -no-insn-sched -no-keep-docs -no-keep-locs -no-principal
    -no-rectypes -no-strict-formats -no-strict-sequence -no-unbox-free-vars-of-closures -no-unbox-specialised-args
    -no-unboxed-types -noassert -noautolink -nocwd -nodynlink -nolabels -nopervasives -nostdlib -O2 -O3 -Oclassic
    -one-line -opaque -principal -rectypes -remove-unused-arguments -safe-string -short-paths -slash -strict-formats
    -strict-sequence -thread -unbox-closures -unboxed-types -unsafe -unsafe-string -vmthread
    """
)
HARMLESS_WITH_VALUE = _options(
    """
    -afl-inst-ratio -alert -color -error-style -for-pack -inline -inline-alloc-cost -inline-branch-cost
    -inline-branch-factor -inline-call-cost -inline-indirect-cost -inline-lifting-benefit -inline-max-depth
    -inline-max-unroll -inline-prim-cost -inline-toplevel -open -rounds -unbox-closures-factor -w -warn-error
    """
)

LINK_ALL = "-linkall"
NO_WARNINGS = ("-w", "-a")

# The options of ocamlopt that ocamlc does not accept.
_NATIVE = _options(
    """
    -O2 -O3 -Oclassic -S -compact -fPIC -fno-PIC -function-sections -inlining-report -insn-sched -linscan
    -no-float-const-prop -no-insn-sched -no-unbox-free-vars-of-closures -no-unbox-specialised-args -nodynlink -p
    -remove-unused-arguments -unbox-closures
    """
)
_NATIVE_WITH_VALUE = _options(
    """
    -inline -inline-alloc-cost -inline-branch-cost -inline-branch-factor -inline-call-cost -inline-indirect-cost
    -inline-lifting-benefit -inline-max-depth -inline-max-unroll -inline-prim-cost -inline-toplevel -rounds
    -unbox-closures-factor
    """
)
_TEXT_FOLLOWS = _options("-I -alert -cc -cclib -ccopt -o -open -pp -ppx -w -warn-error")
_OBJECT = re.compile(r"[\w./+][\w./+-]*\.(o|a|cmo|cmx)\Z")
_LIBRARY = re.compile(r"-l[\w.+-]+\Z")
# Of the options with -f, many have a value that is a file to write, a plugin to load or a program to run.
_WITH_HARMLESS_VALUE_OF_C = _options(
    """
    abi-version cf-protection constexpr-depth constexpr-loop-limit constexpr-ops-limit debug-prefix-map
    diagnostics-color diagnostics-show-location excess-precision exec-charset file-prefix-map fp-contract
    fp-exception-behavior fp-model inline-limit input-charset lto macro-prefix-map max-errors message-length
    no-sanitize random-seed sanitize stack-limit-register stack-reuse template-backtrace-limit template-depth tls-model
    trivial-auto-var-init vect-cost-model visibility wide-exec-charset zero-call-used-regs
    """
)
_HARMLESS_OF_C = re.compile(
    r"-(D.*|U.*|O\w*|W(?![alp],).*|std=.*|g[\w+-]*|m[\w=.+-]*|f(?!plugin|use-ld)[\w+-]+"
    rf"|f({'|'.join(sorted(_WITH_HARMLESS_VALUE_OF_C))})=.*|I.*|pthread|w|ansi|pedantic.*)",
    re.S,
)
_LIBRARY_FOLDER = re.compile(r"-L[\w./+-]*\Z")


def by_compiler(flags: Sequence[str]) -> tuple[list[str], list[str]]:
    """The words for both compilers, and those that only ocamlopt accepts."""
    both: list[str] = []
    native: list[str] = []
    words = iter(flags)
    for word in words:
        taken = native if word in _NATIVE or word in _NATIVE_WITH_VALUE else both
        taken.append(word)
        if word in _NATIVE_WITH_VALUE or word in _TEXT_FOLLOWS:
            taken.extend(islice(words, 1))
    return both, native


def first_program_of_c(flags: Sequence[str]) -> int | None:
    """The index of the first word in flags for a C compiler that may run a program, load one, or write any file."""
    return next((at for at, word in enumerate(flags) if not _HARMLESS_OF_C.fullmatch(word)), None)


def first_program(flags: Sequence[str], linking: bool = False) -> int | None:
    """The index of the first word in `flags` that may run a program; None if all are known not to.

    linking: for a link command, which also accepts objects; the compiler then loads shared libraries that it finds in
        include folders, and so runs their code.
    """
    at = 0
    while at < len(flags):
        words = _length(flags[at], flags[at + 1] if at + 1 < len(flags) else None, linking)
        if not words:
            return at
        at += words
    return None


def _length(word: str, value: str | None, linking: bool) -> int:
    """The number of words of a harmless option, 0 for one that may run a program."""
    if word in _HARMLESS or linking and _OBJECT.match(word):
        return 1
    if value is None:
        return 0
    of_linker = {"-cclib": _LIBRARY.match(value) or _OBJECT.match(value), "-ccopt": _LIBRARY_FOLDER.match(value)}
    harmless = word in HARMLESS_WITH_VALUE or linking and of_linker.get(word)
    if word == "-I":
        harmless = not linking or value.startswith("+") and ".." not in value  # a folder of the compiler's own library
    return 2 if harmless else 0
