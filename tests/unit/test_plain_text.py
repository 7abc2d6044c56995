"""Pasted control characters: taken out of what is typed, and never written into a file."""

from io import BytesIO

import pytest
from openpyxl import load_workbook

from portal.documents.spreadsheet import write_sheet
from portal.plain_text import all_printable, printable
from portal.policies.field_text import cleaned
from portal.web.forms import trimmed


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("甲\x0b乙", "甲 乙"),
        ("甲\x00\x01\x1f乙", "甲乙"),
        ("甲\t乙\n丙", "甲\t乙\n丙"),
        ("甲\ufffe", "甲"),
    ],
)
def test_control_characters_are_taken_out_of_what_is_typed(typed: str, kept: str) -> None:
    assert printable(typed) == trimmed(typed) == cleaned(typed) == kept


def test_facts_of_a_paper_are_cleaned_at_every_depth() -> None:
    facts = {"a": ["甲\x0b乙", {"b": "丙\x02", "c": True}], "d": None}
    assert all_printable(facts) == {"a": ["甲 乙", {"b": "丙", "c": True}], "d": None}


def test_workbook_is_written_whatever_was_stored() -> None:
    made = write_sheet("测试", [("列", 10)], [["甲\x0b乙"], ["=1\x01"]])
    rows = list(load_workbook(BytesIO(made.read())).active.iter_rows(values_only=True))
    assert rows[1:] == [("甲 乙",), ("=1",)]
