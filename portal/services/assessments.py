"""A year's assessment until it is handed in, and what the hospitals may still do after (H-37)."""

from collections.abc import Mapping, Sequence
from datetime import date

import sqlalchemy as sa

from portal import clock
from portal.errors import Rejected, StepRefused
from portal.extensions import db
from portal.models import (
    Assessment,
    AssessmentScore,
    AssessmentState,
    Pairing,
    Programme,
    Scheme,
    SelfSubmission,
    Side,
    User,
)
from portal.policies import assessments as policies
from portal.policies.decision import require
from portal.policies.scope import side_of
from portal.scoring.arithmetic import score_problem
from portal.services.sheet_entries import (
    Clash,
    SelfEntry,
    SheetConflict,
    clashes_with,
    differs,
    in_words,
    self_values,
)
from portal.services.texts import demand
from portal.workflow import record, transition
from portal.workflow.assessments import ASSESSMENT, missing_for_self


def open_assessments(
    programme: Programme,
    pairings: Sequence[Pairing],
    *,
    year: int,
    actor: User,
    cutoff_on: date | None = None,
) -> list[Assessment]:
    """Open the assessments of ``year`` for ``pairings`` and return those that are new.

    A pairing that has one already is passed over. ``cutoff_on`` is the scheme's own day
    (31 December) unless given. Raises Forbidden or Rejected.
    """
    require(policies.can_open(actor))
    scheme = programme.scheme
    if scheme is None:
        raise Rejected({"programme": "该帮扶周期还没有设定考核指标体系。"})
    start, cutoff = _period(programme, scheme, year, cutoff_on)
    ours = [pairing for pairing in pairings if pairing.programme_id == programme.id]
    if not ours:
        raise Rejected({"pairings": "请至少选择一个结对。"})
    known = set(
        db.session.scalars(
            sa.select(Assessment.pairing_id).where(
                Assessment.year == year,
                Assessment.pairing_id.in_([pairing.id for pairing in ours]),
            )
        )
    )
    opened = [
        _open(pairing, scheme, year, start, cutoff, actor)
        for pairing in ours
        if pairing.id not in known
    ]
    db.session.flush()
    for one in opened:
        record(
            one,
            "assessment",
            action="open",
            title=f"发起 {year} 年度考核",
            actor=actor,
            details=[("考核期", f"{start} 至 {cutoff}"), ("指标", scheme.title)],
        )
    db.session.flush()
    return opened


def _open(
    pairing: Pairing, scheme: Scheme, year: int, start: date, cutoff: date, actor: User
) -> Assessment:
    """Add one assessment with a row for every leaf of the scheme."""
    assessment = Assessment(
        pairing=pairing,
        scheme=scheme,
        year=year,
        period_start=start,
        cutoff_on=cutoff,
        state=AssessmentState.SELF_ASSESSMENT,
        state_since=clock.now(),
        created_by_id=actor.id,
        created_at=clock.now(),
        scores=[AssessmentScore(item=item) for item in scheme.items if item.is_leaf],
    )
    db.session.add(assessment)
    return assessment


def _period(
    programme: Programme, scheme: Scheme, year: int, cutoff_on: date | None
) -> tuple[date, date]:
    """Return the first day that counts and the cut-off day. Raises Rejected.

    In the first year everything counts from the notice on: meetings are held before the
    agreement's term begins.
    """
    if not programme.starts_on.year <= year <= programme.ends_on.year:
        raise Rejected(
            {"year": f"年度应在 {programme.starts_on.year} 至 {programme.ends_on.year} 之间。"}
        )
    first_day = min(programme.issued_on or programme.starts_on, programme.starts_on)
    start = max(date(year, 1, 1), first_day)
    cutoff = cutoff_on or default_cutoff(scheme, year)
    if cutoff.year != year or cutoff < start:
        raise Rejected({"cutoff_on": f"考核截止日应在 {start} 至 {year}-12-31 之间。"})
    return start, cutoff


def default_cutoff(scheme: Scheme, year: int) -> date:
    """Return the scheme's cut-off day in ``year``."""
    month, day = scheme.parameters["cut_off"]["value"].split("-")
    return date(year, int(month), int(day))


def save_self(
    assessment: Assessment, entries: Mapping[int, SelfEntry], *, actor: User
) -> list[AssessmentScore]:
    """Keep one side's self scores as a draft; return the rows that changed.

    ``entries`` maps item ids to what was typed. Raises Forbidden, StepRefused once the side
    has handed in, Rejected beside the fields, or SheetConflict.
    """
    require(policies.can_self_assess(actor, assessment))
    lock(assessment)
    side = _side(actor, assessment)
    _refuse_unless_open(assessment, side)
    mine = {
        score.item_id: score
        for score in assessment.scores
        if policies.scoring_side(score.item) is side
    }
    _check_entries(entries, mine)
    changed = _changes(entries, mine)
    for score in changed:
        entry = entries[score.item_id]
        score.self_score, score.self_note = entry.score, entry.note
    if changed:
        record(
            assessment,
            "assessment",
            action="save_self",
            title=f"{side.label}填写自评",
            actor=actor,
            details=[("指标", named_items(changed))],
        )
    db.session.flush()
    return changed


def named_items(scores: Sequence[AssessmentScore]) -> str:
    """Return the codes of the items in the order of the scheme, and how many they are."""
    codes = [one.item.code for one in sorted(scores, key=lambda one: one.item.position)]
    return f"{'、'.join(codes)}（{len(codes)} 项）"


def _side(actor: User, assessment: Assessment) -> Side:
    side = side_of(actor, assessment.pairing)
    if side is None:
        raise RuntimeError("a rule let somebody in who is on neither side")
    return side


def _refuse_unless_open(assessment: Assessment, side: Side) -> None:
    """Raise StepRefused unless ``side`` may still change its self scores."""
    if assessment.state is not AssessmentState.SELF_ASSESSMENT:
        raise StepRefused(f"该年度考核当前状态为“{assessment.state.label}”，不能修改自评。")
    if assessment.submission_of(side) is not None:
        raise StepRefused("本单位的自评已经提交，不能再修改；如需修改，请联系省中心退回。")


def _check_entries(entries: Mapping[int, SelfEntry], mine: Mapping[int, AssessmentScore]) -> None:
    """Raise Rejected for scores out of range and for items of the other side."""
    problems: dict[str, str] = {}
    for item_id, entry in entries.items():
        if item_id not in mine:
            problems[f"score_{item_id}"] = "这一项不由本单位自评。"
        elif entry.score is not None and (
            problem := score_problem(entry.score, mine[item_id].item.points)
        ):
            problems[f"score_{item_id}"] = problem
    if problems:
        raise Rejected(problems)


def _changes(
    entries: Mapping[int, SelfEntry], mine: Mapping[int, AssessmentScore]
) -> list[AssessmentScore]:
    """Return the rows to write. Raises SheetConflict where somebody else wrote as well."""
    clashes, changed = [], []
    for item_id, entry in entries.items():
        score, typed = mine[item_id], entry.values
        stored = self_values(score)
        if clashes_with(typed, stored, entry.seen):
            title = f"{score.item.code} {score.item.title}"
            clashes.append(Clash(title, in_words(typed), in_words(stored)))
        elif differs(typed, stored, entry.seen):
            changed.append(score)
    if clashes:
        raise SheetConflict(clashes)
    return changed


def submit_self(assessment: Assessment, *, actor: User) -> None:
    """Hand in the actor's side; the second of the two sides brings the review.

    Raises Forbidden, or StepRefused with the items still without a score.
    """
    require(policies.can_self_assess(actor, assessment))
    lock(assessment)
    side = _side(actor, assessment)
    _refuse_unless_open(assessment, side)
    if gaps := missing_for_self(assessment, side):
        raise StepRefused("还不能提交自评，请先完成以下事项：", gaps)
    assessment.submissions.append(
        SelfSubmission(side=side, user_id=actor.id, name=actor.name, submitted_at=clock.now())
    )
    db.session.flush()
    record(
        assessment,
        "assessment",
        action="submit_side",
        title=f"{side.label}提交自评",
        actor=actor,
        tone="info",
    )
    if len(assessment.submissions) == len(Side):
        transition(ASSESSMENT, assessment, "submit", actor=actor)
        assessment.return_reason = ""
    db.session.flush()


def appeal(assessment: Assessment, *, reason: str, actor: User) -> None:
    """Appeal against the provisional result. Raises Forbidden, StepRefused or Rejected."""
    lock(assessment)
    require(policies.can_appeal(actor, assessment))
    reason = demand(reason, "appeal_reason", "请填写申诉理由，写明对哪一项、依据是什么。")
    transition(ASSESSMENT, assessment, "appeal", actor=actor, comment=reason)
    assessment.appeal_reason, assessment.appeal_reply = reason, ""
    db.session.flush()


def lock(assessment: Assessment) -> None:
    """Hold the assessment until the end of the transaction, and read what is in it now."""
    columns = [column.key for column in sa.inspect(Assessment).column_attrs]
    db.session.refresh(assessment, columns, with_for_update=True)
    db.session.scalars(
        sa.select(AssessmentScore)
        .where(AssessmentScore.assessment_id == assessment.id)
        .execution_options(populate_existing=True)
    ).all()
    db.session.expire(assessment, ["submissions", "experts"])
