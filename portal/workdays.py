"""Working days of mainland China, make-up days (调休) included.

The days come from the maintained ``chinesecalendar`` package. Beyond the years it
knows, Monday to Friday count, because the State Council announces a year only shortly
before it begins.
"""

from bisect import bisect_right
from datetime import date, timedelta
from functools import lru_cache

import chinese_calendar

_FIRST, _LAST = date(2004, 1, 1), date(2040, 12, 31)


def is_workday(day: date) -> bool:
    """Return whether ``day`` is a working day in mainland China."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5


@lru_cache(maxsize=1)
def _workdays() -> list[int]:
    """All working days of the supported span as ordinals, computed once."""
    days = (_LAST - _FIRST).days + 1
    return [
        (_FIRST + timedelta(days=step)).toordinal()
        for step in range(days)
        if is_workday(_FIRST + timedelta(days=step))
    ]


def knows_year(year: int) -> bool:
    """Return whether the package has the State Council's holidays and make-up days of ``year``."""
    try:
        chinese_calendar.is_workday(date(year, 12, 31))
    except NotImplementedError:
        return False
    return True


def workdays_between(since: date, until: date) -> int:
    """Return how many working days lie after ``since`` up to and including ``until``.

    Zero when ``until`` is not later. Something that arrived today has waited 0 days.
    """
    if until <= since:
        return 0
    days = _workdays()
    return bisect_right(days, until.toordinal()) - bisect_right(days, since.toordinal())


def add_workdays(day: date, count: int) -> date:
    """Return the ``count``-th working day after ``day`` (``count`` ≥ 0)."""
    if count <= 0:
        return day
    days = _workdays()
    return date.fromordinal(days[bisect_right(days, day.toordinal()) + count - 1])
