"""Words that agreements, annexes and receipts share: dates and numbers as papers write them."""

from datetime import date

_DIGITS = "零一二三四五六七八九"


def chinese_date(day: date) -> str:
    """Return ``day`` as the agreement writes it: 2020年5月22日."""
    return f"{day.year}年{day.month}月{day.day}日"


def chinese_number(number: int) -> str:
    """Return 一 … 九十九 for ``number`` from 1 to 99."""
    tens, ones = divmod(number, 10)
    text = ("" if tens < 2 else _DIGITS[tens]) + ("十" if tens else "")
    return f"{text}{_DIGITS[ones] if ones else ''}"
