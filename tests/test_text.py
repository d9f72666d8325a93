"""Text from outside on a terminal: what is escaped, what is kept, and where the caret of an error is."""

from __future__ import annotations

import pytest

from rebel_tools.errors import Place, RebelError
from rebel_tools.text import caret, columns, printable, quote, screened

ESCAPED = {
    "\x1b[2J": "\\x1b[2J",  # C0: clears a screen
    "a\0b": "a\\x00b",
    "a\nb\tc\r": "a\\nb\\tc\\r",
    "\x7f": "\\x7f",
    "\x9b31m": "\\u009b31m",  # C1: the CSI of eight-bit terminals
    "\u202eabc\u202c": "\\u202eabc\\u202c",
    "\u2066\u2069\u200f": "\\u2066\\u2069\\u200f",
    "\u2028\u2029\xa0\ufeff": "\\u2028\\u2029\\u00a0\\ufeff",
    "\ud800": "\\ud800",
    "\udcff.ml": "\\xff.ml",  # a byte of a file name
    "\U000e0041": "\\U000e0041",
}


@pytest.mark.parametrize("text, shown", ESCAPED.items(), ids=map(ascii, ESCAPED))
def test_what_a_terminal_must_not_get_is_escaped(text, shown):
    assert printable(text) == shown
    shown.encode("utf-8")


@pytest.mark.parametrize("text", ["", "src/Index.ml", "Zoë", "日本語", 'a "quoted" \\n', "Ψ-ω"])
def test_other_text_stays(text):
    assert printable(text) == text


def test_every_character_comes_out_printable():
    everything = "".join(map(chr, range(0x110000)))
    shown = printable(everything)
    assert shown.isprintable()
    assert printable("a\n\x1bb", keep="\n") == "a\n\\x1bb"


def test_an_error_escapes_each_of_its_parts():
    error = RebelError(
        "bad\nrebel: error: forged",
        place=Place("a\x1b[0m.ml", 2, 3),
        source="x\x07y",
        details=["\tat \x1b"],
        expected="\u202e",
        hint="\x9b",
    )
    assert str(error).split("\n") == [
        "a\\x1b[0m.ml:2:3: bad\\nrebel: error: forged",
        "  2 | x\\x07y",
        "    |      ^",
        "    \tat \\x1b",
        "  expected: \\u202e",
        "  hint: \\u009b",
    ]
    assert error.as_dict()["message"] == "bad\nrebel: error: forged"


def test_a_line_is_shown_only_with_a_column():
    assert str(RebelError("m", place=Place("a"), source="x")) == "a: m"
    assert str(RebelError("m", source="x")) == "m"


@pytest.mark.parametrize(
    "line, column, shown",
    [
        ('  "name": 5,', 11, ('  "name": 5,', "          ^")),
        ("\t\tx", 3, ("  x", "  ^")),
        ("", 1, ("", "^")),
        ("ab", 9, ("ab", "  ^")),  # the end of the file
        ("日本x", 3, ("日本x", "    ^")),
        ("e\u0301x", 3, ("e\u0301x", " ^")),
        ("\ufeffx", 2, ("\\ufeffx", "      ^")),
    ],
)
def test_the_caret_stands_below_its_column(line, column, shown):
    assert caret(line, column) == shown


def test_of_a_long_line_only_the_part_around_the_column_is_shown():
    line = "a" * 1_000_000 + "X" + "b" * 1_000_000
    shown, below = caret(line, 1_000_001)
    assert shown.startswith("...a") and shown.endswith("b...") and len(shown) < 100
    assert shown[below.index("^")] == "X"


def test_columns_of_wide_text():
    assert [columns(text) for text in ("ab", "é", "日本", "e\u0301")] == [2, 1, 4, 1]


def test_a_long_name_is_cut_in_a_sentence():
    assert quote("short") == '"short"'
    assert quote("a" * 5000) == '"' + "a" * 100 + '..." (5000 characters)'


def test_what_a_compiler_says_keeps_its_lines_and_colours():
    said = 'File "a.ml":\r\n1 | "\x1b[2J\u202e\u3000\u00e9"\n\t\x1b[1;31mError\x1b[0m\rX'
    assert screened(said) == 'File "a.ml":\r\n1 | "\\x1b[2J\\u202e\u3000\u00e9"\n\t\\x1b[1;31mError\\x1b[0m\\rX'
    assert screened(said, colours=True).endswith("\n\t\x1b[1;31mError\x1b[0m\\rX")
    assert "\\x1b[2J" in screened(said, colours=True)
    plain = "a compiler\tsays \u201cno\u201d\n"
    assert screened(plain) is plain
