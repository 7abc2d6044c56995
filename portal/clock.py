"""The portal's clock: UTC moments, and the calendar day in Shanghai.

A demonstration runs at a shifted date, so that the programme of 2020 can be looked at
while it runs. Production refuses the shift (see config.py).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")

_offset = timedelta()
_standing: datetime | None = None


def set_offset(days: int) -> None:
    """Shift the clock by ``days`` (negative = into the past). For demonstrations only."""
    global _offset
    _offset = timedelta(days=days)


def offset_days() -> int:
    """Return by how many days the clock is shifted."""
    return _offset.days


@contextmanager
def at(day: date, hour: int = 9, minute: int = 0) -> Iterator[None]:
    """Let the clock stand at a moment of Shanghai's clock. Only for building demonstrations."""
    global _standing
    before = _standing
    _standing = datetime.combine(day, time(hour, minute), SHANGHAI).astimezone(UTC)
    try:
        yield
    finally:
        _standing = before


def now() -> datetime:
    """Return the present moment as aware UTC."""
    return _standing or datetime.now(UTC) + _offset


def machine() -> datetime:
    """Return the machine's own moment as aware UTC: its files are dated by it, phones show it."""
    return datetime.now(UTC)


def today() -> date:
    """Return the present calendar day in Shanghai."""
    return now().astimezone(SHANGHAI).date()


def local(moment: datetime) -> datetime:
    """Return ``moment`` on Shanghai's clock, as the screen shows it."""
    return moment.astimezone(SHANGHAI)


def local_date(moment: datetime) -> date:
    """Return the Shanghai calendar day of ``moment``."""
    return local(moment).date()


def add_months(day: date, months: int) -> date:
    """Return ``day`` moved by whole months; a day the month lacks becomes its last."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, min(day.day, last))
        except ValueError:
            continue
    raise ValueError(f"no such month: {months} after {day}")
