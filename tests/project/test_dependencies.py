"""Which dependencies are used, messages about the others, and versions that do not match."""

from __future__ import annotations

import json

import pytest

from rebel_tools.project import ProjectError, absent_modules, load_project
from rebel_tools.project.document import read_document
from rebel_tools.project.ppx import place_of


def write_package(project, folder=".", **data):
    data.setdefault("rebel", {"targets": []})
    text = json.dumps({key: value for key, value in data.items() if value is not None}, indent=2)
    return project.write(f"{folder}/package.json", text)


def load(project):
    return load_project(str(project.root))


def names(project):
    return [package.name for package in load(project).packages[:-1]]


@pytest.mark.parametrize("key", ["optionalDependencies", "peerDependencies"])
def test_optional_and_peer_dependencies_count_where_they_are_installed(project, key):
    write_package(project, **{key: {"opt": "*"}})
    missing = load(project)
    assert missing.root.dependencies == ()
    assert str(project.path("node_modules")) in missing.consulted  # when it appears, the outcome changes
    assert dict(missing.root.absent)["Opt"].startswith(f"the package opt which `{key}` names, is not installed")
    write_package(project, "node_modules/opt")
    assert load(project).root.dependencies == ("opt",)


def test_what_is_optional_may_be_missing_wherever_else_it_stands(project):
    write_package(project, dependencies={"a": "*"}, optionalDependencies={"a": "*"})
    assert names(project) == []


def test_what_is_required_is_so_as_a_peer_too(project):
    write_package(project, dependencies={"a": "*"}, peerDependencies={"a": "*"})
    with pytest.raises(ProjectError, match='"a" is not installed'):
        load(project)


def test_the_peer_of_its_own_user_is_none(project):
    """A plugin names its host as a peer, which depends on the plugin."""
    write_package(project, dependencies={"plugin": "*", "host": "*"})
    write_package(project, "node_modules/host", dependencies={"plugin": "*"})
    write_package(project, "node_modules/plugin", peerDependencies={"host": "*"})
    with pytest.raises(ProjectError, match="plugin -> host -> plugin"):
        load(project)
    write_package(project, dependencies={"host": "*"})
    assert names(project) == ["plugin", "host"]


def test_errors_in_other_keys_have_their_places(project):
    path = write_package(project, peerDependencies={"a b": "*"})
    with pytest.raises(ProjectError) as raised:
        load(project)
    assert str(raised.value).startswith(f'{path}:3:5: "a b" cannot be the name of a package')


# -- hints


def test_why_a_module_cannot_be_used(project):
    write_package(project, dependencies={"plain-js": "*"}, devDependencies={"dev": "*", "../x": 5})
    write_package(project, "node_modules/plain-js", rebel=None)
    write_package(project, "node_modules/other")
    write_package(project, "node_modules/other-js", rebel=None)
    project.write("node_modules/broken/package.json", "{")
    absent = absent_modules(load(project).root)
    assert sorted(absent) == ["Dev", "Other", "PlainJs"]
    assert "in node_modules/plain-js has no key" in absent["PlainJs"]
    assert "move it to `dependencies`" in absent["Dev"]
    assert "not in `dependencies`" in absent["Other"]


# -- versions


def warnings(project, wanted, installed, **root):
    write_package(project, dependencies={"a": wanted}, **root)
    write_package(project, "node_modules/a", version=installed)
    return load(project).warnings


def test_a_version_that_is_not_in_the_range_is_a_warning_with_both(project):
    (warning,) = warnings(project, "^1.2.0", "2.0.0")
    path, other = project.path("package.json"), project.path("node_modules/a/package.json")
    assert warning == f'{path}:3:10: a is required in version "^1.2.0", but "2.0.0" is installed ({other})'


@pytest.mark.parametrize(
    "wanted, installed",
    [
        ("^1.2.0", "1.9.3"),
        ("1.x || >=2.5.0", "2.6.1"),
        ("*", "1.0.0-beta"),
        ("", "1.0.0"),
        ("1.0.0-beta", "1.0.0-beta"),
        ("npm:b@^1.0.0", "1.1.0"),
        ("^1.0.0", None),
        ("^1.0.0", "from git"),
        # not checked
        ("workspace:^1.0.0", "2.0.0"),
        ("file:../a", "2.0.0"),
        ("link:../a", "2.0.0"),
        ("latest", "2.0.0"),
        ("someone/a#semver:^1.0.0", "2.0.0"),
        ("git+https://example.org/a.git#v1.0.0", "2.0.0"),
        ("https://example.org/a.tgz", "2.0.0"),
        ("catalog:", "2.0.0"),
        ("1.0.0 and more", "2.0.0"),
    ],
)
def test_right_versions_and_what_is_not_judged(project, wanted, installed):
    assert warnings(project, wanted, installed) == ()


def test_other_keys_are_judged_too(project):
    write_package(project, optionalDependencies={"a": "1"}, peerDependencies={"b": "npm:c@~1.2"})
    for name in ("a", "b"):
        write_package(project, f"node_modules/{name}", version="2.0.0")
    assert len(load(project).warnings) == 2


@pytest.mark.parametrize(
    "root",
    [
        {"overrides": {"a": "2"}},
        {"overrides": {"b": {"a@^1": "2"}}},
        {"resolutions": {"**/a": "2"}},
        {"resolutions": {"b/a": "2"}},
        {"pnpm": {"overrides": {"b@1>a": "2"}}},
    ],
)
def test_what_the_root_overrides_is_right(project, root):
    assert warnings(project, "^1.0.0", "2.0.0", **root) == ()
    assert len(warnings(project, "^1.0.0", "2.0.0", overrides={"@x/a": "2", "aa": "2"})) == 1


def test_a_version_is_a_string(project):
    write_package(project, dependencies={"a": "1"})
    project.write("node_modules/a/package.json", '{"version": 1, "rebel": {}}')
    with pytest.raises(ProjectError, match='"version" is not a string'):
        load(project)


def test_what_rewritten_code_needs_may_be_a_library_of_the_rewriter(project):
    """Nobody else names that library; the code of the user sees it, and not what only makes the rewriter."""
    write_package(project, name="app", dependencies={"tag": "*"}, rebel={"ppx": ["tag"]})
    project.write("src/Index.ml", "")
    libraries = {"run": {"sources": ["run"]}, "make": {"sources": ["make"]}}
    rebel = {"uses": ["tag.make"], "ppxRuntime": ["tag.run"], "libraries": libraries}
    write_package(project, "node_modules/tag", name="tag", rebel=rebel)
    for path in ("src/tag.ml", "run/a.ml", "make/b.ml"):
        project.write(f"node_modules/tag/{path}", "")
    loaded = load(project)
    assert loaded.root.dependencies == ("tag.run",)
    assert {package.name for package in loaded.packages} == {"app", "tag", "tag.run", "tag.make"}


@pytest.mark.parametrize(
    "rebel, keys, is_key",
    [
        ({"ppx": {"a": [], "nope": []}}, ("rebel", "ppx", "nope"), True),
        ({"ocamlfindDependencies": ["a", "nope"]}, ("rebel", "ocamlfindDependencies", 1), False),
        (
            {"tests": {"ocamlfindDependencies": ["nope"], "programs": []}},
            ("rebel", "tests", "ocamlfindDependencies", 0),
            False,
        ),
        ({"tests": {"ocamlfindDependencies": "nope"}}, ("rebel",), True),
        ([], ("rebel",), True),
    ],
)
def test_where_a_findlib_package_is_named(project, rebel, keys, is_key):
    project.write("package.json", json.dumps({"rebel": rebel}))
    assert place_of(read_document(str(project.path("package.json"))), "nope") == (keys, is_key)
