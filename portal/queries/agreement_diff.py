"""What changed between two revisions of an agreement, clause by clause and word by word."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

from portal.models import AgreementRevision, AnnexKind, LabelledEnum
from portal.policies.agreement_text import articles
from portal.policies.agreement_words import chinese_date
from portal.policies.annexes import Content
from portal.queries.text_diff import Piece, compare_texts

Contents = Mapping[AnnexKind, Content]


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


@dataclass(frozen=True)
class RowChange:
    """One line or row of an annex in both revisions; empty where one does not have it."""

    before: list[Piece]
    after: list[Piece]


@dataclass(frozen=True)
class AnnexChange:
    """One annex in both revisions, with the rows that differ."""

    kind: AnnexKind
    rows: list[RowChange]


def compare_annexes(before: Contents, after: Contents) -> list[AnnexChange]:
    """Return the annexes that differ, each with its differing rows, word by word."""
    found = []
    for kind in AnnexKind:
        rows = _row_changes(_lines(before.get(kind)), _lines(after.get(kind)))
        if rows:
            found.append(AnnexChange(kind, rows))
    return found


def _row_changes(old: list[str], new: list[str]) -> list[RowChange]:
    """Pair the rows that took each other's place; the others were added or removed."""
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    found = []
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        if kind == "equal":
            continue
        for left, right in zip_longest(old[i1:i2], new[j1:j2], fillvalue=""):
            found.append(RowChange(*compare_texts(left, right)))
    return found


def _lines(content: Content | None) -> list[str]:
    """Return an annex as lines: its text, then one line for each row."""
    if content is None:
        return []
    return [*content["text"], *(" ｜ ".join(row) for row in content["rows"])]


def _texts(revision: AgreementRevision) -> dict[str, tuple[str, str]]:
    """Return title and text of the term and of every clause that says something, by key."""
    term = f"自{chinese_date(revision.starts_on)}起至{chinese_date(revision.ends_on)}止"
    texts = {"": ("协议期限", term)}
    for article in articles(revision.clauses):
        texts[article.clause.key] = (article.name, article.clause.body)
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
