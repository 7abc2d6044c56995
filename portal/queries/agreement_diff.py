"""What changed between two revisions of an agreement, clause by clause and word by word."""

from dataclasses import dataclass

from portal.models import AgreementRevision, LabelledEnum
from portal.policies.agreement_text import articles, chinese_date
from portal.queries.text_diff import Piece, compare_texts


class Change(LabelledEnum):
    """What happened to a clause since the revision before."""

    SAME = "same", "未改动", "neutral"
    CHANGED = "changed", "有改动", "warning"
    ADDED = "added", "新增", "success"
    REMOVED = "removed", "删除", "danger"


@dataclass(frozen=True)
class ClauseChange:
    """One clause in both revisions."""

    key: str
    title: str
    change: Change
    before: list[Piece]
    after: list[Piece]


def compare_revisions(before: AgreementRevision, after: AgreementRevision) -> list[ClauseChange]:
    """Return the term and every clause of either revision, in the order of the later one."""
    old, new = _texts(before), _texts(after)
    keys = list(new) + [key for key in old if key not in new]
    return [_compare(key, old.get(key), new.get(key)) for key in keys]


def _texts(revision: AgreementRevision) -> dict[str, tuple[str, str]]:
    """Return title and text of the term and of every clause that says something, by key."""
    term = f"自{chinese_date(revision.starts_on)}起至{chinese_date(revision.ends_on)}止"
    texts = {"": ("协议期限", term)}
    for article in articles(revision.clauses):
        title = f"{article.label} {article.clause.title}"
        texts[article.clause.key] = (title, article.clause.body)
    return texts


def _compare(key: str, old: tuple[str, str] | None, new: tuple[str, str] | None) -> ClauseChange:
    if old and new:
        if old[1] == new[1]:
            return ClauseChange(key, new[0], Change.SAME, [Piece(old[1])], [Piece(new[1])])
        return ClauseChange(key, new[0], Change.CHANGED, *compare_texts(old[1], new[1]))
    if new:
        return ClauseChange(key, new[0], Change.ADDED, [], [Piece(new[1], marked=True)])
    title, text = old or ("", "")
    return ClauseChange(key, title, Change.REMOVED, [Piece(text, marked=True)], [])
