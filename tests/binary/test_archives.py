"""Libraries in wheels, tar files and Debian packages, and hostile archives."""

from __future__ import annotations

import contextlib
import io
import lzma
import random
import struct
import tarfile
import zipfile

import pytest
from elf_builder import Elf, Symbol

from rebel_tools.binary import UnreadableBinary, read_table
from rebel_tools.binary.archive_paths import is_archive
from rebel_tools.binary.archives import libraries
from rebel_tools.binary.unpack import unpacked

LIBRARY = Elf(symbols=[Symbol("inside")]).build()


def tar(path, mode, members=(("./lib/core.so", LIBRARY), ("README", b"text"))):
    with tarfile.open(path, mode) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def wheel(path, members=(("pkg/core.so", LIBRARY), ("pkg/__init__.py", b"")), **options):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return path


def deb(path, member, data):
    out = b"!<arch>\n"
    for name, content in (("debian-binary", b"2.0\n"), ("control.tar", b"x"), (member, data)):
        out += (
            f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode()
            + content
            + b"\n" * (len(content) % 2)
        )
    path.write_bytes(out)
    return path


def paths(archive):
    return [member.path for member in libraries(str(archive))]


def test_a_wheel(tmp_path):
    path = wheel(tmp_path / "x.whl")
    assert paths(path) == [f"{path}!pkg/core.so"]
    table = read_table(f"{path}!pkg/core.so")
    assert table.path == f"{path}!pkg/core.so"
    assert table.find("inside")


@pytest.mark.parametrize("compression", ["", "gz", "bz2", "xz"])
def test_tar_files(tmp_path, compression):
    path = tar(tmp_path / f"x.tar.{compression}", f"w:{compression}")
    assert is_archive(str(path))
    assert paths(path) == [f"{path}!lib/core.so"]
    assert read_table(f"{path}!./lib/core.so").find("inside")


def test_several_xz_streams_in_one_file(tmp_path):
    plain = tar(tmp_path / "x.tar", "w:").read_bytes()
    path = tmp_path / "x.tar.xz"
    path.write_bytes(lzma.compress(plain[:700]) + bytes(8) + lzma.compress(plain[700:]))
    assert read_table(f"{path}!lib/core.so").find("inside")


@pytest.mark.parametrize("compression", ["", "gz", "xz"])
def test_a_debian_package(tmp_path, compression):
    data = tar(tmp_path / "data.tar", f"w:{compression}").read_bytes()
    path = deb(tmp_path / "x.deb", f"data.tar.{compression}".rstrip("."), data)
    assert paths(path) == [f"{path}!lib/core.so"]
    assert read_table(f"{path}!lib/core.so").find("inside")


def test_all_libraries_of_an_archive_are_read_while_it_is_unpacked_once(tmp_path, monkeypatch):
    members = [(f"lib/{n}.so", LIBRARY) for n in range(20)]
    path = tar(tmp_path / "x.tar.xz", "w:xz", members)
    opened = []
    monkeypatch.setattr("rebel_tools.binary.archives.unpacked", lambda *a: opened.append(a) or unpacked(*a))
    tables = [read_table(member.read(), member.path) for member in libraries(str(path))]
    assert [table.path for table in tables] == [f"{path}!{name}" for name, _ in members]
    assert len(opened) == 1


def test_an_encrypted_member_does_not_hide_the_others(tmp_path):
    path = wheel(tmp_path / "x.whl", [("a.so", LIBRARY), ("b.so", LIBRARY)])
    data = bytearray(path.read_bytes())
    data[data.find(b"PK\1\2") + 8] |= 1
    data[6] |= 1
    path.write_bytes(data)
    first, second = libraries(str(path))
    with pytest.raises(UnreadableBinary, match="encrypted"):
        first.read()
    assert read_table(second.read()).find("inside")


def test_zstandard(tmp_path):
    try:
        import zstandard
    except ImportError:
        zstandard = None
    plain = tar(tmp_path / "x.tar", "w:").read_bytes()
    path = tmp_path / "x.tar.zst"
    if zstandard:
        path.write_bytes(zstandard.compress(plain))
        assert read_table(f"{path}!lib/core.so").find("inside")
        return
    path.write_bytes(b"\x28\xb5\x2f\xfd" + plain)
    with pytest.raises(UnreadableBinary, match="pip install zstandard"):
        read_table(f"{path}!lib/core.so")


def test_a_large_member(tmp_path):
    data = LIBRARY + random.Random(1).randbytes(20 << 20)
    path = wheel(tmp_path / "x.whl", [("core.so", data)])
    assert read_table(f"{path}!core.so").find("inside")


def test_a_member_that_is_missing_or_no_library(tmp_path):
    path = wheel(tmp_path / "x.whl")
    with pytest.raises(UnreadableBinary, match="no member pkg/nope.so") as failure:
        read_table(f"{path}!pkg/nope.so")
    assert "pkg/core.so" in failure.value.expected
    with pytest.raises(UnreadableBinary, match="an empty file"):
        read_table(f"{path}!pkg/__init__.py")
    with pytest.raises(UnreadableBinary, match="No such file"):
        read_table(f"{tmp_path}/absent.whl!pkg/core.so")


def test_an_exclamation_mark_in_a_name(tmp_path):
    path = tmp_path / "what!.so"
    path.write_bytes(LIBRARY)
    assert read_table(path).find("inside")


def test_an_archive_in_place_of_a_library(tmp_path):
    with pytest.raises(UnreadableBinary, match=r"this is an archive \(zip\)"):
        read_table(wheel(tmp_path / "x.whl"))


@pytest.mark.parametrize("make", [lambda p: wheel(p), lambda p: tar(p, "w:gz"), lambda p: tar(p, "w:xz")])
def test_truncated_archives(tmp_path, make):
    whole = make(tmp_path / "whole").read_bytes()
    path = tmp_path / "cut"
    for length in range(1, len(whole) - 1, max(1, len(whole) // 40)):
        path.write_bytes(whole[:length])
        with contextlib.suppress(UnreadableBinary):
            assert read_table(f"{path}!lib/core.so").find("inside"), length  # truncated after the member
    path.write_bytes(whole[:100])
    with pytest.raises(UnreadableBinary, match="damaged|cannot be read|no archive"):
        read_table(f"{path}!lib/core.so")


def test_a_zip_bomb(tmp_path, survive):
    path = wheel(tmp_path / "x.whl", [("core.so", bytes(200 << 20))], compresslevel=1)
    assert path.stat().st_size < 2 << 20
    assert "the member has 209715200 bytes" in survive.path(f"{path}!core.so")


def test_a_zip_that_lies_about_a_size(tmp_path, survive):
    path = wheel(tmp_path / "x.whl", [("core.so", bytes(200 << 20))], compresslevel=1)
    data = path.read_bytes().replace(struct.pack("<I", 200 << 20), struct.pack("<I", 100))
    path.write_bytes(data)
    assert "Bad CRC" in survive.path(f"{path}!core.so")


def test_a_huge_zip_directory(tmp_path, survive):
    path = tmp_path / "x.zip"
    entry = b"PK\1\2" + bytes(24) + struct.pack("<3H", 0, 0, 0) + bytes(12)
    body = entry * 400_000
    path.write_bytes(
        b"PK\3\4" + bytes(26) + body + b"PK\5\6" + struct.pack("<4H2IH", 0, 0, 0xFFFF, 0xFFFF, len(body), 0, 0)
    )
    assert "the zip directory has" in survive.path(f"{path}!x")


def zip64(directory, size):
    """A zip with a directory of `size` bytes according to its Zip64 record, and of 46 according to its old record."""
    record = b"PK\6\6" + struct.pack("<Q2H2I4Q", 44, 45, 45, 0, 0, len(directory) // 46, len(directory) // 46, size, 4)
    locator = b"PK\6\7" + struct.pack("<IQI", 0, 4 + len(directory), 1)
    end = b"PK\5\6" + struct.pack("<4H2IH", 0, 0, 1, 1, 46, 4, 0)
    return b"PK\3\4" + directory + record + locator + end


def test_a_huge_zip64_directory_behind_a_small_number(tmp_path, survive):
    path = tmp_path / "x.zip"
    entry = b"PK\1\2" + bytes(24) + struct.pack("<3H", 0, 0, 0) + bytes(12)
    path.write_bytes(zip64(entry * 400_000, 46 * 400_000))
    assert "the zip directory has 18400000 bytes" in survive.path(f"{path}!x")


def test_zip64_as_it_is_written_for_large_archives(tmp_path):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive, archive.open("a.so", "w", force_zip64=True) as member:
        member.write(LIBRARY)
    data = path.read_bytes()
    at = data.rfind(b"PK\5\6")
    size, start = struct.unpack_from("<2I", data, at + 12)
    record = b"PK\6\6" + struct.pack("<Q2H2I4Q", 44, 45, 45, 0, 0, 1, 1, size, start)
    locator = b"PK\6\7" + struct.pack("<IQI", 0, at, 1)
    end = b"PK\5\6" + struct.pack("<4H2IH", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    path.write_bytes(data[:at] + record + locator + end)
    assert read_table(f"{path}!a.so").find("inside")


def test_a_zip_directory_that_another_record_hides(tmp_path, survive):
    """The last record of a zip file may contain bytes that look like the beginning of another record."""
    entry = b"PK\1\2" + bytes(24) + struct.pack("<3H", 0, 0, 0) + bytes(12)
    body = entry * 400_000
    path = tmp_path / "x.zip"
    path.write_bytes(b"PK\3\4" + body + b"PK\5\6PK\5\6" + struct.pack("<2H2IH", 1, 1, len(body), 4, 0))
    assert "the zip directory has 18400000 bytes" in survive.path(f"{path}!x")


@pytest.mark.parametrize(("method", "name"), [(zipfile.ZIP_BZIP2, "bzip2"), (zipfile.ZIP_LZMA, "LZMA")])
def test_zip_methods_that_zipfile_unpacks_without_a_limit(tmp_path, survive, method, name):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("core.so", bytes(300 << 20))
    path.write_bytes(path.read_bytes().replace(struct.pack("<I", 300 << 20), struct.pack("<I", 100)))
    assert f"x.zip!core.so: the member is compressed with {name}" in survive.path(f"{path}!core.so")


def test_an_xz_bomb(tmp_path, survive):
    path = tmp_path / "x.tar.xz"
    info = tarfile.TarInfo("zeros")
    info.size = 1 << 30
    path.write_bytes(lzma.compress(info.tobuf()) + lzma.compress(bytes(32 << 20), preset=0) * 20)
    assert "too large when it is unpacked" in survive.path(f"{path}!core.so")


def test_an_encrypted_member(tmp_path):
    path = wheel(tmp_path / "x.zip")
    data = bytearray(path.read_bytes())
    at = data.find(b"PK\1\2")
    data[at + 8] |= 1
    data[6] |= 1
    path.write_bytes(data)
    with pytest.raises(UnreadableBinary, match="cannot be read|damaged"):
        read_table(f"{path}!pkg/core.so")
