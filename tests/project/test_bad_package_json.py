"""Every mistake in a package.json is an error with the key, the file, the line and the column."""

from __future__ import annotations

import pytest

from rebel_tools.project import ProjectError, load_project


def failure(project) -> ProjectError:
    with pytest.raises(ProjectError) as raised:
        load_project(str(project.root))
    return raised.value


# text of package.json with | before the place of the error, and what the error says
BAD = {
    "empty": ("|", "the file is empty"),
    "no object": ("|[]", "the file is not an object"),
    "not JSON": ('{"name": |foo}', "not JSON"),
    "trailing comma": ('{\n  "name": "a"|,\n}', "a comma after the last element"),
    "trailing comma in a list": ('{"rebel": {"targets": [|,]}}', None),
    "comment": ('{\n  |// name\n  "name": "a"}', "a comment"),
    "duplicate key": ('{"name": "a",\n  |"name": "b"}', 'the key "name" is there twice'),
    "duplicate key inside": ('{"rebel": {"targets": [],\n |"targets": []}}', '"rebel"."targets" is there twice'),
    "name": ('{"name": |"a b"}', '"a b" cannot be the name of a package'),
    "name of wrong type": ('{"name": |5}', '"name" is not a string'),
    "rebel": ('{"rebel": |true}', '"rebel" is not an object'),
    "unknown key": ('{"rebel": {|"target": []}}', 'unknown key "rebel"."target"'),
    "targets": ('{"rebel": {"targets": |{}}}', '"rebel"."targets" is not a list'),
    "a target": ('{"rebel": {"targets": [{}, |"b"]}}', '"rebel"."targets"[1] is not an object'),
    "key of a target": ('{"rebel": {"targets": [{|"engin": "byte"}]}}', 'unknown key "rebel"."targets"[0]."engin"'),
    "engine": ('{"rebel": {"targets": [{"engine": |"nativ"}]}}', 'unknown engine "nativ"'),
    "name of a target": ('{"rebel": {"targets": [{"target": |"../x"}]}}', "cannot be the name of a target"),
    "same target": ('{"rebel": {"targets": [{"target": "a"},\n {"target": |"A"}]}}', 'target "A" is there twice'),
    "entry": ('{"rebel": {"targets": [{"entry": |"src/x.ml"}]}}', 'entry "src/x.ml" of target "default"'),
    "flags": ('{"rebel": {"flags": {"compile": |5}}}', '"rebel"."flags"."compile" is not a string'),
    "quotation mark": ('{"rebel": {"flags": {"compile": |"-w \'"}}}', "no closing quotation"),
    "variable": ('{"rebel": {"targets": [{"unstable_flags": {"envvars": |"A"}}]}}', '"A" sets no environment variable'),
    "ocamlfind": ('{"rebel": {"ocamlfindDependencies": |"str"}}', "is not a list"),
    "ocamlfind name": ('{"rebel": {"ocamlfindDependencies": ["str", |5]}}', "[1] is not a name"),
    "dependencies": ('{"dependencies": |["a"]}', '"dependencies" is not an object'),
    "dependency": ('{"dependencies": {|"../a": "1"}}', '"../a" cannot be the name of a package'),
    "public module": ('{"rebel": {"publicModule": |"yes"}}', "is not true or false"),
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


def test_nested_too_deeply(project):
    project.write("package.json", "[" * 100_000)
    assert failure(project).message


def test_a_folder_called_package_json(project):
    project.path("package.json").mkdir()
    assert "cannot be read" in failure(project).message


def test_an_unreadable_file(project):
    project.path("package.json").symlink_to("package.json")  # a file that root cannot read either
    assert "cannot be read: Too many levels of symbolic links" in failure(project).message
