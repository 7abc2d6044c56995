"""When the next meeting is due, how long minutes may take, and other rules without a database."""

from datetime import date

import pytest

from portal.blueprints.meetings.minutes import chinese_number
from portal.models import Programme
from portal.policies.meeting_kinds import DEFAULT_KIND, is_standing_line, meeting_kinds
from portal.policies.meetings import (
    MeetingStatus,
    meeting_days,
    meeting_due_on,
    minutes_due_on,
    status_on,
)
from portal.services.minutes import task_title


@pytest.mark.parametrize(
    ("last_held_on", "start", "months", "expected"),
    [
        # Never held: the interval runs from the start.
        (None, date(2020, 5, 22), 3, date(2020, 8, 22)),
        (None, date(2020, 5, 22), 1, date(2020, 6, 22)),
        (None, date(2020, 5, 22), 12, date(2021, 5, 22)),
        # A meeting before the start (the kick-off) does not shorten the first interval.
        (date(2020, 4, 28), date(2020, 5, 22), 3, date(2020, 8, 22)),
        (date(2020, 5, 22), date(2020, 5, 22), 3, date(2020, 8, 22)),
        (date(2020, 9, 1), date(2020, 5, 22), 3, date(2020, 12, 1)),
        # Over the year's end.
        (date(2020, 11, 15), date(2020, 5, 22), 3, date(2021, 2, 15)),
        # A day the month lacks becomes its last.
        (date(2020, 11, 30), date(2020, 5, 22), 3, date(2021, 2, 28)),
        (date(2019, 11, 30), date(2019, 5, 22), 3, date(2020, 2, 29)),
        (date(2020, 8, 31), date(2020, 5, 22), 3, date(2020, 11, 30)),
        (date(2020, 12, 31), date(2020, 5, 22), 2, date(2021, 2, 28)),
        (date(2021, 1, 31), date(2020, 5, 22), 1, date(2021, 2, 28)),
        # And from a short month back to a long one.
        (date(2021, 2, 28), date(2020, 5, 22), 1, date(2021, 3, 28)),
        (date(2020, 2, 29), date(2019, 5, 22), 12, date(2021, 2, 28)),
    ],
)
def test_next_meeting_is_due_an_interval_later(
    last_held_on: date | None, start: date, months: int, expected: date
) -> None:
    assert meeting_due_on(last_held_on, start, months) == expected


@pytest.mark.parametrize(
    ("today", "last_held_on", "ends_on", "expected"),
    [
        (date(2020, 8, 21), None, date(2023, 5, 21), (date(2020, 8, 22), 0)),
        # On the very day nothing is overdue yet.
        (date(2020, 8, 22), None, date(2023, 5, 21), (date(2020, 8, 22), 0)),
        (date(2020, 8, 23), None, date(2023, 5, 21), (date(2020, 8, 22), 1)),
        (date(2021, 3, 15), date(2020, 9, 1), date(2023, 5, 21), (date(2020, 12, 1), 104)),
        # Before the programme has begun.
        (date(2020, 1, 1), None, date(2023, 5, 21), (date(2020, 8, 22), 0)),
        # What would fall due after the end is not due at all.
        (date(2023, 9, 1), date(2023, 3, 1), date(2023, 5, 21), (None, 0)),
        # What fell due before the end stays overdue.
        (date(2023, 6, 1), date(2023, 1, 1), date(2023, 5, 21), (date(2023, 4, 1), 61)),
        (date(2023, 6, 1), date(2023, 2, 21), date(2023, 5, 21), (date(2023, 5, 21), 11)),
    ],
)
def test_pairing_is_overdue_from_the_day_after(
    today: date, last_held_on: date | None, ends_on: date, expected: tuple[date | None, int]
) -> None:
    status = status_on(
        today,
        last_held_on=last_held_on,
        start=date(2020, 5, 22),
        interval_months=3,
        ends_on=ends_on,
    )
    due_on, days = expected
    assert status == MeetingStatus(last_held_on, due_on, days)
    assert status.is_overdue is (days > 0)


@pytest.mark.parametrize(
    ("held_on", "expected"),
    [
        (date(2021, 3, 1), date(2021, 3, 15)),
        # A Saturday counts from the Monday after.
        (date(2021, 3, 6), date(2021, 3, 19)),
        # Over Spring Festival 2021 with its make-up days (7 and 20 February).
        (date(2021, 2, 5), date(2021, 2, 24)),
    ],
)
def test_minutes_have_ten_working_days(held_on: date, expected: date) -> None:
    assert minutes_due_on(held_on) == expected


@pytest.mark.parametrize(
    ("issued_on", "starts_on", "first"),
    [
        (date(2020, 4, 17), date(2020, 5, 22), date(2020, 4, 17)),
        (None, date(2020, 5, 22), date(2020, 5, 22)),
        (date(2020, 6, 1), date(2020, 5, 22), date(2020, 5, 22)),
    ],
)
def test_meetings_lie_between_the_notice_and_three_months_after_the_end(
    issued_on: date | None, starts_on: date, first: date
) -> None:
    programme = Programme(issued_on=issued_on, starts_on=starts_on, ends_on=date(2023, 5, 21))
    assert meeting_days(programme) == (first, date(2023, 8, 21))


def test_there_are_thirteen_kinds_and_four_count_as_leadership_meetings() -> None:
    kinds = meeting_kinds()
    assert len(kinds) == 13
    leading = {slug for slug, kind in kinds.items() if kind.of_leadership}
    assert leading == {"kick_off", "quarterly", "evaluation_preparation", "final_exit"}
    assert DEFAULT_KIND in leading
    assert all(kind.agenda for kind in kinds.values())


def test_only_a_default_line_is_a_standing_line() -> None:
    assert is_standing_line("部署下季度重点工作")
    assert not is_standing_line("研究门诊楼改造")


@pytest.mark.parametrize(
    ("body", "title"),
    [
        ("落实独立病房", "落实独立病房"),
        ("落实独立病房\n并配齐床位", "落实独立病房 并配齐床位"),
        ("长" * 100, "长" * 100),
        ("长" * 101, "长" * 99 + "…"),
    ],
)
def test_resolution_gives_its_task_a_title_of_one_line(body: str, title: str) -> None:
    assert task_title(body) == title
    assert len(task_title(body)) <= 100


@pytest.mark.parametrize(
    ("number", "words"),
    [(1, "一"), (9, "九"), (10, "十"), (11, "十一"), (20, "二十"), (42, "四十二"), (99, "九十九")],
)
def test_points_are_counted_in_chinese(number: int, words: str) -> None:
    assert chinese_number(number) == words
