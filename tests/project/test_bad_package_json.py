"""Every mistake in a package.json is an error with the key, the file, the line and the column."""

from __future__ import annotations

import json
import os
import socket
import tempfile

import pytest
from hang import no_hang

from rebel_tools.project import ProjectError, load_project


def failure(project) -> ProjectError:
    with pytest.raises(ProjectError) as raised:
        load_project(str(project.root))
    return raised.value


# text of package.json with | before the place of the error, and the message
BAD = {
    "empty": ("|", "the file is empty"),
    "no object": ("|[]", "the file is not an object"),
    "not JSON": ('{"name": |foo}', "not JSON"),
    "trailing comma": ('{\n  "name": "a"|,\n}', "a comma after the last element"),
    "trailing comma in a list": ('{"rebel": {"targets": [|,]}}', None),
    "comment": ('{\n  |// name\n  "name": "a"}', "a comment"),
    "duplicate key": ('{"name": "a",\n  |"name": "b"}', 'the key "name" occurs twice'),
    "duplicate key inside": ('{"rebel": {"targets": [],\n |"targets": []}}', '"rebel"."targets" occurs twice'),
    "name": ('{"name": |"a b"}', '"a b" cannot be the name of a package'),
    "name of wrong type": ('{"name": |5}', '"name" is not a string'),
    "rebel": ('{"rebel": |true}', '"rebel" is not an object'),
    "unknown key": ('{"rebel": {|"target": []}}', 'unknown key "rebel"."target"'),
    "targets": ('{"rebel": {"targets": |{}}}', '"rebel"."targets" is not a list'),
    "a target": ('{"rebel": {"targets": [{}, |"b"]}}', '"rebel"."targets"[1] is not an object'),
    "key of a target": ('{"rebel": {"targets": [{|"engin": "byte"}]}}', 'unknown key "rebel"."targets"[0]."engin"'),
    "engine": ('{"rebel": {"targets": [{"engine": |"nativ"}]}}', 'unknown engine "nativ"'),
    "name of a target": ('{"rebel": {"targets": [{"target": |"../x"}]}}', "cannot be the name of a target"),
    "same target": ('{"rebel": {"targets": [{"target": "a"},\n {"target": |"A"}]}}', 'target "A" occurs twice'),
    "entry": ('{"rebel": {"targets": [{"entry": |"src/x.ml"}]}}', 'entry "src/x.ml" of target "default"'),
    "flags": ('{"rebel": {"flags": {"compile": |5}}}', '"rebel"."flags"."compile" is not a string'),
    "quotation mark": ('{"rebel": {"flags": {"compile": |"-w \'"}}}', "no closing quotation"),
    "variable": ('{"rebel": {"targets": [{"unstable_flags": {"envvars": |"A"}}]}}', '"A" sets no environment variable'),
    "ocamlfind": ('{"rebel": {"ocamlfindDependencies": |"str"}}', "is not a list"),
    "ocamlfind name": ('{"rebel": {"ocamlfindDependencies": ["str", |5]}}', "[1] is not a name"),
    "dependencies": ('{"dependencies": |["a"]}', '"dependencies" is not an object'),
    "dependency": ('{"dependencies": {|"../a": "1"}}', '"../a" cannot be the name of a package'),
    "public module": ('{"rebel": {"publicModule": |"yes"}}', "is not true or false"),
    "entry that is not there": ('{"name": "a", "rebel": |{"flags": {}}}', "neither src/Index.re nor src/Index.ml"),
    "private": ('{"rebel": {"private": ["A", |"b"]}}', '"b" cannot be the name of a module'),
    "private public": (
        '{"rebel": {"publicModule": true, |"private": ["A"]}}',
        '"private" has no meaning beside "publicModule"',
    ),
    "unwrapped public": ('{"rebel": {"publicModule": true, |"wrapped": false}}', '"wrapped" has no meaning beside'),
    "wrapped": ('{"rebel": {"wrapped": |"no"}}', '"rebel"."wrapped" is not true or false'),
    "module": ('{"rebel": {"module": |"foo"}}', '"foo" cannot be the name of a module'),
}


@pytest.mark.parametrize("marked, message", BAD.values(), ids=BAD.keys())
def test_place_and_message(project, marked, message):
    before, _, after = marked.partition("|")
    path = project.write("package.json", before + after)
    error = failure(project)
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    assert str(error).startswith(f"{path}:{line}:{column}: ")
    assert message is None or message in str(error)


def test_hints_name_what_was_meant(project):
    project.write("package.json", '{"rebel": {"ocamlFindDependancies": []}}')
    assert failure(project).hint == "did you mean ocamlfindDependencies?"
    project.write("package.json", '{"rebel": {"targets": [{"engine": "nativ"}]}}')
    assert failure(project).hint == "did you mean native?"


def test_unknown_keys_of_installed_packages_are_warnings(project):
    project.write("package.json", '{"dependencies": {"a": "1"}, "rebel": {"targets": []}}')
    project.write("node_modules/a/package.json", '{"rebel": {"backend": "native", "//": "a comment"}}')
    (warning,) = load_project(str(project.root)).warnings
    assert warning == f'{project.path("node_modules/a/package.json")}:1:12: unknown key "rebel"."backend" is ignored'


def test_a_private_module_that_is_not_there_is_a_warning(project):
    path = project.write("package.json", '{"rebel": {"targets": [], "private": ["Secrt"]}}')
    project.write("src/secret.ml", "")
    expected = f"{path}:1:39: no source is the module Secrt; did you mean Secret?"
    assert load_project(str(project.root)).warnings == (expected,)


def test_errors_in_an_installed_package_name_its_file(project):
    project.write("package.json", '{"dependencies": {"a": "1"}, "rebel": {"targets": []}}')
    path = project.write("node_modules/a/package.json", '{"rebel": {},}')
    assert str(failure(project)).startswith(f"{path}:1:13: ")


def test_a_byte_order_mark_is_dropped(project):
    project.path("package.json").write_bytes(b'\xef\xbb\xbf{"rebel": {"targets": []}}')
    assert load_project(str(project.root)).targets == ()


def test_not_utf8(project):
    project.path("package.json").write_bytes(b'{\n  "name": "\xe9"}')
    error = failure(project)
    assert (error.place.line, error.place.column) == (2, 12)
    assert "0xe9 is not UTF-8" in error.message


def test_columns_count_characters(project):
    path = project.write("package.json", '{"author": "Zoë", "name": 5}')
    assert str(failure(project)).startswith(f"{path}:1:27: ")


DEEP = "[" * 800 + "]" * 800

# Text that is invalid in JSON, or for a reader of it, in any package.json.
HOSTILE = {
    "number of 5,000 digits": ('{"version": |' + "9" * 5000 + ', "rebel": {}}', "a number of 5,000 characters"),
    "fraction of 5,000 digits": ('{"version": |0.' + "9" * 5000 + ', "rebel": {}}', "a number of 5,002 characters"),
    "NaN": ('{"NaN": "NaN", "a": |NaN, "rebel": {}}', "NaN is not a JSON number"),
    "infinite": ('{"rebel": {}, "a": |-Infinity}', "-Infinity is not a JSON number"),
    "deep": ('{"rebel": {}, "a": ' + "[" * 99 + "|" + DEEP + "]" * 99 + "}", "nested too deeply"),
    "deep in rebel": ('{"rebel": {"targets": ' + "[" * 98 + "|" + DEEP + "]" * 98 + "}}", "nested too deeply"),
    "deep and cut off": ("[" * 100 + "|" + "[" * 100_000, "nested too deeply"),
    "raw NUL": ('{"rebel": {"|\0": 1}}', "U+0000 (NUL) inside a string"),
    "line break in a string": ('{"name": "a|\nb"}', "U+000A (a line break) inside a string"),
    "NUL in a flag": ('{"rebel": {"flags": {"compile": ["a", |"\\u0000"]}}}', "contains U+0000"),
    "lone surrogate in a flag": ('{"rebel": {"flags": {"link": |"-w \\ud800"}}}', "contains U+D800"),
    "escaped byte in a flag": ('{"rebel": {"flags": {"link": |"\\udc80"}}}', "contains U+DC80"),
    "long flag": ('{"rebel": {"flags": {"link": [|"' + "a" * 200_000 + '"]}}}', "longer than a command line can be"),
    "no-break space": ('{|\u00a0"rebel": {}}', "U+00A0 (NO-BREAK SPACE) outside a string"),
    "line separator": ('{"rebel": {}}|\u2028', "U+2028 (LINE SEPARATOR) outside a string"),
    "byte order mark in the middle": ('{"rebel": |\ufeff{}}', "U+FEFF (ZERO WIDTH NO-BREAK SPACE)"),
    "curly quotation marks": ("{|\u201crebel\u201d: {}}", "U+201C (LEFT DOUBLE QUOTATION MARK)"),
    "form feed": ('{|\f"rebel": {}}', "U+000C outside a string"),
    "single quotation marks": ("{|'rebel': {}}", "expecting property name enclosed in double quotes"),
    "string without end": ('{"rebel": {}, "a": |"\\"', "unterminated string"),
    "quotation marks without end": ("|" + '"' + '\\"' * 100_000, "unterminated string"),
    "brackets that do not fit": ('{"rebel": {}|]}', "expecting ',' delimiter"),
    "two values": ('{"rebel": {}} |{}', "extra data"),
    "public key twice": ('{"rebel": {"publicModule": true, |"publicModule": false}}', "occurs twice"),
    "dependency twice": ('{"rebel": {}, "dependencies": {"a": "1", |"a": "2"}}', '"dependencies"."a" occurs twice'),
    "name with a control": ('{"rebel": {}, "name": |"a\\u001b[2J"}', "cannot be the name of a package"),
    "name with a line break": ('{"rebel": {}, "name": |"a\\n"}', "cannot be the name of a package"),
    "name that is a path": ('{"rebel": {}, "name": |"../a"}', "cannot be the name of a package"),
    "absolute name": ('{"rebel": {}, "name": |"/a"}', "cannot be the name of a package"),
    "long name": ('{"rebel": {}, "name": |"' + "a" * 300 + '"}', "(300 characters) cannot be the name of a package"),
    "lone surrogate in a name": ('{"rebel": {}, "name": |"a\\ud800"}', "cannot be the name of a package"),
    "module with a line break": ('{"rebel": {"module": |"A\\n"}}', "cannot be the name of a module"),
    "long module": ('{"rebel": {"module": |"' + "A" * 300 + '"}}', "cannot be the name of a module"),
    "findlib name that runs": (
        '{"rebel": {"ocamlfindDependencies": ["str", |"${__import__(\'os\').system(\'touch RAN\')}"]}}',
        "cannot be the name of a findlib package",
    ),
    "findlib name as an option": ('{"rebel": {"ocamlfindDependencies": [|"-pp"]}}', "cannot be the name of a findlib"),
    "findlib name as a key": ('{"rebel": {"ocamlfindDependencies": {|"a b": "1"}}}', "cannot be the name of a findlib"),
    "findlib name as a path": ('{"rebel": {"ocamlfindDependencies": [|"a/../b"]}}', "cannot be the name of a findlib"),
    "findlib name with a line break": ('{"rebel": {"ocamlfindDependencies": [|"str\\n"]}}', "cannot be the name"),
    "version that is no text": ('{"rebel": {}, "dependencies": {"a": |5}}', '"dependencies"."a" is not a string'),
}


@pytest.mark.parametrize("where", ["package.json", "node_modules/dep/package.json"])
@pytest.mark.parametrize("marked, message", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text(project, where, marked, message):
    before, _, after = marked.partition("|")
    project.write("package.json", '{"dependencies": {"dep": "*"}, "rebel": {"targets": []}}')
    path = project.write(where, before + after)
    with no_hang():
        text = str(failure(project))
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    assert text.startswith(f"{path}:{line}:{column}: ")
    assert message in text
    assert len(text) < 1000
    assert all(shown.isprintable() for shown in text.split("\n"))


def test_targets_of_odd_names(project):
    for name in ("..", ".", "a/b", "/a", "a\\n", "a\\u0000", "-n", "a b", "", "a" * 300, "$x", "`x`", "3"):
        project.write("package.json", '{"rebel": {"targets": [{"target": "' + name + '"}]}}')
        error = failure(project)
        assert "cannot be the name of a target" in error.message
        assert (error.place.line, error.place.column) == (1, 35)


@pytest.mark.parametrize("entry", ["../x.ml", "/etc/passwd", "a\\u0000", "a" * 5000, "src"])
def test_entries_of_odd_names(project, entry):
    project.write("src/a.ml", "")
    project.write("package.json", '{"rebel": {"targets": [{"entry": "' + entry + '"}]}}')
    assert failure(project).place.column == 34


def test_the_line_is_shown_with_a_caret(project):
    path = project.write("package.json", '{\n\t"rebel": {\n\t\t"module": "foo" }\n}')
    assert str(failure(project)).split("\n") == [
        f'{path}:3:13: "foo" cannot be the name of a module',
        '  3 |   "module": "foo" }',
        "    |             ^",
        "  expected: letters, digits, _ and ', starting with an upper-case letter",
    ]


def test_numbers_and_brackets_of_any_use_are_taken(project):
    deep = "[" * 99 + "]" * 99
    more = f'"a": [1e999, -0.5e-3, {"9" * 1000}], "b": {deep}, "c": [{",".join(["{}"] * 200)}]'
    project.write("package.json", '{"rebel": {"targets": []}, ' + more + "}")
    assert load_project(str(project.root)).targets == ()


def test_what_is_twice_without_consequence_is_npms_business(project):
    project.write("package.json", '{"scripts": {"a": "", "a": ""}, "scripts": {}, "rebel": {"targets": []}}')
    assert load_project(str(project.root)).targets == ()


def test_warnings_about_an_installed_package_are_few(project):
    project.write("package.json", '{"dependencies": {"a": "1"}, "rebel": {"targets": []}}')
    keys = ", ".join(f'"key\\n{number}": 1' for number in range(2000))
    project.write("node_modules/a/package.json", '{"rebel": {' + keys + "}}")
    warnings = load_project(str(project.root)).warnings
    assert 0 < len(warnings) <= 20
    assert all(warning.isprintable() for warning in warnings)


def test_a_huge_file(project):
    with project.path("package.json").open("wb") as file:
        file.truncate(1 << 40)  # without contents
    assert "the file has 1,099,511,627,776 bytes" in failure(project).message


def test_utf_16(project):
    project.path("package.json").write_bytes('{"rebel": {}}'.encode("utf-16"))
    error = failure(project)
    assert "the file looks like UTF-16" in error.message
    assert (error.place.line, error.place.column) == (1, 1)


# -- special files


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as server, tempfile.TemporaryDirectory() as folder:
        server.bind(os.path.join(folder, "s"))  # the path of a socket has at most 107 bytes
        os.rename(os.path.join(folder, "s"), path)


IRREGULAR = {
    "folder": (lambda path: path.mkdir(), "cannot be read: it is a folder"),
    "FIFO": (os.mkfifo, "cannot be read: it is a FIFO"),
    "socket": (make_socket, "cannot be read: it is a socket"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "cannot be read: it is a device"),
    "link to itself": (lambda path: path.symlink_to("package.json"), "a link to package.json, and thus to itself"),
    "link to nothing": (lambda path: path.symlink_to("gone"), "a link to gone, which does not exist"),
}


@pytest.mark.parametrize("where", ["package.json", "node_modules/dep/package.json"])
@pytest.mark.parametrize("make, message", IRREGULAR.values(), ids=IRREGULAR.keys())
def test_a_package_json_that_is_no_file(project, where, make, message):
    path = project.path(where)
    if where != "package.json":
        project.write("package.json", '{"dependencies": {"dep": "*"}, "rebel": {"targets": []}}')
    path.parent.mkdir(parents=True, exist_ok=True)
    make(path)
    error = failure(project)
    assert message in error.message
    assert error.place.path == str(path)


@pytest.mark.parametrize("make", [os.mkfifo, make_socket, lambda path: path.symlink_to("/dev/zero")])
@pytest.mark.parametrize("folder", ["c", "c/below", "include", "own"])
def test_a_header_that_is_no_file(project, make, folder):
    stubs = {"sources": ["c"], "headers": ["include"], "flags": ["-Iown"]}
    project.write("package.json", json.dumps({"rebel": {"targets": [], "stubs": stubs}}))
    project.write("c/a.c", "")
    for name in ("include", "own", "c/below"):
        project.write(f"{name}/fine.h", "")
    assert load_project(str(project.root)).root.stubs.sources == ("c/a.c",)
    make(project.path(f"{folder}/odd.h"))
    error = failure(project)
    assert error.message.startswith("this is a ") and error.place.path == str(project.path(f"{folder}/odd.h"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_permission(project):
    project.write("package.json", "{}").chmod(0)
    assert "cannot be read: Permission denied" in failure(project).message


def test_a_dependency_that_is_a_link_to_itself_or_a_file(project):
    project.write("package.json", '{"dependencies": {"dep": "*"}, "rebel": {"targets": []}}')
    project.path("node_modules").mkdir()
    project.path("node_modules/dep").symlink_to("dep")
    assert '"dep" is not installed' in failure(project).message
    project.path("node_modules/dep").unlink()
    project.write("node_modules/dep", "")
    assert '"dep" is not installed' in failure(project).message
    project.path("node_modules/dep").unlink()
    project.path("node_modules").rmdir()
    os.mkfifo(project.path("node_modules"))
    assert '"dep" is not installed' in failure(project).message


def test_a_folder_that_was_removed(project, monkeypatch):
    gone = project.path("gone")
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(ProjectError, match="no longer exists"):
        load_project()
