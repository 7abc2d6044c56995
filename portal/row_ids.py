"""Numbers that name rows, as they arrive from outside."""

LARGEST_ID = 2**31 - 1
"""What a database can be asked for; a larger number is nobody's id."""


def row_id(text: str | None) -> int | None:
    """Return the id that ``text`` carries, or None for anything that cannot be one.

    Only plain digits count: ``isdigit()`` alone takes '²', which int() refuses.
    """
    if not text or not text.isascii() or not text.isdigit() or len(text) > 10:
        return None
    number = int(text)
    return number if 0 < number <= LARGEST_ID else None
