"""帮扶协议 with its annexes as facts (domain-facts §12.1)."""

from dataclasses import dataclass
from typing import Annotated, Any

from portal import clock, reference_data
from portal.models import Agreement, AgreementRevision, AgreementState, AnnexKind, Side
from portal.policies.agreement_text import articles
from portal.queries.agreement_page import annexes_of
from portal.queries.papers.common import (
    BOTH_SIDES,
    Paper,
    Signature,
    paper_of,
    signature_on,
    term_of,
)
from portal.queries.papers.tables import Table, table_of
from portal.queries.papers.telling import Told, paragraphs

SKELETON = "agreement_clauses"
COLUMNS_UPRIGHT = 6
"""A table of more columns is printed across."""
PARTIES = [{}, {"label": "乙方（受援方）", "name": "文昌某医院"}]


@dataclass(frozen=True)
class Party:
    """One of the two that agree."""

    label: Annotated[str, Told("甲方或乙方", "甲方（帮扶方）")]
    name: Annotated[str, Told("单位全称", "海口某医院")]


@dataclass(frozen=True)
class Clause:
    """One article."""

    label: Annotated[str, Told("条次", "第一条")]
    title: Annotated[str, Told("条名", "依据与目的")]
    paragraphs: Annotated[list[str], Told("条文，每段一项", ["双方协商一致，签订本协议。"])]


@dataclass(frozen=True)
class Annex:
    """One annex."""

    number: Annotated[str, Told("序号", "1")]
    title: Annotated[str, Told("附件名称", "三年帮扶工作计划")]
    is_wide: Annotated[bool, Told("表格是否需要横排", False)]
    paragraphs: Annotated[list[str], Told("文字，每段一项", ["附件文字。"])]
    tables: Annotated[list[Table], Told("表格（没有或一张）", 1)]


@dataclass(frozen=True)
class AgreementPaper(Paper):
    """帮扶协议."""

    heading: Annotated[str, Told("协议名称", "全科培训基地结对帮扶协议")]
    kind: Annotated[str, Told("协议种类", "帮扶协议")]
    number: Annotated[str, Told("备案号，未备案时为空", "琼全科帮扶备〔2020〕1号")]
    state: Annotated[str, Told("状态", "已备案")]
    revision: Annotated[str, Told("稿次", "1")]
    is_draft: Annotated[bool, Told("是否仍在起草", False)]
    term: Annotated[str, Told("协议期限", "2020年5月22日至2023年5月21日")]
    parties: Annotated[list[Party], Told("甲乙双方", PARTIES)]
    clauses: Annotated[list[Clause], Told("各条", [{}, {"label": "第二条", "title": "帮扶期限"}])]
    signatures: Annotated[list[Signature], Told("双方签署", BOTH_SIDES)]
    annexes: Annotated[list[Annex], Told("附件", [{}, {"number": "2", "title": "任务清单"}])]


def agreement_paper(agreement: Agreement) -> AgreementPaper:
    """Return the facts of the agreement's current text; the caller has loaded it in scope."""
    pairing, revision = agreement.pairing, agreement.current
    skeleton = reference_data.load(SKELETON)
    names = (revision.party(Side.SUPPORTING), revision.party(Side.SUPPORTED))
    title = f"{'、'.join(names)}{skeleton['title']}"
    return AgreementPaper(
        **paper_of(pairing, title, _day_of(revision), names=names),
        heading=skeleton["title"],
        kind=agreement.kind.label,
        number=agreement.filing_number or "",
        state=agreement.state.label,
        revision=str(revision.number),
        is_draft=agreement.state in (AgreementState.DRAFT, AgreementState.RETURNED),
        term=term_of(revision.starts_on, revision.ends_on),
        parties=[
            Party(label=skeleton["party_a"], name=names[0]),
            Party(label=skeleton["party_b"], name=names[1]),
        ],
        clauses=[
            Clause(label=one.label, title=one.clause.title, paragraphs=paragraphs(one.clause.body))
            for one in articles(revision.clauses)
        ],
        signatures=[
            signature_on(pairing, side, revision.signature_of(side), revision.party(side))
            for side in Side
        ],
        annexes=_annexes(agreement),
    )


def _day_of(revision: AgreementRevision) -> Any:
    """The day of the last signature, else the day the text was begun."""
    signed = [mark.signed_at for mark in revision.signatures]
    return clock.local_date(max(signed) if signed else revision.created_at)


def _annexes(agreement: Agreement) -> list[Annex]:
    """Return the annexes: as kept for signing, of a draft as they read today, else bare titles."""
    found = annexes_of(agreement, agreement.current)
    kinds = enumerate(AnnexKind, 1)
    return [_annex(number, kind.label, found.get(kind, {})) for number, kind in kinds]


def _annex(number: int, title: str, content: dict[str, Any]) -> Annex:
    tables = _tables_of(content)
    return Annex(
        number=str(number),
        title=title,
        is_wide=any(len(one.columns) > COLUMNS_UPRIGHT for one in tables),
        paragraphs=_text_of(content),
        tables=tables,
    )


def _text_of(content: dict[str, Any]) -> list[str]:
    said = content.get("text") or []
    lines = said if isinstance(said, list) else [said]
    return [part for line in lines for part in paragraphs(str(line))]


def _tables_of(content: dict[str, Any]) -> list[Table]:
    columns = content.get("columns") or []
    return [table_of(columns, content.get("rows") or [])] if columns else []
