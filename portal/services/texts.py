"""Words that a step demands: a reason, a statement, a reply."""

from portal.errors import Rejected


def demand(text: str, field: str, sentence: str, limit: int | None = None) -> str:
    """Return ``text`` trimmed, at most ``limit`` characters long where one is given.

    Raises Rejected beside ``field``: with ``sentence`` when there is nothing, else with the limit.
    """
    text = text.strip()
    if not text:
        raise Rejected({field: sentence})
    if limit is not None and len(text) > limit:
        raise Rejected({field: f"最多 {limit} 个字，现有 {len(text)} 个字。"})
    return text
