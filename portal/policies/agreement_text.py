"""How the text of an agreement is made and numbered (domain-facts §12.1)."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from portal import reference_data
from portal.models import AgreementClause, ClauseBlock
from portal.policies.agreement_words import chinese_date, chinese_number

UNDECIDED = "（待定）"
"""Stands in a fresh draft where a fact is not known yet; must be gone before signing."""

HAND_BLANK = "＿"
"""Stands where the two sides fill something in, in the text or by hand on paper."""

TERM_KEY = "term_and_goals"
TERM_KEYS = frozenset({TERM_KEY, "effect_copies_filing"})
"""The clauses that name the first or last day."""
PARTIES_KEY = "parties"
"""The head of the agreement: who signs it. It is no article and has no number."""
_TASK_COUNT = re.compile(r"共(\d+)项")


@dataclass(frozen=True)
class Article:
    """A clause with its place in the agreement as people cite it."""

    label: str
    clause: AgreementClause

    @property
    def name(self) -> str:
        """How it is cited with its title: 第三条 组织机构与沟通报告."""
        return f"{self.label} {self.clause.title}".strip()


def with_blanks(clauses: Iterable[AgreementClause]) -> list[Article]:
    """Return the articles in which something is still to be filled in (＿＿＿)."""
    return [one for one in articles(clauses) if HAND_BLANK in one.clause.body]


def article_label(number: int) -> str:
    """Return 第一条 … 第九十九条 for ``number`` from 1 to 99."""
    return f"第{chinese_number(number)}条"


def articles(clauses: Iterable[AgreementClause]) -> list[Article]:
    """Return the clauses that say something, numbered; an emptied clause is no article.

    The head that names the parties comes first and bears no number.
    """
    spoken = [clause for clause in clauses if clause.body.strip()]
    heads = [clause for clause in spoken if clause.key == PARTIES_KEY]
    numbered = [clause for clause in spoken if clause.key != PARTIES_KEY]
    return [
        *(Article("", clause) for clause in heads),
        *(Article(article_label(n), clause) for n, clause in enumerate(numbered, 1)),
    ]


def required_keys() -> frozenset[str]:
    """Return the keys of the clauses that may be reworded but not left out (H-35)."""
    clauses = reference_data.load("agreement_clauses")["clause"]
    return frozenset(clause["key"] for clause in clauses if clause["required"])


def draft_clauses(facts: Mapping[str, str]) -> list[AgreementClause]:
    """Return the clauses of the shipped skeleton with ``facts`` put in, in order.

    Raises KeyError when a placeholder of the skeleton is not among the facts.
    """
    return [
        AgreementClause(
            position=position,
            key=clause["key"],
            title=clause["title"],
            block=ClauseBlock(clause["block"]),
            body=clause["body"].format_map(facts),
        )
        for position, clause in enumerate(reference_data.load("agreement_clauses")["clause"], 1)
    ]


@dataclass(frozen=True)
class Remark:
    """What the centre asks to have changed in one clause or annex, named by its title."""

    clause: str
    text: str
    key: str = ""


def compose_reason(general: str, remarks: Sequence[Remark]) -> str:
    """Return the one text that a return says: the reason, then each clause with its remark."""
    lines = [general.strip(), *(f"【{one.clause}】{one.text.strip()}" for one in remarks)]
    return "\n".join(line for line in lines if line)


def fingerprint(body: str) -> str:
    """Return a short name of a clause's text: whoever saves says which text they saw."""
    return hashlib.sha256(body.encode("utf-8")).hexdigest()[:16]


def text_gaps(
    clauses: Sequence[AgreementClause], starts_on: date, ends_on: date, task_count: int
) -> list[str]:
    """Return a sentence for each place where the text contradicts the facts beside it.

    A clause that the two sides worded in their own way is not judged.
    """
    gaps = [
        f"“{clause.title}”条款中还有{UNDECIDED}，请补充完整"
        for clause in clauses
        if UNDECIDED in clause.body
    ]
    for clause in clauses:
        if clause.key == TERM_KEY and clause.body.strip():
            dates = (chinese_date(starts_on), chinese_date(ends_on))
            if any(day not in clause.body for day in dates):
                gaps.append(f"“{clause.title}”条款中的起止日期与协议期限不一致")
        stated = _TASK_COUNT.search(clause.body) if clause.block is ClauseBlock.TASKS else None
        if stated and task_count and int(stated[1]) != task_count:
            gaps.append(f"“{clause.title}”条款写明共{stated[1]}项，任务清单现有{task_count}项")
    return gaps
