"""Reports for machines and people: SARIF by the rules of its readers, JSON by its schema, HTML in a browser."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import jsonschema
import pytest
from test_symbol_audit import BROKEN, CORE, Audit

ROOT = Path(__file__).resolve().parents[2]
MULTITOOL = ROOT / ".tools/sarif/node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool"
SCHEMA = json.loads((ROOT / "docs" / "symbol-audit.schema.json").read_text())
RULE_FIELDS = {"id", "name", "shortDescription", "fullDescription", "help", "helpUri", "defaultConfiguration"}


@pytest.fixture
def audit(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Audit(tmp_path, capsys)


def run_of(text: str) -> dict:
    (run,) = json.loads(text)["runs"]
    return run


def valid(text: str) -> dict:
    data = json.loads(text)
    jsonschema.validate(data, SCHEMA)
    return data


# ---------------------------------------------------------------- SARIF


def multitool(path: Path) -> str:
    program = shutil.which("Sarif.Multitool") or (str(MULTITOOL) if MULTITOOL.exists() else None)
    if program is None:
        pytest.skip("needs @microsoft/sarif-multitool-linux of npm")
    command = [program, "validate", str(path), "--rule-kind", "Sarif;Ghas"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert "Analysis completed successfully" in done.stdout, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("what", ["check", "diff", "unreadable"])
def test_sarif_passes_the_rules_of_github(audit, tmp_path, what):
    interface, library = audit.interface(), audit.compile("bad.so", BROKEN)
    old = audit.compile("old.so", CORE)
    words = {
        "check": ("check", "--evidence", "layout", interface, library, audit.compile("none.so", CORE, "-s")),
        "diff": ("diff", old, library),
        "unreadable": ("check", interface, library, "missing.so"),
    }[what]
    path = tmp_path / "report.sarif"
    path.write_text(audit.run(*words, "--format", "sarif", rc=3 if what == "unreadable" else 1))
    said = multitool(path)
    assert ": error " not in said, said
    run = run_of(path.read_text())
    for rule in run["tool"]["driver"]["rules"]:
        assert set(rule) == RULE_FIELDS


@pytest.mark.parametrize("command", ["check", "diff"])
def test_sarif_says_what_could_not_be_read(audit, command):
    first = audit.interface() if command == "check" else audit.compile("old.so")
    run = run_of(audit.run(command, "--format", "sarif", first, "missing.so", rc=3))
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    (problem,) = invocation["toolExecutionNotifications"]
    assert problem["level"] == "error" and "missing.so: cannot be read" in problem["message"]["text"]
    whole = run_of(audit.run("check", "--format", "sarif", audit.interface(), audit.compile("good.so")))
    assert whole["invocations"] == [{"executionSuccessful": True, "toolExecutionNotifications": []}]


def test_sarif_tells_libraries_apart(audit, tmp_path):
    interface = audit.interface()
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    libraries = [audit.compile(f"{folder}/bad.so", BROKEN) for folder in ("one", "two")]
    results = run_of(audit.run("check", "--format", "sarif", interface, *libraries, rc=1))["results"]
    prints = [result["partialFingerprints"]["librarySymbol/v1"] for result in results]
    assert len(set(prints)) == len(prints) == 2 * len([r for r in results if "one/bad.so" in r["message"]["text"]])
    related = {r["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in results}
    assert related == {"one/bad.so", "two/bad.so"}
    again = run_of(audit.run("check", "--format", "sarif", interface, libraries[1], rc=1))["results"]
    assert {r["partialFingerprints"]["librarySymbol/v1"] for r in again} < set(prints)


def test_sarif_has_uris_that_a_checkout_has(audit, tmp_path):
    audit.interface()
    (tmp_path / "a b").mkdir()
    inside = audit.compile("a b/bad.so", BROKEN)
    (result, *_) = run_of(audit.run("check", "--format", "sarif", "core.interface", inside, rc=1))["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == {
        "uri": "core.h", "uriBaseId": "%SRCROOT%",
    }  # fmt: skip
    related = result["relatedLocations"][0]["physicalLocation"]["artifactLocation"]
    assert related == {"uri": "a%20b/bad.so", "uriBaseId": "%SRCROOT%"}
    libc = subprocess.run(["gcc", "-print-file-name=libm.so.6"], capture_output=True, text=True).stdout.strip()
    results = run_of(audit.run("check", "--format", "sarif", "core.interface", libc, rc=1))["results"]
    assert results[0]["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"].startswith("file:///")


def test_what_was_not_compared_is_one_result(audit):
    old = audit.compile("old.so", CORE)
    stripped = audit.compile("stripped.so", CORE, "-s")
    for words in (("diff", old, stripped), ("check", "--evidence", "layout", audit.interface(), stripped)):
        results = run_of(audit.run(*words, "--format", "sarif", rc=4 if words[0] == "diff" else 1))["results"]
        assert [r["ruleId"] for r in results] == ["not-compared" if words[0] == "diff" else "not-checked"]


def test_thousands_of_symbols_are_few_results(audit):
    many = "".join(f"int core_n{n}(void) {{ return {n}; }}\n" for n in range(1200))
    old, new = audit.compile("old.so", CORE + many), audit.compile("new.so", CORE)
    (result,) = run_of(audit.run("diff", old, new, "--format", "sarif", rc=1))["results"]
    assert "1200 symbols, among them core_n0" in result["message"]["text"]
    text = audit.run("diff", old, new, rc=1)
    assert "... and 1150 more of these" in text and text.count("programs that use it") <= 1
    assert len(valid(audit.run("diff", old, new, "--format", "json", rc=1))["changes"]) == 1200


# ---------------------------------------------------------------- JSON and text


def test_json_has_a_schema(audit):
    interface, bad, old = audit.interface(), audit.compile("bad.so", BROKEN), audit.compile("old.so")
    data = valid(audit.run("check", "--format", "json", interface, bad, old, "missing.so", rc=3))
    assert (data["format"], data["version"]) == ("symbol-audit-check", 1)
    assert [r["passed"] for r in data["reports"]] == [False, True]
    assert data["errors"][0]["path"] == "missing.so"
    assert valid(audit.run("diff", "--format", "json", old, bad, rc=1))["format"] == "symbol-audit-diff"
    assert valid(audit.run("diff", "--format", "json", old, "missing.so", rc=3))["verdict"] is None
    valid(audit.run("diff", "--format", "json", old, audit.compile("none.so", CORE, "-s"), rc=4))


def test_exports_have_a_schema(audit):
    """Of ELF and, where there is a compiler for it, of PE; what cannot be read is told beside them."""
    libraries = [audit.compile("libcore.so")]
    if shutil.which("x86_64-w64-mingw32-gcc"):
        source = audit.root / "core.c"
        source.write_text(CORE)
        subprocess.run(["x86_64-w64-mingw32-gcc", "-shared", "-o", audit.root / "core.dll", source], check=True)
        libraries.append(str(audit.root / "core.dll"))
    data = valid(audit.run("exports", "--format", "json", *libraries, "missing.so", rc=3))
    assert (data["format"], data["version"]) == ("symbol-audit-exports", 1)
    assert [each["format"] for each in data["libraries"]] == ["ELF", "PE"][: len(libraries)]
    assert data["errors"][0]["path"] == "missing.so"


CXX = "namespace core { struct S { %s int a; }; int use(const S &s, int n) { return s.a; } void gone() {} }"


def test_demangle(audit):
    if not shutil.which("c++filt"):
        pytest.skip("needs c++filt")
    old = audit.compile("old.so", CXX % "", "-x", "c++")
    new = audit.compile("new.so", (CXX % "long b;").replace("void gone", "static void gone"), "-x", "c++")
    plain = audit.run("diff", old, new, rc=1)
    assert "_ZN4core4goneEv" in plain
    text = audit.run("diff", "--demangle", old, new, rc=1)
    assert "core::gone(): removed (function)" in text and "used by core::use(core::S const&, int)" in text
    assert "_ZN4" not in text
    assert "core::gone()" in audit.run("diff", "--demangle", "--format", "html", old, new, rc=1)


def test_a_name_is_demangled_once(audit):
    if not shutil.which("c++filt"):
        pytest.skip("needs c++filt")
    source = (
        "template <class T> struct box { int take(T); }; template <class T> int box<T>::take(T) { return 0; }"
        " template struct box<int>; struct key { operator bool(); }; key::operator bool() { return true; }"
    )
    old, new = audit.compile("old.so", source, "-x", "c++"), audit.compile("new.so", "int other;", "-x", "c++")
    lines = audit.run("diff", "--demangle", old, new, rc=1).splitlines()
    names = {line.partition(": removed")[0] for line in lines if ": removed" in line}
    assert names == {"box<int>::take(int)", "key::operator bool()"}
    page = audit.run("diff", "--demangle", "--format", "html", old, new, rc=1)
    assert "box&lt;int&gt;::take(int)" in page and "box&lt;int&gt;box" not in page


def test_demangled_names_are_text_in_html(audit):
    if not shutil.which("c++filt"):
        pytest.skip("needs c++filt")
    templates = "struct script {}; template <class T> void f() {} template void f<script>();"
    old, new = audit.compile("old.so", templates, "-x", "c++"), audit.compile("new.so", "int other;", "-x", "c++")
    page = audit.run("diff", "--demangle", "--format", "html", old, new, rc=1)
    assert "f&lt;script&gt;" in page and "f<script>" not in page
    plain = audit.run("diff", "--format", "html", old, new, rc=1)
    assert page.count("<td") == plain.count("<td") and page.count("<tr") == plain.count("<tr")


def test_names_do_not_reach_the_terminal_as_they_are(audit):
    old, new = audit.compile("old.so", CORE), audit.compile("new.so", CORE + "int core_evil;")
    Path(new).write_bytes(Path(new).read_bytes().replace(b"core_evil", b"core_\x1b[2J"))
    for words in (("diff", old, new), ("exports", new), ("diff", "--format", "html", old, new)):
        out = audit.run(*words)
        assert "\x1b" not in out and "core_\\x1b[2J" in out


# ---------------------------------------------------------------- suppressions

ACCEPT = """\
# what we decided
[suppress]
rule = symbol-removed
symbol = core_dump*
reason = it was never documented
until = 2999-12-31

[suppress]
type = point
reason = nobody allocates it
"""


def test_suppressions(audit, tmp_path):
    old = audit.compile("old.so", CORE + "int core_dump(void) { return 1; }")
    new = audit.compile("new.so", BROKEN.replace("long a, int b", "int a, int b"))
    accept = tmp_path / "accept.txt"
    accept.write_text(ACCEPT)
    audit.run("diff", old, new, rc=1)
    text = audit.run("diff", "--suppressions", str(accept), old, new, rc=0)
    removed = "accepted: core_dump: removed (function) [symbol-removed]: it was never documented"
    assert f"{removed} ({accept}:2)" in text and "accepted: struct point: y was offset 4" in text
    data = valid(audit.run("diff", "--suppressions", str(accept), "--format", "json", old, new))
    assert data["suppressed"][0]["suppression"]["until"] == "2999-12-31"
    results = run_of(audit.run("diff", "--suppressions", str(accept), "--format", "sarif", old, new))["results"]
    assert {r["suppressions"][0]["justification"] for r in results} == {
        "it was never documented", "nobody allocates it",
    }  # fmt: skip
    assert "it was never documented" in audit.run("diff", "--suppressions", str(accept), "--format", "html", old, new)
    interface = audit.interface()
    audit.run("check", "--suppressions", str(accept), interface, new)
    assert f"{accept}:2: this suppression matches nothing (it was never documented)" in audit.err


def test_very_many_accepted_changes_are_folded_like_others(audit, tmp_path):
    """A page or a text of one row for each of them could not be read."""
    count = 3000
    for name, start in (("old", 0), ("new", count)):
        symbols = (f"symbol_number_{number}" for number in range(start, start + count))
        lines = (f".globl {name}\n.type {name}, @function\n{name}:\n" for name in symbols)
        (tmp_path / f"{name}.s").write_text("".join(lines))
        words = ["gcc", "-shared", "-nostdlib", "-o", tmp_path / f"{name}.so", tmp_path / f"{name}.s"]
        subprocess.run(words, check=True)
    accept = tmp_path / "accept.txt"
    rules = ("symbol-removed", "symbol-added")
    accept.write_text("".join(f"[suppress]\nrule = {rule}\nreason = because of {rule}\n" for rule in rules))
    words = ("diff", "--suppressions", str(accept), str(tmp_path / "old.so"), str(tmp_path / "new.so"))
    text = audit.run(*words)
    assert text.count("accepted: ") == 100 and text.count("... and 2950 more") == 2
    assert len(run_of(audit.run(*words, "--format", "sarif"))["results"]) == 2
    page = audit.run(*words, "--format", "html")
    assert page.count("<tr>") == 3 and all(f"accepted: because of {rule}" in page for rule in rules)
    assert len(valid(audit.run(*words, "--format", "json"))["suppressed"]) == 2 * count


def test_a_suppression_ends(audit, tmp_path):
    old, new = audit.compile("old.so", CORE + "int core_dump(void) { return 1; }"), audit.compile("new.so")
    accept = tmp_path / "accept.txt"
    accept.write_text("[suppress]\nsymbol = core_dump\nreason = moved\nuntil = 2020-02-29\n")
    audit.run("diff", "--suppressions", str(accept), old, new, rc=1)
    assert "this suppression ended on 2020-02-29 (moved)" in audit.err


WRONG = [
    ("symbol = x", "1:1: this is not in a [suppress] section"),
    ("[ignore]", "expected: [suppress]"),
    ("[suppress]\nreason = all", "would suppress everything"),
    ("[suppress]\nsymbol = x", "gives no reason"),
    ("[suppress]\nrule = symbol-remove\nreason = x", "did you mean symbol-removed"),
    ("[suppress]\nrule = not-checked\nreason = x", "nothing was proved, which cannot be accepted"),
    ("[suppress]\nsymbol = x\nreason = x\nuntil = soon", "4:9: this is not a date"),
    ("[suppress]\nsymbol = x\nsymbol = y\nreason = x", "symbol is set twice"),
    ("[suppress]\nsymbl = x", "did you mean symbol"),
    ("[suppress]\nsymbol", "expected: KEY = VALUE"),
]


@pytest.mark.parametrize("text, said", WRONG)
def test_wrong_suppressions(audit, tmp_path, text, said):
    library = audit.compile("old.so")
    (tmp_path / "accept.txt").write_text(text)
    audit.run("diff", "--suppressions", "accept.txt", library, library, rc=3)
    assert said in audit.err


def test_suppressions_are_read_from_a_file(audit, tmp_path):
    """Reading another kind of file might never end."""
    os.mkfifo(tmp_path / "pipe")
    library = audit.compile("old.so")
    for path in (str(tmp_path / "pipe"), str(tmp_path), "/dev/zero"):
        audit.run("diff", "--suppressions", path, library, library, rc=3)
        assert f"{path}: this is not a regular file" in audit.err


def test_what_was_not_checked_cannot_be_accepted(audit, tmp_path):
    (tmp_path / "accept.txt").write_text("[suppress]\nsymbol = *\nreason = all\n")
    stripped = audit.compile("stripped.so", CORE, "-s")
    audit.run("check", "--evidence", "layout", "--suppressions", "accept.txt", audit.interface(), stripped, rc=1)


# ---------------------------------------------------------------- HTML


def browser_sees(page: Path, script: str = "") -> str:
    """The document as a browser has it after running its scripts, and then `script`."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("needs chromium")
    shown = page.with_name("shown.html")
    shown.write_text(page.read_text().replace("</body>", f"<script>{script}</script></body>"))
    command = [program, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={page.parent / 'profile'}"]
    done = subprocess.run([*command, "--dump-dom", str(shown)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


FILTER = """
words.value = "POINT"; words.dispatchEvent(new Event("input", {bubbles: true}));
const rows = [...document.querySelectorAll("tbody tr")].filter(row => row.offsetParent);
const wide = document.documentElement.scrollWidth <= document.documentElement.clientWidth;
document.body.dataset.seen = rows.map(row => row.cells[0].textContent).join() + " fits:" + wide;
"""


def test_html_in_a_browser(audit, tmp_path):
    interface, library = audit.interface(), audit.compile("bad.so", BROKEN)
    page = tmp_path / "report.html"
    page.write_text(audit.run("check", "--format", "html", interface, library, rc=1))
    text = page.read_text()
    assert 'name="viewport"' in text and '<th scope="col">' in text and "<caption>" in text
    assert "digest of the interface" in text and "evidence required" in text
    seen = browser_sees(page, FILTER)
    assert '<form id="filter">' in seen  # the script has displayed it
    assert 'data-seen="struct point,break' in seen and "fits:true" in seen


def test_html_of_a_great_change_is_small(audit, tmp_path):
    many = "".join(f"int core_with_quite_a_long_name_{n}(void) {{ return {n}; }}\n" for n in range(9000))
    old, new = audit.compile("old.so", CORE + many, "-g0"), audit.compile("new.so", CORE, "-g0")
    page = audit.run("diff", old, new, "--format", "html", rc=1)
    assert len(page) < 500_000 and "4000 more" in page
