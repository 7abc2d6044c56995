"""What an agreement must hold: the six blocks, the term, and the filing check of 12 points."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from portal import clock
from portal.models import (
    Agreement,
    AgreementKind,
    AgreementRevision,
    AnnexKind,
    Area,
    ClauseBlock,
    LabelledEnum,
    Plan,
    PlanState,
    Programme,
    Side,
)
from portal.policies.agreement_text import PARTIES_KEY, with_blanks
from portal.policies.annexes import Content, is_empty
from portal.policies.annexes import task_areas as annex_areas

SIX_BLOCKS = (
    ClauseBlock.DUTIES_SUPPORTING,
    ClauseBlock.RIGHTS_SUPPORTING,
    ClauseBlock.OBLIGATIONS_SUPPORTING,
    ClauseBlock.DUTIES_SUPPORTED,
    ClauseBlock.RIGHTS_SUPPORTED,
    ClauseBlock.OBLIGATIONS_SUPPORTED,
)
"""双方的职责、权利与义务: what the notice demands by name (H-35)."""

DEMANDED_BLOCKS = (*SIX_BLOCKS, ClauseBlock.AREAS, ClauseBlock.PLAN, ClauseBlock.TASKS)
SETTLED_PLAN = frozenset({PlanState.AGREED, PlanState.IN_FORCE, PlanState.COMPLETED})


class Verdict(LabelledEnum):
    """What the computer can say about one point of the filing check."""

    PASS = "pass", "符合", "success"
    FAIL = "fail", "不符合", "danger"
    LOOK = "look", "请人工核对", "warning"
    UNRECORDED = "unrecorded", "备案时未登记", "neutral"

    @property
    def mark(self) -> str:
        """The sign that stands before the words."""
        return {"pass": "✓", "fail": "✗", "look": "○", "unrecorded": "–"}[self.value]


class ByEye(LabelledEnum):
    """The points that only the reviewer's eye can judge; both are ticked at the filing."""

    SEAL = "seal", "双方已加盖单位公章", "neutral"
    LEGIBLE = "legible", "扫描件清晰可读", "neutral"


HASH_POINT = "扫描件与登记的校验值一致"
"""The point that the portal judges by itself when the agreement is filed."""


@dataclass(frozen=True)
class Point:
    """One of the twelve points, with what it was judged by."""

    label: str
    verdict: Verdict
    note: str = ""


def empty_blocks(revision: AgreementRevision) -> list[ClauseBlock]:
    """Return the demanded blocks that no clause with text settles (H-35)."""
    settled = {clause.block for clause in revision.clauses if clause.body.strip()}
    return [block for block in DEMANDED_BLOCKS if block not in settled]


def term_matches(revision: AgreementRevision, programme: Programme) -> bool:
    """Whether the term is as many years as the programme (H-05); the last day may be either."""
    end = clock.add_months(revision.starts_on, 12 * len(programme.years))
    return end - timedelta(days=1) <= revision.ends_on <= end


def term_gap(agreement: Agreement, revision: AgreementRevision) -> str:
    """Return what is wrong with the term, as a sentence; empty where it is right.

    A renewal begins where the replaced agreement ends; an amendment keeps the replaced term,
    or takes the programme's.
    """
    old = agreement.replaces.current if agreement.replaces else None
    if old is not None and agreement.kind is AgreementKind.RENEWAL:
        first = old.ends_on + timedelta(days=1)
        right = revision.starts_on == first
        return "" if right else f"续签协议应自原协议期满次日（{first.isoformat()}）起"
    if old is not None and (old.starts_on, old.ends_on) == (revision.starts_on, revision.ends_on):
        return ""
    programme = agreement.pairing.programme
    if term_matches(revision, programme):
        return ""
    return f"协议期限应为{len(programme.years)}年，与帮扶周期一致"


def unnamed_areas(revision: AgreementRevision) -> list[Area]:
    """Return the areas that the clause on assistance does not name."""
    text = "".join(c.body for c in revision.clauses if c.block is ClauseBlock.AREAS)
    return [area for area in Area if area.label not in text]


def filing_check(
    agreement: Agreement,
    revision: AgreementRevision,
    *,
    annexes: Mapping[AnnexKind, Content],
    plan: Plan | None,
    task_areas: Collection[Area],
    group_gaps: Sequence[str],
    late: int,
    scan_intact: bool | None,
    recorded: Mapping[str, str] | None = None,
) -> list[Point]:
    """Return the twelve points of the filing check (domain-facts §12.1), in its order.

    ``late`` counts days after the deadline. ``scan_intact`` says whether the stored bytes
    still have the registered hash; None where they were not read. Once signing is open plan
    and task list are judged by the ``annexes`` kept with the revision, before that by ``plan``
    and ``task_areas`` as they are now. ``recorded`` is what the history of a filing says
    about the points that were looked at then (label → finding); None before a filing.
    """
    pairing = agreement.pairing
    years = len(pairing.programme.years)
    text = "".join(clause.body for clause in revision.clauses)
    names = [revision.party(side) for side in Side]
    both_named = all(name in text for name in names)
    blocks = [block for block in empty_blocks(revision) if block in SIX_BLOCKS]
    areas = unnamed_areas(revision)
    covered = task_areas if not annexes else annex_areas(annexes.get(AnnexKind.TASKS, {}))
    untasked = [area for area in Area if area not in covered]
    unsigned = [side for side in Side if revision.signature_of(side) is None]
    gap = term_gap(agreement, revision)
    renewed = agreement.kind is AgreementKind.RENEWAL
    return [
        _point(
            "双方名称与结对表一致",
            both_named,
            f"{'、'.join(names)}{_blank_note(revision)}",
        ),
        _point("续签期限与原协议衔接" if renewed else f"帮扶期限为{years}年", not gap, gap),
        _point("写明五个方面的帮扶内容", not areas, _names(areas, "未提及")),
        _point("写明双方职责、权利、义务", not blocks, _names(blocks, "缺少")),
        _plan_point(annexes, plan),
        _point("附任务清单且五个方面均有任务", not untasked, _names(untasked, "没有任务：")),
        _point("领导小组组成符合通知要求", not group_gaps, "；".join(group_gaps)),
        _point("双方负责人已签署", not unsigned, _names(unsigned, "尚未签署：")),
        _eye_point(ByEye.SEAL, "对照扫描件核对", recorded),
        _point("在规定期限内报送", late == 0, f"逾期 {late} 天，不影响备案" if late else ""),
        _scan_point(revision, recorded),
        _hash_point(revision, scan_intact, recorded),
    ]


def _point(label: str, holds: bool, note: str) -> Point:
    return Point(label, Verdict.PASS if holds else Verdict.FAIL, note)


def _blank_note(revision: AgreementRevision) -> str:
    """Return what to look for on the scan where the parties' head was left to be filled in."""
    heads = [one for one in with_blanks(revision.clauses) if one.clause.key == PARTIES_KEY]
    return "；“＿＿＿”处没有填写，请核对扫描件是否已手填" if heads else ""


def _names(members: Sequence[LabelledEnum], lead: str) -> str:
    return lead + "、".join(member.label for member in members) if members else ""


def _plan_point(annexes: Mapping[AnnexKind, Content], plan: Plan | None) -> Point:
    label = "附三年帮扶工作计划"
    if annexes:
        empty = is_empty(annexes.get(AnnexKind.PLAN, {}))
        return _point(label, not empty, "附件1没有内容" if empty else "随签署存档")
    settled = plan is not None and plan.state in SETTLED_PLAN
    return _point(label, settled, plan.state.label if plan else "尚未制定")


def _eye_point(point: ByEye, advice: str, recorded: Mapping[str, str] | None) -> Point:
    """Return what the reviewer recorded at the filing; before that, how to judge the point."""
    if recorded is None:
        return Point(point.label, Verdict.LOOK, advice)
    found = recorded.get(point.label)
    return Point(point.label, Verdict.PASS if found else Verdict.UNRECORDED, found or "")


def _scan_point(revision: AgreementRevision, recorded: Mapping[str, str] | None) -> Point:
    if revision.scan is None:
        return Point(ByEye.LEGIBLE.label, Verdict.FAIL, "尚未上传扫描件")
    return _eye_point(ByEye.LEGIBLE, "打开扫描件逐页查看", recorded)


def _hash_point(
    revision: AgreementRevision, intact: bool | None, recorded: Mapping[str, str] | None
) -> Point:
    label = HASH_POINT
    if revision.scan is None:
        return Point(label, Verdict.FAIL, "尚未上传扫描件")
    if recorded is not None:
        if found := recorded.get(label):
            return _point(label, found.startswith(Verdict.PASS.label), found)
        return Point(label, Verdict.UNRECORDED)
    if intact is None:
        return Point(label, Verdict.LOOK, "审核时由系统重新计算")
    return _point(label, intact, f"SHA-256：{revision.scan.sha256[:16]}…")
