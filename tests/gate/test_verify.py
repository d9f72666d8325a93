"""The gate's comparison of models: what is proved, what differs, and what could not be checked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rebel_tools.abi import types as t
from rebel_tools.binary.model import Export, ExportTable, Memory, TableFinding
from rebel_tools.errors import RebelError
from rebel_tools.gate.evidence import required
from rebel_tools.gate.render import to_text
from rebel_tools.gate.table import verified_table
from rebel_tools.gate.verify import LibraryFacts, Policy, verify
from rebel_tools.interface.model import ExceptionType, Interface, Producer, Target

INT, LONG = t.Integer(4, True, "int"), t.Integer(8, True, "long")
ALSO_INT = t.Typedef("my_int", t.Qualified(t.Integer(4, True, "signed int"), "const"))
POINT = t.Ref("struct point")
LAYOUT = t.Record("struct", "point", 8, (t.Field("x", INT, 0), t.Field("y", INT, 4)))
TARGET = Target("x86_64", 8, "little", "linux")


def function(result=INT, *arguments, name="f", **kw):
    return t.Function(name, result, tuple(t.Parameter(None, kind) for kind in arguments), **kw)


def declarations(*symbols, types=(LAYOUT,), conflicts=()):
    functions = {s.name: s for s in symbols if isinstance(s, t.Function)}
    variables = {s.name: s for s in symbols if isinstance(s, t.Variable)}
    return t.Declarations(functions, variables, {t.key_of(d): d for d in types}, conflicts)


def table(*exports, format="ELF", machine="x86_64", bits=64, findings=()):
    exports = exports or (Export("f", kind="function", size=9),)
    return ExportTable("lib", format, machine, bits, "little", None, (), tuple(sorted(exports)), findings)


def check(promised, debug, *levels, exports=None, policy=None, target=TARGET, **interface):
    """The report on an interface of one declaration set against a library of another."""
    source = Interface(target, Producer("test", "1"), promised, **interface)
    policy = policy or Policy(required(levels or ("layout",)))
    return verify(source, LibraryFacts(exports or table(), debug), policy)


def rules(report):
    return [finding.rule for finding in report.findings]


def test_names_of_types_do_not_count():
    report = check(declarations(function(INT, INT)), declarations(function(ALSO_INT, ALSO_INT)))
    assert report.passed
    assert report.reached == ("name", "kind", "prototype", "layout")


@pytest.mark.parametrize(
    "ours, theirs, field",
    [
        (function(INT, INT), function(INT, LONG), "argument 1"),
        (function(INT), function(LONG), "result"),
        (function(t.Void()), function(INT), "result"),
        (function(INT, INT), function(INT), "argument 1"),
        (function(INT), function(INT, INT), "argument 1"),
        (function(INT, INT, varargs=True), function(INT, INT), "varargs"),
        (function(INT, t.Integer(4, False)), function(INT, INT), "argument 1"),
        (function(INT, t.Float(4)), function(INT, INT), "argument 1"),
        (function(INT, t.Pointer(INT, 8)), function(INT, t.Pointer(LONG, 8)), "argument 1"),
        (function(INT, t.Pointer(INT, 8)), function(INT, LONG), "argument 1"),
        (function(INT, t.Array(INT, 2)), function(INT, t.Array(INT, 3)), "argument 1"),
        (function(INT, t.Pointer(INT, 8)), function(INT, t.Pointer(INT, 8, "&")), "argument 1"),
        (function(INT, convention="stdcall"), function(INT, convention="fastcall"), "calling convention"),
        (
            function(INT, t.Pointer(t.FunctionType(INT, (INT,)), 8)),
            function(INT, t.Pointer(t.FunctionType(INT, (LONG,)), 8)),
            "argument 1",
        ),
    ],
)
def test_prototypes_that_differ(ours, theirs, field):
    report = check(declarations(ours), declarations(theirs), "name")
    assert [(f.rule, f.symbol, f.field) for f in report.findings] == [("wrong-prototype", "f", field)]


@pytest.mark.parametrize(
    "theirs, fields",
    [
        (replace(LAYOUT, size=12), ["size"]),
        (replace(LAYOUT, fields=LAYOUT.fields[:1]), ["y"]),
        (replace(LAYOUT, fields=(LAYOUT.fields[0], t.Field("y", t.Float(4), 4))), ["y"]),
        (replace(LAYOUT, fields=(LAYOUT.fields[0], t.Field("y", INT, 4, 3, 32))), ["y"]),
        (replace(LAYOUT, fields=(t.Field("y", INT, 0), t.Field("x", INT, 4))), ["x", "y"]),
        (replace(LAYOUT, size=12, fields=(*LAYOUT.fields, t.Field("z", INT, 8))), ["size", "z"]),
        (replace(LAYOUT, fields=(t.Field("X", t.Float(4), 0), t.Field("y", INT, 4))), ["x"]),
    ],
)
def test_layouts_that_differ(theirs, fields):
    promised = declarations(function(INT, t.Pointer(POINT, 8)))
    report = check(promised, declarations(function(INT, t.Pointer(POINT, 8)), types=(theirs,)), "name")
    assert [(f.rule, f.symbol, f.field) for f in report.findings] == [
        ("wrong-layout", "struct point", f) for f in fields
    ]
    assert report.findings[0].used_by == ("f",)


def test_a_second_translation_unit_with_another_layout_is_found():
    debug = declarations(function(INT, POINT), conflicts=(("struct point", replace(LAYOUT, size=12)),))
    assert rules(check(declarations(function(INT, POINT)), debug)) == ["wrong-layout"]


def test_an_opaque_record_of_the_interface_is_free():
    opaque = t.Record("struct", "point", None)
    promised = declarations(function(INT, t.Pointer(POINT, 8)), types=(opaque,))
    assert check(promised, declarations(function(INT, t.Pointer(POINT, 8)))).passed


def test_a_record_that_the_library_only_declares_is_not_proved():
    opaque = t.Record("struct", "point", None)
    debug = declarations(function(INT, t.Pointer(POINT, 8)), types=(opaque,))
    promised = declarations(function(INT, t.Pointer(POINT, 8)))
    assert rules(check(promised, debug, "layout")) == ["not-checked"]
    assert check(promised, debug, "prototype").passed


def test_records_that_lead_to_themselves():
    node = t.Record(
        "struct", "node", 16, (t.Field("next", t.Pointer(t.Ref("struct node"), 8), 0), t.Field("v", POINT, 8))
    )
    promised = declarations(function(INT, t.Pointer(t.Ref("struct node"), 8)), types=(node, LAYOUT))
    assert check(promised, promised).passed
    broken = declarations(*promised.functions.values(), types=(node, replace(LAYOUT, size=12)))
    assert [f.symbol for f in check(promised, broken).findings] == ["struct point"]


@pytest.mark.parametrize("kind", [t.Unknown("no reason"), t.Pointer(t.Unknown("no reason"), 8)])
def test_an_unknown_type_is_never_proved(kind):
    same = declarations(function(kind))
    assert rules(check(same, same, "prototype")) == ["not-checked"]
    report = check(same, same, "kind")
    assert report.passed
    assert report.reached == ("name", "kind")


def test_enumerations():
    colour = t.Enum("colour", INT, (("RED", 1), ("GREEN", 2)))
    promised = declarations(function(t.Ref("enum colour")), types=(colour,))

    def against(definition):
        return check(promised, declarations(function(t.Ref("enum colour")), types=(definition,)))

    assert against(replace(colour, values=(*colour.values, ("BLUE", 3)))).passed
    assert rules(against(replace(colour, values=(("RED", 1), ("GREEN", 3))))) == ["wrong-layout"]
    assert rules(against(replace(colour, underlying=LONG))) == ["wrong-layout"]
    assert check(promised, declarations(function(INT)), "prototype").passed


@pytest.mark.parametrize(
    "export, expected",
    [
        (Export("f", kind="ifunc"), []),
        (Export("f", kind="object"), ["wrong-kind"]),
        (Export("f", kind="tls"), ["wrong-kind"]),
        (Export("f", kind="unknown"), ["not-checked"]),
        (Export("g", kind="function"), ["missing-symbol"]),
    ],
)
def test_kinds_of_functions(export, expected):
    assert rules(check(declarations(function()), None, "kind", exports=table(export))) == expected


def test_constants_of_an_enumeration_without_a_tag():
    def promised(*values):
        colour = t.Enum("colour", INT, tuple((name, n) for n, name in enumerate(values)), tagged=False)
        kind = t.Typedef("colour", t.Ref("typedef colour"))
        return declarations(function(kind), types=(colour,))

    assert check(promised("RED", "GREEN"), promised("RED", "GREEN", "BLUE")).passed
    report = check(promised("RED", "GREEN"), promised("GREEN", "RED"))
    assert [(f.rule, f.symbol, f.field) for f in report.findings] == [
        ("wrong-layout", "colour", "RED"),
        ("wrong-layout", "colour", "GREEN"),
    ]


def test_what_an_interface_promises_may_not_grow():
    longer = replace(LAYOUT, size=12, fields=(*LAYOUT.fields, t.Field("z", INT, 8)))
    promised = declarations(function(INT, t.Pointer(POINT, 8)))
    report = check(promised, declarations(*promised.functions.values(), types=(longer,)))
    assert [(f.rule, f.level, f.field) for f in report.findings] == [
        ("wrong-layout", "break", "size"),
        ("wrong-layout", "break", "z"),
    ]


def test_harmless_differences_are_told_and_pass():
    renamed = replace(LAYOUT, fields=(t.Field("x", INT, 0), t.Field("why", INT, 4)))
    promised = declarations(function(INT, t.Pointer(POINT, 8)))
    report = check(promised, declarations(*promised.functions.values(), types=(renamed,)))
    assert [(f.rule, f.level, f.field) for f in report.findings] == [("difference", "note", "y")]
    assert report.passed
    assert "layout" in report.reached


@pytest.mark.parametrize("writable, expected", [(True, ["wrong-memory"]), (False, []), (None, [])])
def test_data_in_read_only_memory(writable, expected):
    export = Export("v", kind="object", size=4, address=0x2000)
    exports = replace(table(export), memory=(Memory(0x1000, 0x3000, False),))
    promised = declarations(t.Variable("v", INT, writable=writable))
    assert rules(check(promised, None, "kind", exports=exports)) == expected


@pytest.mark.parametrize(
    "export, expected",
    [
        (Export("v", kind="object", size=4), []),
        (Export("v", kind="object", size=None), []),
        (Export("v", kind="object", size=8), ["wrong-size"]),
        (Export("v", kind="function", size=4), ["wrong-kind"]),
        (Export("v", kind="tls", size=4), ["wrong-kind"]),
    ],
)
def test_kinds_and_sizes_of_data(export, expected):
    assert rules(check(declarations(t.Variable("v", INT)), None, "kind", exports=table(export))) == expected


WINDOWS = Target("i386", 4, "little", "windows")


@pytest.mark.parametrize(
    "name, convention, expected",
    [
        ("f@4", "stdcall", []),
        ("_f@4", "stdcall", []),
        ("@f@4", "fastcall", []),
        ("f", "stdcall", []),
        ("f@8", "stdcall", ["arguments"]),
        ("f@4", None, ["calling convention"]),
        ("@f@4", "stdcall", ["calling convention"]),
    ],
)
def test_decorated_names_of_32_bit_windows(name, convention, expected):
    exports = table(Export(name, kind="function"), format="PE", machine="i386", bits=32)
    report = check(
        declarations(function(INT, INT, convention=convention)), None, "kind", exports=exports, target=WINDOWS
    )
    assert [f.field for f in report.findings] == expected


def test_the_platform_is_checked():
    report = check(declarations(function()), None, "name", exports=table(Export("f"), machine="i386", bits=32))
    assert [f.field for f in report.findings] == ["machine", "pointer size"]


def test_a_library_that_contradicts_itself_does_not_pass():
    exports = table(findings=(TableFinding("sections-disagree", ".dynsym ends early"),))
    assert rules(check(declarations(function()), None, "name", exports=exports)) == ["inconsistent-library"]


def test_the_type_information_of_exceptions_must_be_exported():
    exceptions = {"CoreError": ExceptionType("CoreError", symbol="_ZTI9CoreError")}
    report = check(declarations(function(raises=("CoreError",))), None, "name", exceptions=exceptions)
    assert [f.symbol for f in report.findings] == ["_ZTI9CoreError"]


def test_an_empty_library_does_not_pass():
    exports = table(Export("other", kind="function"))
    assert rules(check(declarations(function()), None, "name", exports=exports)) == ["missing-symbol"]


def test_evidence_words():
    assert required("prototype") == ("name", "kind", "prototype")
    assert required("layout, contents") == ("name", "kind", "prototype", "layout", "contents")
    assert required(["contents"]) == ("name", "contents")
    with pytest.raises(RebelError, match="certain"):
        required("certain")


def test_only_a_library_that_passed_gets_a_table():
    report = check(declarations(function()), None, "prototype")
    assert "not-checked" in to_text(report)
    with pytest.raises(ValueError, match="keeps its interface"):
        verified_table(report, table())


def test_the_table_does_not_change_with_the_implementation():
    promised = declarations(function())
    one = table(Export("f", kind="function", size=9, address=0x1000))
    two = table(Export("f", kind="function", size=99, address=0x2000), Export("private", kind="function"))
    texts = {verified_table(check(promised, promised, exports=exports), exports) for exports in (one, two)}
    assert len(texts) == 1


def test_other_languages_write_void_pointers_for_any_pointer():
    promised = declarations(function(t.Pointer(t.Void(), 8)))
    debug = declarations(function(t.Pointer(POINT, 8)))
    assert check(promised, debug, language="rpython").passed
    assert rules(check(promised, debug, language="c")) == ["wrong-prototype"]
    assert rules(check(promised, declarations(function(LONG)), language="rpython")) == ["wrong-prototype"]
