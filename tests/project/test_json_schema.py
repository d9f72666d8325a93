"""The reference of keys: the reader, the tables of the documentation and the JSON Schema come from one model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rebel_tools.project import ProjectError, load_project
from rebel_tools.project.json_schema import (
    grammars_table,
    json_schema,
    keys_table,
    rules_table,
    schema_text,
    stubs_table,
    table_of_one_test,
    table_of_tests,
    targets_table,
)

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"


def test_the_tables_of_the_documentation_are_those_of_the_model():
    text = (DOCS / "packages.md").read_text()
    assert f"## Keys\n\n{keys_table()}\n" in text
    assert f"### Targets\n\n{targets_table()}\n" in text
    assert f"\n\n{rules_table()}\n" in text
    assert f"\n\n{grammars_table()}\n" in text
    assert f"\n\n{stubs_table()}\n" in text
    assert f"\n\n{table_of_tests()}\n" in text and f"\n\n{table_of_one_test()}\n" in text


def test_the_schema_in_the_documentation_is_that_of_the_model():
    """If not: python -m rebel_tools.project.json_schema > docs/package.schema.json"""
    assert (DOCS / "package.schema.json").read_text() == schema_text()


@pytest.fixture(scope="module")
def validator():
    jsonschema = pytest.importorskip("jsonschema", reason="the Python package jsonschema is not installed")
    jsonschema.Draft202012Validator.check_schema(json_schema())
    return jsonschema.Draft202012Validator(json_schema())


GOOD = [
    {},
    {"name": "@acme/a-b", "version": "1.0.0", "scripts": {"x": 1}, "peerDependencies": {"a": "*"}},
    {"rebel": {"//": ["a comment"], "targets": [], "ocamlfindDependencies": {"re.pcre": "1"}}},
    {
        "rebel": {
            "targets": [],
            "sources": ["lib", "!lib/a/*", "."],
            "private": ["A"],
            "wrapped": False,
            "module": "A'b",
        }
    },
    {"rebel": {"targets": [{"target": "a.b", "engine": "byte", "unstable_flags": {"envvars": "A=1", "link": ["-g"]}}]}},
    {"rebel": {"flags": {"compile": "-w +a", "dep": []}, "ocamlfindDependencies": ["str"]}},
    {"rebel": {"targets": [], "stubs": {"flags": "-O2", "libraries": ["z"], "pkgConfig": ["gtk+-3.0"]}}},
    {
        "name": "a",
        "rebel": {"targets": [], "uses": ["a.x"], "libraries": {"x": {"sources": ["src"], "uses": {}}}},
    },
    {"name": "a", "rebel": {"tests": {"programs": [{"target": "default", "exitStatus": 2}]}}},
]
BAD = [
    [],
    {"name": "a b"},
    {"name": "a" * 300},
    {"version": 1},
    {"dependencies": ["a"]},
    {"dependencies": {"../a": "*"}},
    {"optionalDependencies": {"a": 1}},
    {"rebel": True},
    {"rebel": {"target": []}},
    {"rebel": {"targets": {}}},
    {"rebel": {"targets": [{"engin": "byte"}]}},
    {"rebel": {"targets": [{"engine": "nativ"}]}},
    {"rebel": {"targets": [{"target": "-x"}]}},
    {"rebel": {"targets": [{"entry": 1}]}},
    {"rebel": {"targets": [{"unstable_flags": {"compile": 5}}]}},
    {"rebel": {"flags": {"jsoo": []}}},
    {"rebel": {"flags": {"link": ["a", 1]}}},
    {"rebel": {"ocamlfindDependencies": ["${x}"]}},
    {"rebel": {"ocamlfindDependencies": {"a b": "1"}}},
    {"rebel": {"module": "a"}},
    {"rebel": {"private": ["a"]}},
    {"rebel": {"wrapped": "no"}},
    {"rebel": {"sources": ["../a"]}},
    {"rebel": {"sources": "lib"}},
    {"rebel": {"stubs": ["a.c"]}},
    {"rebel": {"stubs": {"libraries": ["-lz"]}}},
    {"rebel": {"stubs": {"pkgConfig": ["--libs"]}}},
    {"rebel": {"stubs": {"sources": ["../a.c"]}}},
    {"rebel": {"tests": []}},
    {"rebel": {"tests": {"programs": [{"target": "default", "exitStatus": 2.5}]}}},
    {"rebel": {"tests": {"programs": [{"entry": "test/*.ml"}]}}},
    {"rebel": {"findlibName": "a.b"}},
    {"rebel": {"uses": "a"}},
    {"rebel": {"select": ["src/a.ml"]}},
    {"rebel": {"select": {"src/a.ml": [{"if": "b", "source": "src/b.ml"}]}}},
    {"rebel": {"select": {"../a.ml": []}}},
    {"rebel": {"libraries": ["a"]}},
    {"rebel": {"libraries": {"a.b": {"sources": ["src"]}}}},
    {"rebel": {"libraries": {"a": {"sources": ["src"], "tests": {}}}}},
]


@pytest.mark.parametrize("data", GOOD, ids=json.dumps)
def test_the_schema_takes_what_the_reader_takes(project, validator, data):
    project.write("src/a.ml", "")
    project.write("src/Index.ml", "")
    for name in data.get("peerDependencies", ()):
        project.write(f"node_modules/{name}/package.json", "{}")
    project.write("package.json", json.dumps(data))
    load_project(str(project.root))
    assert list(validator.iter_errors(data)) == []


@pytest.mark.parametrize("data", BAD, ids=json.dumps)
def test_the_schema_refuses_what_the_reader_refuses(project, validator, data):
    project.write("package.json", json.dumps(data))
    project.write("src/Index.ml", "")
    with pytest.raises(ProjectError):
        load_project(str(project.root))
    assert not validator.is_valid(data)
