"""load_project: the model that is read from package.json, src/ and node_modules."""

from __future__ import annotations

import json
import os
import re

import pytest

from rebel_tools.project import Flags, ProjectError, Source, load_project


def write_package(project, folder=".", *, name=None, dependencies=(), sources=("src/Index.ml",), rebel=None, **more):
    """A package.json with the key rebel, and empty sources."""
    data = {"rebel": {} if rebel is None else rebel, "dependencies": dict.fromkeys(dependencies, "*"), **more}
    if name:
        data["name"] = name
    project.write(f"{folder}/package.json", json.dumps(data, indent=2))
    for source in sources:
        project.write(f"{folder}/{source}", "")


def load(project):
    return load_project(str(project.root))


def failure(project) -> ProjectError:
    with pytest.raises(ProjectError) as raised:
        load(project)
    return raised.value


def names(packages):
    return [package.name for package in packages]


# -- targets and sources


def test_defaults(project):
    write_package(project, name="app", sources=("src/Index.re",))
    loaded = load(project)
    (target,) = loaded.targets
    assert (target.name, target.module, target.engine) == ("default", "Default_Tar", "native")
    assert (target.entry, target.entry_module) == ("src/Index.re", "Index")
    assert loaded.default_targets == loaded.targets


def test_index_ml_is_the_default_entry_where_there_is_no_index_re(project):
    write_package(project, sources=("src/Index.ml",))
    assert load(project).targets[0].entry == "src/Index.ml"


def test_the_root_package_needs_neither_a_name_nor_the_key_rebel(project):
    project.write("package.json", "{}")
    project.write("src/Index.ml", "")
    assert load(project).root.sources == (Source("src/Index.ml", "Index", "ml"),)


def test_targets_and_flags(project):
    flags = {"compile": "-w '+a -4' -g", "link": ["-cclib", "-lm"], "envvars": "A=1 B=x"}
    targets = [
        {"target": "web", "engine": "jsoo", "entry": "./src/web.ml", "unstable_flags": flags},
        {"target": "cli", "entry": "src/cli.ml"},
    ]
    write_package(project, rebel={"targets": targets}, sources=("src/web.ml", "src/cli.ml"))
    web, cli = load(project).targets
    assert (web.engine, web.entry, cli.engine) == ("jsoo", "src/web.ml", "native")
    assert web.unstable_flags == Flags(
        compile=("-w", "+a -4", "-g"), link=("-cclib", "-lm"), envvars=(("A", "1"), ("B", "x"))
    )


def test_the_target_called_default_is_the_default_one_and_else_all_are(project):
    targets = [{"target": name, "entry": "src/Index.ml"} for name in ("tool", "default")]
    write_package(project, rebel={"targets": targets})
    assert names(load(project).default_targets) == ["default"]
    write_package(project, rebel={"targets": targets[:1]})
    assert names(load(project).default_targets) == ["tool"]


def test_a_package_without_a_program(project):
    write_package(project, rebel={"targets": []}, sources=("src/a.ml",))
    assert load(project).targets == ()


def test_sources_of_all_folders_and_spellings(project):
    files = ("src/B.rei", "src/a.ml", "src/deep/er/my_file.re", "src/deep/myFile2.mli", "src/x.ml4", "src/.#a.ml")
    write_package(project, rebel={"targets": []}, sources=(*files, "src/.git/c.ml", "src/node_modules/d/e.ml"))
    assert load(project).root.sources == (
        Source("src/B.rei", "B", "rei"),
        Source("src/a.ml", "A", "ml"),
        Source("src/deep/er/my_file.re", "My_file", "re"),
        Source("src/deep/myFile2.mli", "MyFile2", "mli"),
    )


def test_ocamlfind_dependencies_are_a_list_or_the_keys_of_an_object(project):
    write_package(project, rebel={"ocamlfindDependencies": ["str", "unix", "str"]})
    assert load(project).root.ocamlfind == ("str", "unix")
    write_package(project, rebel={"ocamlfindDependencies": {"str": "*", "re.pcre": "1"}})
    assert load(project).root.ocamlfind == ("str", "re.pcre")


# -- packages


def test_a_diamond_has_dependencies_first_and_each_package_once(project):
    write_package(project, name="app", dependencies=("a", "b"))
    for name, dependencies in {"a": ("c",), "b": ("c",), "c": ()}.items():
        write_package(project, f"node_modules/{name}", name=name, dependencies=dependencies)
    loaded = load(project)
    assert names(loaded.packages) == ["c", "a", "b", "app"]
    assert loaded.package("a").dependencies == ("c",)
    assert names(loaded.closure(loaded.root)) == ["c", "a", "b"]
    assert names(loaded.closure(loaded.package("b"))) == ["c"]


def test_packages_without_the_key_rebel_do_not_count(project):
    write_package(project, dependencies=("react", "a"))
    write_package(project, "node_modules/a")
    project.write("node_modules/react/package.json", '{"name": "react", "dependencies": {"not-there": "1"}}')
    assert load(project).root.dependencies == ("a",)


@pytest.mark.parametrize(
    "name, module",
    [
        ("foo", "Foo"),
        ("foo-bar", "FooBar"),
        ("foo_bar", "Foo_bar"),
        ("fooBar", "FooBar"),
        ("FooBar", "FooBar"),
        ("foo.js", "FooJs"),
        ("@acme/foo-bar", "FooBar"),
    ],
)
def test_module_of_a_package(project, name, module):
    write_package(project, dependencies=(name,))
    write_package(project, f"node_modules/{name}", name=name)
    assert load(project).packages[0].module == module


def test_a_package_can_choose_its_module(project):
    write_package(project, dependencies=("3d",))
    write_package(project, "node_modules/3d", rebel={"module": "Three"})
    assert load(project).packages[0].module == "Three"


def test_a_public_module_is_an_explicit_choice(project):
    write_package(project, dependencies=("foo",))
    write_package(project, "node_modules/foo", rebel={"publicModule": True}, sources=("src/foo.ml",))
    assert load(project).packages[0].public_module
    write_package(project, "node_modules/foo", sources=("src/foo.ml",))
    assert not load(project).packages[0].public_module


def test_nested_node_modules_come_first(project):
    write_package(project, dependencies=("a",))
    write_package(project, "node_modules/a", dependencies=("b",))
    write_package(project, "node_modules/a/node_modules/b", name="b")
    project.write("node_modules/b/package.json", "broken, and nobody looks")
    assert load(project).package("b").root == str(project.path("node_modules/a/node_modules/b"))


def test_a_workspace_resolves_from_the_real_path_of_each_package(project):
    write_package(project, "apps/app", name="app", dependencies=("lib",))
    write_package(project, "packages/lib", name="lib", dependencies=("deep",))
    write_package(project, "packages/node_modules/deep", name="deep")
    project.path("node_modules").mkdir()
    project.path("node_modules/lib").symlink_to("../packages/lib")
    loaded = load_project(str(project.path("apps/app")))
    assert [os.path.relpath(p.root, project.root) for p in loaded.packages] == [
        "packages/node_modules/deep",
        "packages/lib",
        "apps/app",
    ]


def test_two_links_to_one_package_are_one_package(project):
    write_package(project, dependencies=("a", "b"))
    write_package(project, "real/b", name="b")
    write_package(project, "node_modules/a", dependencies=("b",))
    project.path("node_modules/b").symlink_to(project.path("real/b"))
    project.path("node_modules/a/node_modules").mkdir()
    project.path("node_modules/a/node_modules/b").symlink_to(project.path("real/b"))
    assert names(load(project).packages) == ["b", "a", project.root.name]


# -- the paths that a manifest has to watch


def consulted(project):
    return {os.path.relpath(path, project.root) for path in load(project).consulted}


def test_consulted_has_what_was_read_and_what_was_missing(project):
    write_package(project, dependencies=("a",), sources=("src/Index.ml", "src/x/y.ml"))
    write_package(project, "node_modules/a", dependencies=("b",))
    write_package(project, "node_modules/b")
    assert consulted(project) == {
        "package.json",
        "pnpm-workspace.yaml",  # does not exist: it would list members
        "src",
        "src/x",
        "node_modules/a/package.json",
        "node_modules/a/src",
        "node_modules/a/node_modules",  # does not exist: b would be found in it first
        "node_modules/b/package.json",
        "node_modules/b/src",
    }


def test_consulted_has_a_nearer_package_that_is_not_there(project):
    write_package(project, dependencies=("a",))
    write_package(project, "node_modules/a", dependencies=("b",))
    write_package(project, "node_modules/b")
    project.path("node_modules/a/node_modules").mkdir()
    assert "node_modules/a/node_modules/b/package.json" in consulted(project)


# -- errors


def test_two_versions_of_a_package(project):
    write_package(project, dependencies=("a", "b"))
    write_package(project, "node_modules/a", dependencies=("b",))
    write_package(project, "node_modules/a/node_modules/b", name="b", version="1.0.0")
    write_package(project, "node_modules/b", name="b", version="2.0.0")
    text = str(failure(project))
    assert "two versions" in text
    assert str(project.path("node_modules/a/node_modules/b")) in text
    assert str(project.path("node_modules/b")) in text


def test_two_packages_with_one_module(project):
    write_package(project, dependencies=("foo-bar", "@acme/foo-bar"))
    write_package(project, "node_modules/foo-bar", name="foo-bar")
    write_package(project, "node_modules/@acme/foo-bar", name="@acme/foo-bar")
    text = str(failure(project))
    assert "module FooBar" in text
    assert str(project.path("node_modules/foo-bar")) in text
    assert str(project.path("node_modules/@acme/foo-bar")) in text


def test_the_module_of_the_root_package_is_free(project):
    write_package(project, name="foo", dependencies=("@acme/foo",))
    write_package(project, "node_modules/@acme/foo", name="@acme/foo")
    assert names(load(project).packages) == ["@acme/foo", "foo"]


@pytest.mark.parametrize("module", ["Stdlib", "Stdlib__List", "Std_exit", "CamlinternalLazy", "A__without_B"])
def test_modules_of_ocaml_itself(project, module):
    write_package(project, dependencies=("a",))
    write_package(project, "node_modules/a", rebel={"module": module})
    text = str(failure(project))
    assert text.startswith(f"{project.path('node_modules/a/package.json')}:3:15: ")
    assert f"the module {module} belongs to OCaml itself" in text


def test_an_unwrapped_module_of_the_name_of_ocamls(project):
    write_package(project, dependencies=("a",))
    write_package(project, "node_modules/a", rebel={"wrapped": False}, sources=("src/stdlib.ml",))
    assert failure(project).place.path == str(project.path("node_modules/a/src/stdlib.ml"))
    write_package(project, "node_modules/a", rebel={"wrapped": False, "private": ["Stdlib"]}, sources=())
    load(project)


def test_a_package_called_stdlib(project):
    write_package(project, dependencies=("stdlib",))
    write_package(project, "node_modules/stdlib", name="stdlib")
    assert failure(project).place.line == 4


def test_a_package_that_is_the_module_of_programs(project):
    """Whatever the targets are called."""
    targets = [{"target": name, "entry": "src/Index.ml"} for name in ("tool", "a-b")]
    write_package(project, dependencies=("a",), rebel={"targets": targets})
    write_package(project, "node_modules/a", rebel={"module": "AB_Tar"})
    load(project)
    write_package(project, "node_modules/a", rebel={"module": "Default_Tar"})
    error = failure(project)
    assert "the package a has the module Default_Tar, and so do the sources in" in error.message
    assert str(project.path(".")) in error.message
    assert error.place.path == str(project.path("node_modules/a/package.json"))


def test_a_name_that_is_too_long_for_a_file(project):
    write_package(project, sources=("src/Index.ml", f"src/{'a' * 150}.ml"))
    load(project)
    write_package(project, sources=(f"src/{'a' * 190}.ml",))
    error = failure(project)
    assert "the compiler calls it Default_Tar__Aaa" in error.message
    assert error.expected == "at most 200 characters, not 203"


@pytest.mark.parametrize(
    "pair", [("src/a.ml", "src/x/a.ml"), ("src/A.ml", "src/a.ml"), ("src/a.ml", "src/a.re"), ("src/a.mli", "src/a.rei")]
)
def test_two_files_of_one_module(project, pair):
    write_package(project, rebel={"targets": []}, sources=pair)
    text = str(failure(project))
    assert "module A" in text and pair[0] in text and pair[1] in text


def test_an_interface_may_lie_in_another_folder(project):
    write_package(project, rebel={"targets": []}, sources=("src/a.ml", "src/x/a.mli"))
    assert len(load(project).root.sources) == 2


def test_a_cycle_of_packages(project):
    write_package(project, dependencies=("a",))
    write_package(project, "node_modules/a", name="a", dependencies=("b",))
    write_package(project, "node_modules/b", name="b", dependencies=("a",))
    text = str(failure(project))
    assert "a -> b -> a" in text
    assert re.search(r"node_modules/a/package.json:4:5.*node_modules/b/package.json:4:5", text)


def test_a_missing_package_with_the_nearest_name(project):
    write_package(project, dependencies=("foo-baz",))
    write_package(project, "node_modules/foo-bar")
    text = str(failure(project))
    assert text.startswith(f"{project.path('package.json')}:4:5: ")
    assert '"foo-baz" is not installed' in text
    assert str(project.path("node_modules")) in text
    assert "did you mean foo-bar?" in text


def test_a_missing_package_that_was_linked(project):
    write_package(project, dependencies=("foo",))
    project.path("node_modules").mkdir()
    project.path("node_modules/foo").symlink_to("../gone")
    assert "is a link to ../gone" in str(failure(project))


def test_a_missing_entry_with_the_nearest_name(project):
    rebel = {"targets": [{"target": "a", "entry": "src/indx.ml"}]}
    write_package(project, rebel=rebel, sources=("src/index.ml", "src/other.ml"))
    error = failure(project)
    assert error.place.line == 6
    assert "src/indx.ml" in error.message and error.hint.startswith("did you mean src/index.ml")


def test_no_default_entry(project):
    write_package(project, sources=("src/main.ml",))
    assert "neither src/Index.re nor src/Index.ml" in str(failure(project))


def test_a_public_module_without_a_file(project):
    write_package(project, dependencies=("foo",))
    write_package(project, "node_modules/foo", rebel={"publicModule": True}, sources=("src/bar.ml",))
    assert "src/foo.ml" in str(failure(project))


def test_a_file_that_cannot_be_a_module(project):
    write_package(project, sources=("src/Index.ml", "src/foo-bar.ml"))
    error = failure(project)
    assert error.place.path == str(project.path("src/foo-bar.ml"))


def test_a_broken_link_among_the_sources(project):
    write_package(project)
    project.path("src/gone.ml").symlink_to("nowhere.ml")
    assert "nowhere.ml, which does not exist" in str(failure(project))


def test_linked_sources_and_folders_count(project):
    write_package(project, sources=("src/Index.ml",))
    project.write("elsewhere/a.ml", "")
    project.path("src/linked").symlink_to("../elsewhere")
    project.path("src/b.ml").symlink_to("../elsewhere/a.ml")
    assert [s.path for s in load(project).root.sources] == ["src/Index.ml", "src/b.ml", "src/linked/a.ml"]


def test_a_link_to_its_own_parent(project):
    write_package(project)
    project.path("src/loop").symlink_to(".")
    assert "leads to a folder that contains it" in str(failure(project))


def test_sources_that_are_no_files(project):
    write_package(project)
    for make in (os.mkfifo, os.mkdir):  # a folder with the name of a source is a folder
        make(project.path("src/a.ml"))
        if make is os.mkdir:
            assert len(load(project).root.sources) == 1
        else:
            assert "this source is a FIFO" in failure(project).message
            project.path("src/a.ml").unlink()
    project.path("src/b.mli").symlink_to("/dev/zero")
    assert "this source is a device" in failure(project).message


def test_other_things_among_the_sources_do_not_count(project):
    write_package(project)
    os.mkfifo(project.path("src/pipe"))
    project.path("src/loop").symlink_to("loop")
    project.path("src/gone").symlink_to("/nowhere")
    project.path("src/below-a-file").symlink_to("Index.ml/x")
    assert len(load(project).root.sources) == 1


def test_a_source_that_is_a_link_to_itself(project):
    write_package(project)
    project.path("src/a.ml").symlink_to("a.ml")
    assert "a link to a.ml, and thus to itself" in failure(project).message


def test_many_links_to_few_folders_end(project):
    """Each folder has two links to the next one: there are two to the power of thirty ways through them."""
    write_package(project, rebel={"targets": []}, sources=())
    for number in range(30):
        for name in ("a", "b"):
            project.path(f"f{number}").mkdir(exist_ok=True)
            project.path(f"f{number}/{name}").symlink_to(f"../f{number + 1}")
    project.path("f30").mkdir()
    project.path("src").symlink_to("f0")
    assert load(project).root.sources == ()
    project.write("f30/x.ml", "")
    assert "two files are the implementation of module X" in failure(project).message


def test_folders_that_lead_to_each_other_by_links(project):
    write_package(project)
    project.path("src/a").mkdir()
    project.path("src/b").mkdir()
    project.path("src/a/b").symlink_to("../b")
    project.path("src/b/a").symlink_to("../a")
    assert len(load(project).root.sources) == 1
    project.write("src/b/c.ml", "")
    assert "two files are the implementation of module C" in failure(project).message


def test_deep_folders(project):
    write_package(project)
    folders = [project.path("src")]
    for _ in range(1500):
        folders.append(folders[-1] / "d")
        folders[-1].mkdir()
    source = folders[-1] / "deep.ml"
    source.write_text("")
    assert len(load(project).root.sources) == 2
    source.unlink()
    for folder in folders[:0:-1]:  # pytest cannot do it
        folder.rmdir()


def test_a_line_break_in_the_name_of_a_folder(project):
    write_package(project)
    project.write("src/a\nb/c.ml", "")
    (source,) = [source for source in load(project).root.sources if source.module == "C"]
    assert source.path == "src/a\nb/c.ml"  # it is literal, like all names
    project.write("src/a\nb/2.ml", "")
    assert "src/a\\nb/2.ml: the name of this file" in str(failure(project))


def test_a_name_that_is_not_utf8_is_shown_by_its_bytes(project):
    write_package(project)
    project.write("src/a\udcff.ml", "")
    assert str(failure(project)).startswith(f"{project.root}/src/a\\xff.ml: ")


def test_a_long_chain_of_packages(project):
    """Longer than the depth of Python's stack."""
    write_package(project, rebel={"targets": []}, dependencies=("p0",))
    for number in range(1500):
        write_package(project, f"node_modules/p{number}", dependencies=(f"p{number + 1}",), sources=())
    write_package(project, "node_modules/p1500", sources=())
    assert names(load(project).packages)[:2] == ["p1500", "p1499"]


def test_no_package_json(project):
    error = failure(project)
    assert "no such file" in error.message and "rebel new" in error.hint
