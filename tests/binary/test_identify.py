"""The error for a file that is not a shared library says what it is."""

from __future__ import annotations

import os
import shutil
import struct

import pytest

from rebel_tools.binary import UnreadableBinary, read_table


def said(path_or_bytes) -> str:
    with pytest.raises(UnreadableBinary) as failure:
        read_table(path_or_bytes)
    return str(failure.value)


def test_object_files(compiled):
    assert "object file" in said(compiled("int f;", "-c", shared=False, suffix=".o"))
    assert "COFF object file" in said(
        compiled("int f;", "-c", shared=False, suffix=".obj", cc="x86_64-w64-mingw32-gcc")
    )


def test_static_and_import_libraries(compiled, tool, tmp_path):
    tool("ar", "rc", tmp_path / "libx.a", compiled("int f;", "-c", shared=False, suffix=".o"))
    assert "a static library" in said(tmp_path / "libx.a")
    tool("ar", "rcT", tmp_path / "libthin.a", compiled("int f;", "-c", shared=False, suffix=".o"))
    assert "a thin static library" in said(tmp_path / "libthin.a")
    implib = tmp_path / "core.dll.a"
    source = "__declspec(dllexport) int f(void) { return 1; }"
    compiled(source, f"-Wl,--out-implib={implib}", cc="i686-w64-mingw32-gcc", suffix=".dll")
    assert "an import library" in said(implib)


def test_a_static_executable(compiled):
    path = compiled("int main(void) { return 0; }", "-static", "-no-pie", shared=False, suffix="")
    assert "statically linked" in said(path)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"", "an empty file"),
        (b"#!/bin/sh\necho\n", "a text file"),
        ("Grüße\n".encode(), "a text file"),
        (b"/* GNU ld script */\nGROUP ( libc.so.6 )\n", "a linker script"),
        (struct.pack("<I", 0xFEEDFACF) + bytes(28), "64-bit Mach-O"),
        (struct.pack(">I", 0xFEEDFACE) + bytes(28), "32-bit Mach-O"),
        (b"\xca\xfe\xba\xbe\0\0\0\2" + bytes(40), "universal Mach-O"),
        (b"\xca\xfe\xba\xbe\0\0\0\x34" + bytes(40), "Java class"),
        (b"\0asm\1\0\0\0", "WebAssembly"),
        (b"\x80\x02}q\x00.", "a pickle"),
        (b"\x1f\x8b\x08" + bytes(20), "an archive (gz)"),
        (b"PK\x03\x04" + bytes(40), "name a library in it: <bytes>!MEMBER"),
        (b"\xed\xab\xee\xdb\3\0" + bytes(40), "an RPM package"),
        (bytes(range(200, 256)), "unknown kind"),
        (b"MZ" + bytes(100), "PE headers cannot be read"),
    ],
)
def test_other_files(data, name):
    assert name in said(data)


def test_places_that_are_no_files(tmp_path):
    assert "a directory" in said(tmp_path)
    assert "No such file" in said(tmp_path / "absent.so")
    os.mkfifo(tmp_path / "pipe")
    assert "not a regular file" in said(tmp_path / "pipe")
    assert "cannot be read" in said("a\0b")


def test_an_unreadable_file(tmp_path):
    path = tmp_path / "secret.so"
    path.write_bytes(b"\x7fELF")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user (root) may read everything")
    assert "Permission denied" in said(path)


def test_a_core_dump_is_named(tmp_path):
    elf = bytearray(b"\x7fELF\2\1\1" + bytes(57))
    struct.pack_into("<HHI", elf, 16, 4, 62, 1)
    assert "a core dump" in said(bytes(elf))


def test_separate_debug_information_has_no_tables(compiled, tool, tmp_path):
    tool("objcopy", "--only-keep-debug", shutil.copy(compiled("int f;", "-g"), tmp_path / "x.so"), tmp_path / "x.debug")
    assert "x.debug" in said(tmp_path / "x.debug")
