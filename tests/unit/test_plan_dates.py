"""Relative months become dates: the table of what a standard task turns into."""

from datetime import date

import pytest

from portal.models import Area, LibraryTask, Recurrence
from portal.policies.recurrence import occurrences, year_of

FIRST, LAST = date(2020, 5, 22), date(2023, 5, 21)


def standard(due_months: int, recurrence: Recurrence) -> LibraryTask:
    return LibraryTask(
        code="A-08",
        title="医护联动",
        area=Area.DEPARTMENT,
        due_months=due_months,
        recurrence=recurrence,
    )


def found(
    due_months: int, recurrence: Recurrence, starts_on: date
) -> list[tuple[str, int, str, str]]:
    return [
        (one.code, one.year, one.starts_on.isoformat(), one.due_on.isoformat())
        for one in occurrences(
            standard(due_months, recurrence),
            starts_on=starts_on,
            plan_starts_on=FIRST,
            plan_ends_on=LAST,
        )
    ]


@pytest.mark.parametrize(
    ("months", "starts_on", "year", "begins", "due"),
    [
        (3, FIRST, 1, "2020-05-22", "2020-08-21"),
        (12, FIRST, 1, "2020-05-22", "2021-05-21"),
        (13, FIRST, 2, "2021-05-22", "2021-06-21"),
        (18, FIRST, 2, "2021-05-22", "2021-11-21"),
        (36, FIRST, 3, "2022-05-22", "2023-05-21"),
        # A later start moves every date, but nothing is due after the plan's end.
        (3, date(2020, 8, 1), 1, "2020-08-01", "2020-10-31"),
        (36, date(2020, 8, 1), 3, "2022-08-01", "2023-05-21"),
        (36, date(2022, 12, 1), 3, "2022-12-01", "2023-05-21"),
        (1, LAST, 3, "2023-05-21", "2023-05-21"),
        # The month that lacks the day ends on its last.
        (1, date(2021, 1, 31), 1, "2021-01-31", "2021-02-27"),
    ],
)
def test_single_task_falls_due_once(
    months: int, starts_on: date, year: int, begins: str, due: str
) -> None:
    assert found(months, Recurrence.ONCE, starts_on) == [("A-08", year, begins, due)]


@pytest.mark.parametrize(
    ("months", "starts_on", "expected"),
    [
        (
            12,
            FIRST,
            [
                ("A-08-1", 1, "2020-05-22", "2021-05-21"),
                ("A-08-2", 2, "2021-05-22", "2022-05-21"),
                ("A-08-3", 3, "2022-05-22", "2023-05-21"),
            ],
        ),
        (
            3,
            FIRST,
            [
                ("A-08-1", 1, "2020-05-22", "2020-08-21"),
                ("A-08-2", 2, "2021-05-22", "2021-08-21"),
                ("A-08-3", 3, "2022-05-22", "2022-08-21"),
            ],
        ),
        (
            12,
            date(2020, 8, 1),
            [
                ("A-08-1", 1, "2020-08-01", "2021-07-31"),
                ("A-08-2", 2, "2021-08-01", "2022-07-31"),
                ("A-08-3", 3, "2022-08-01", "2023-05-21"),
            ],
        ),
        (
            12,
            date(2022, 6, 1),
            [("A-08-1", 3, "2022-06-01", "2023-05-21")],
        ),
        (
            18,
            FIRST,
            [
                ("A-08-1", 2, "2021-05-22", "2021-11-21"),
                ("A-08-2", 3, "2022-05-22", "2022-11-21"),
            ],
        ),
    ],
)
def test_yearly_task_comes_once_in_every_year_that_is_left(
    months: int, starts_on: date, expected: list[tuple[str, int, str, str]]
) -> None:
    assert found(months, Recurrence.YEARLY, starts_on) == expected


def test_yearly_title_names_its_year() -> None:
    titles = [
        one.title
        for one in occurrences(
            standard(12, Recurrence.YEARLY),
            starts_on=FIRST,
            plan_starts_on=FIRST,
            plan_ends_on=LAST,
        )
    ]
    assert titles == ["医护联动（第1年）", "医护联动（第2年）", "医护联动（第3年）"]


@pytest.mark.parametrize(
    ("day", "year"),
    [
        (FIRST, 1),
        (date(2021, 5, 21), 1),
        (date(2021, 5, 22), 2),
        (date(2022, 5, 22), 3),
        (LAST, 3),
    ],
)
def test_year_begins_on_the_plans_own_day(day: date, year: int) -> None:
    assert year_of(day, FIRST) == year
