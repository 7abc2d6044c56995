"""备案回执 as facts: what the centre writes when it has filed an agreement (domain-facts §12.2)."""

from dataclasses import dataclass
from typing import Annotated

from portal import clock
from portal.models import Agreement, AgreementRevision, Area, Side
from portal.policies.agreement_checks import Verdict, filing_check
from portal.policies.agreements import filing_deadline, late_of
from portal.queries.papers.common import Paper, day_of, paper_of, term_of
from portal.queries.papers.telling import Told
from portal.workflow.annexes import kept_annexes

HELD_AT_SUBMISSION = slice(4, 7)
"""Plan, task list and group: an agreement is not submitted without them, whatever became since."""


@dataclass(frozen=True)
class CheckedPoint:
    """One of the twelve points of the filing check."""

    number: Annotated[str, Told("序号", "1")]
    label: Annotated[str, Told("审查事项", "双方名称与结对表一致")]
    verdict: Annotated[str, Told("结论", "符合")]
    note: Annotated[str, Told("说明", "")]


TWELVE = [{"number": str(number)} for number in range(1, 13)]


@dataclass(frozen=True)
class Submission:
    """One text that was sent in."""

    number: Annotated[str, Told("稿次", "第1稿")]
    submitted: Annotated[str, Told("报送日期", "2020年5月19日")]
    result: Annotated[str, Told("结果", "2020年5月20日准予备案")]


@dataclass(frozen=True)
class ReceiptPaper(Paper):
    """备案回执."""

    centre: Annotated[str, Told("备案机关全称", "省医学学术交流管理中心")]
    number: Annotated[str, Told("备案号", "琼全科帮扶备〔2020〕1号")]
    kind: Annotated[str, Told("协议种类", "帮扶协议")]
    term: Annotated[str, Told("协议期限", "2020年5月22日至2023年5月21日")]
    signed: Annotated[str, Told("双方签署（每行一方）", "帮扶方 王某某，2020年5月18日")]
    received: Annotated[str, Told("收到日期", "2020年5月19日")]
    deadline: Annotated[str, Told("报送期限", "2020年5月22日")]
    timeliness: Annotated[str, Told("是否按期", "按期报送")]
    reviewer: Annotated[str, Told("审核人", "赵某某")]
    text_hash: Annotated[str, Told("协议文本校验值（SHA-256），没有时为空", "3b1e" * 16)]
    scan_name: Annotated[str, Told("签署扫描件文件名", "帮扶协议（盖章）.pdf")]
    scan_hash: Annotated[str, Told("签署扫描件校验值（SHA-256）", "9f2c" * 16)]
    points: Annotated[list[CheckedPoint], Told("十二项审查", TWELVE)]
    submissions: Annotated[list[Submission], Told("报送经过", 1)]


def receipt_paper(agreement: Agreement) -> ReceiptPaper:
    """Return the facts of a filed agreement's receipt; the caller has loaded it in scope."""
    pairing, revision = agreement.pairing, agreement.current
    late = late_of(agreement, clock.today())
    centre = agreement.filed_by.organisation_name if agreement.filed_by else ""
    filed = clock.local_date(agreement.filed_at) if agreement.filed_at else clock.today()
    names = (revision.party(Side.SUPPORTING), revision.party(Side.SUPPORTED))
    title = f"{'帮扶'.join(names)}协议备案回执"
    return ReceiptPaper(
        **paper_of(pairing, title, filed, author=centre, names=names),
        centre=centre,
        number=agreement.filing_number or "",
        kind=agreement.kind.label,
        term=term_of(revision.starts_on, revision.ends_on),
        signed="\n".join(_signed(revision)),
        received=day_of(agreement.first_submitted_at),
        deadline=day_of(filing_deadline(agreement)),
        timeliness=f"逾期报送{late}天" if late else "按期报送",
        reviewer=agreement.filed_by.name if agreement.filed_by else "",
        text_hash=revision.sha256,
        scan_name=revision.scan.name if revision.scan else "",
        scan_hash=revision.scan.sha256 if revision.scan else "",
        points=_points(agreement, late),
        submissions=[_submission(agreement, one) for one in agreement.revisions],
    )


def _signed(revision: AgreementRevision) -> list[str]:
    marks = [(side, revision.signature_of(side)) for side in Side]
    return [
        f"{side.label} {mark.shown_name}，{day_of(mark.signed_at)}" for side, mark in marks if mark
    ]


def _points(agreement: Agreement, late: int) -> list[CheckedPoint]:
    """Return the check as it held at the filing.

    What the text itself shows is judged again; what changes with the pairing held when it was
    submitted; what only a person can see was looked at by the reviewer.
    """
    points = filing_check(
        agreement,
        agreement.current,
        annexes=kept_annexes(agreement.current),
        plan=None,
        task_areas=list(Area),
        group_gaps=[],
        late=late,
        scan_intact=None,
    )
    held = points[HELD_AT_SUBMISSION]
    return [
        CheckedPoint(
            number=str(number),
            label=one.label,
            verdict="符合" if one in held else _said(one.verdict),
            note="" if one in held or one.verdict is not Verdict.FAIL else one.note,
        )
        for number, one in enumerate(points, 1)
    ]


def _said(verdict: Verdict) -> str:
    return "经核对符合" if verdict is Verdict.LOOK else verdict.label


def _submission(agreement: Agreement, revision: AgreementRevision) -> Submission:
    if revision.returned_at:
        result = f"{day_of(revision.returned_at)}退回：{revision.return_reason}"
    elif revision.withdrawn_at:
        result = f"{day_of(revision.withdrawn_at)}撤回：{revision.withdrawn_reason}"
    else:
        result = f"{day_of(agreement.filed_at)}准予备案"
    return Submission(
        number=f"第{revision.number}稿", submitted=day_of(revision.submitted_at), result=result
    )
