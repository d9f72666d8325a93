"""The reader of tar files: the output of tar and tarfile, and hostile headers."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import subprocess
import tarfile

import pytest

from rebel_tools.binary import UnreadableBinary
from rebel_tools.binary.archives import libraries, read_member
from rebel_tools.binary.tar import MAX_EXTENDED, MAX_MEMBERS, members

MB = 1 << 20
END = bytes(1024)
FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}


def header(name="core.so", kind=b"0", size=0, **changes):
    """One block as tarfile writes it, with a new checksum after `changes` of fields, by their offset."""
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    block = bytearray(info.tobuf(tarfile.USTAR_FORMAT)[:512])
    for at, text in changes.pop("fields", {}).items():
        block[at : at + len(text)] = text
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def padded(data):
    return data + bytes(-len(data) % 512)


def record(key, value):
    rest = f" {key}={value}\n"
    length = len(rest) + 1
    while length != len(f"{length}{rest}"):
        length = len(f"{length}{rest}")
    return f"{length}{rest}".encode()


def pax(kind=b"x", **values):
    text = b"".join(record(key.replace("__", "."), value) for key, value in values.items())
    return header("pax", kind, len(text)) + padded(text)


def read(data):
    return {member.name: member.contents.read(member.size) for member in members(io.BytesIO(data), "x.tar")}


@pytest.mark.parametrize("form", FORMATS)
def test_what_tarfile_writes(form):
    contents = {
        "plain": b"1",
        "a" * 90 + "/" + "b" * 90: b"22",  # ustar splits it, the others have extended headers
        "ends/with/block": bytes(1024),
        "empty": b"",
        **({"é" * 150: b"333"} if form != "ustar" else {"é": b"333"}),
    }
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=FORMATS[form]) as archive:
        for kind in (tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE):
            info = tarfile.TarInfo("x" * 120 + kind.decode() if form != "ustar" else "x")
            info.type, info.linkname = kind, "y" * (150 if form != "ustar" else 50)
            archive.addfile(info)
        for name, data in contents.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(data), 1.5
            archive.addfile(info, io.BytesIO(data))
    assert read(out.getvalue()) == contents


SPARSE = ["--format=gnu", *(f"--format=posix --sparse-version={version}" for version in ("0.0", "0.1", "1.0"))]


@pytest.mark.parametrize("options", SPARSE)
@pytest.mark.parametrize("parts", [1, 3, 30, 200])
def test_sparse_files_of_gnu_tar(tmp_path, options, parts):
    if not shutil.which("tar"):
        pytest.skip("tar is not installed")
    with open(tmp_path / "sparse.so", "wb") as file:
        for part in range(parts):
            file.seek(part * 128 * 1024)
            file.write(b"\x7fELF" + bytes([part + 1]) * 5000)
        file.truncate(parts * 128 * 1024)
    (tmp_path / "next").write_bytes(b"next")
    subprocess.run(["tar", "-S", *options.split(), "-cf", "x.tar", "sparse.so", "next"], cwd=tmp_path, check=True)
    stored, real = os.path.getsize(tmp_path / "x.tar"), os.path.getsize(tmp_path / "sparse.so")
    if stored > real:
        pytest.skip("the file system of this machine has no sparse files")
    assert read((tmp_path / "x.tar").read_bytes()) == {
        "sparse.so": (tmp_path / "sparse.so").read_bytes(),
        "next": b"next",
    }
    assert [library.read() for library in libraries(str(tmp_path / "x.tar"))] == [(tmp_path / "sparse.so").read_bytes()]


def test_global_headers_count_until_they_are_replaced():
    data = pax(b"g", path="one") + header(size=1) + padded(b"1") + pax(b"g", path="two") + header(size=1) + padded(b"2")
    assert read(data + pax(path="own") + header(size=1) + padded(b"3") + END) == {"one": b"1", "two": b"2", "own": b"3"}


def test_sizes_in_every_form():
    octal = header(fields={124: b"       5\0   "}) + padded(b"octal")
    binary = header("b", fields={124: b"\x80" + (5).to_bytes(11, "big")}) + padded(b"large")
    extended = pax(size="5") + header("c", size=0) + padded(b"paxes")
    assert read(octal + binary + extended + END) == {"core.so": b"octal", "b": b"large", "c": b"paxes"}


def test_a_member_behind_links_with_sizes_is_found():
    """The size of a hard link is that of the other file; no data follows."""
    assert read(header("link", b"1", 7000) + header(size=3) + padded(b"abc") + END) == {"core.so": b"abc"}


def test_old_folders_and_kinds_that_nobody_knows():
    data = header("folder/", b"\0", 600) + header("label", b"V") + header("?", b"Z", 3) + padded(b"xyz")
    assert read(data + header(size=1) + padded(b"1") + END) == {"core.so": b"1"}


def test_an_archive_may_end_without_blocks_of_zeros():
    assert read(header(size=1) + padded(b"1")) == {"core.so": b"1"}


DAMAGED = {
    "wrong checksum": header()[:100] + b"x" + header()[101:],
    "cut off": header(size=2000) + bytes(512),
    "number": header(fields={124: b"12345678901x"}),
    "a pax header has a damaged record": header(kind=b"x", size=10) + padded(b"99 path=a\n"),
    "a damaged record": header(kind=b"x", size=9) + padded(b"path=abc\n"),
    "damaged record": header(kind=b"x", size=9) + padded(b"0 path=a\n"),
    "an extended header has the number": pax(size="-5") + header(),
    "has the number b'1111": pax(size="1" * 5000) + header(),
    "a name of 5000 bytes": pax(path="x" * 5000) + header(),
    "a sparse file is wrong": pax(GNU__sparse__size="9", GNU__sparse__map="0,5,3,5") + header(size=10) + padded(b"x"),
    "of a sparse file is wrong": pax(GNU__sparse__size="9", GNU__sparse__map="0,99") + header(size=10) + padded(b"x"),
    "sparse file is wrong": pax(GNU__sparse__size="99", GNU__sparse__map="0,50") + header(size=10) + padded(b"x"),
    "map of a sparse file is cut off": pax(GNU__sparse__major="1", GNU__sparse__realsize="9")
    + (header(size=512) + b"300\n" * 128),
    "sparse file has more than": pax(GNU__sparse__major="1", GNU__sparse__realsize="9")
    + (header(size=600) + padded(b"99999999\n" * 60)),
}


@pytest.mark.parametrize("message", DAMAGED)
def test_damage_is_said_and_not_taken_for_the_end(message):
    with pytest.raises(UnreadableBinary, match="the archive is damaged") as failure:
        read(DAMAGED[message] + END)
    assert message in str(failure.value)
    assert "of the unpacked tar)" in str(failure.value)


def zeros(count):
    yield from (bytes(MB) for _ in range(count // MB))


def many_global_keys():
    text = b"".join(record(f"GNU.sparse.00000.{key}", "x") for key in range(30_000))
    for number in range(40):
        yield header(kind=b"g", size=len(text)) + padded(text.replace(b".00000.", b".%05d." % number)) + header("?")


def endless_sparse_map():
    yield header(kind=b"S", fields={482: b"\1"})
    yield from (((b"%011o " % 1) * 42 + b"\1").ljust(512, b"\0") * 2048 for _ in range(400))


def map_without_lines():
    yield pax(GNU__sparse__major="1", GNU__sparse__realsize="9") + header(size=400 * MB)
    yield from (b"9" * MB for _ in range(400))


BOMBS = {
    "extended": (f"extended header of {400 * MB} bytes", lambda: [header(kind=b"x", size=400 * MB), *zeros(400 * MB)]),
    "global": (f"extended header of {400 * MB} bytes", lambda: [header(kind=b"g", size=400 * MB), *zeros(400 * MB)]),
    "Solaris": (f"extended header of {400 * MB} bytes", lambda: [header(kind=b"X", size=400 * MB), *zeros(400 * MB)]),
    "name": (f"extended header of {400 * MB} bytes", lambda: [header(kind=b"L", size=400 * MB), *zeros(400 * MB)]),
    "link": (f"extended header of {400 * MB} bytes", lambda: [header(kind=b"K", size=400 * MB), *zeros(400 * MB)]),
    "large": (
        "extended header of",
        lambda: [header(kind=b"x", fields={124: b"\x80" + b"\xff" * 11}), *zeros(400 * MB)],
    ),
    "chain": ("bytes before a member", lambda: [pax(comment="x" * (MB - 99))] * 400),
    "small chain": ("bytes before a member", lambda: [header(kind=b"x") * 2048] * 400),
    "keys": ("the archive has no member core.so", many_global_keys),
    "members": (f"more than {MAX_MEMBERS} members", lambda: [header("?") * 2048] * 400),
    "sparse chain": ("a sparse file has more than", endless_sparse_map),
    "sparse map": ("the map of a sparse file is cut off", map_without_lines),
    "sparse size": (
        f"the member has {1 << 40} bytes",
        lambda: [pax(GNU__sparse__size=str(1 << 40), GNU__sparse__map="0,1", path="core.so") + header(size=1)],
    ),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_headers_that_claim_too_much(tmp_path, survive, bomb):
    message, blocks = BOMBS[bomb]
    path = tmp_path / "x.tar.gz"
    with gzip.open(path, "wb", compresslevel=1) as out:
        for block in blocks():
            out.write(block)
    assert message in survive.path(f"{path}!core.so")


def test_the_largest_extended_header_that_is_read(tmp_path):
    padding = MAX_EXTENDED - 512 - len(record("comment", "")) - len(record("path", "core.so"))
    path = tmp_path / "x.tar"
    path.write_bytes(pax(comment="x" * (padding - 10), path="core.so") + header("?", size=1) + padded(b"1") + END)
    assert read_member(str(path), "core.so") == b"1"
