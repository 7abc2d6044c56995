"""The hidden key of a row: what it tells, and that no change of it goes unnoticed."""

from datetime import date

import pytest

from portal.models import Area, SheetKind, Task
from portal.policies.sheet_columns import COLUMNS, cell_texts, key_of, mark_of, read_key


def a_task() -> Task:
    return Task(
        id=7,
        version=3,
        area=Area.TEACHING,
        title="规范教学查房",
        description="",
        measures="",
        criteria="平均得分不低于 80 分。",
        weight=3,
        year=2,
        starts_on=date(2020, 6, 1),
        due_on=date(2021, 5, 21),
        progress=40,
        supporting_person="",
        supported_person="符三",
    )


@pytest.mark.parametrize("kind", list(SheetKind))
def test_a_key_tells_the_task_and_which_cells_were_touched(kind: SheetKind) -> None:
    texts = cell_texts(kind, a_task())
    key = read_key(f" {key_of(kind, 7, 3, texts)} ")
    assert key is not None
    assert (key.kind, key.task_id, key.version) == (kind, 7, 3)
    assert [name for name, text in texts.items() if key.touched(name, text)] == []
    assert key.touched("title", "规范教学查房和讨论")


def test_space_and_line_ends_around_a_text_are_no_touch() -> None:
    assert mark_of("甲\n乙") == mark_of(" 甲 \r\n乙　\n")
    assert mark_of("甲\n乙") != mark_of("甲乙")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda key: key.replace("P7.", "P8."),
        lambda key: key.replace(".3.", ".4."),
        lambda key: "L" + key[1:],
        lambda key: key[:-1] + ("0" if key[-1] != "0" else "1"),
        lambda key: key[:20] + ("0" if key[20] != "0" else "1") + key[21:],
        lambda key: key.split(".")[0],
        lambda key: "7",
        lambda key: "",
        lambda key: "P99999999999.1..00000000",
    ],
)
def test_a_changed_key_is_none_of_ours(spoil: object) -> None:
    key = key_of(SheetKind.PLAN, 7, 3, cell_texts(SheetKind.PLAN, a_task()))
    assert callable(spoil)
    assert read_key(spoil(key)) is None


def test_no_two_columns_of_a_workbook_answer_to_one_heading() -> None:
    for columns in COLUMNS.values():
        for column in columns:
            for heading in (column.label, *column.aliases):
                assert [one.name for one in columns if one.means(heading)] == [column.name]
