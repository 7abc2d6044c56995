"""The review of a year's assessment: experts, scores, the provisional result, the final one."""

from collections.abc import Mapping
from dataclasses import replace

from portal import clock
from portal.errors import Rejected, StepRefused
from portal.extensions import db
from portal.models import (
    Assessment,
    AssessmentScore,
    AssessmentState,
    ExpertAssignment,
    ItemMode,
    User,
)
from portal.policies import assessments as policies
from portal.policies.decision import require
from portal.queries.assessment_sheet import verdict_of
from portal.queries.assessments import compute_figures
from portal.scoring.arithmetic import score_problem
from portal.services.assessments import lock, named_items
from portal.services.sheet_entries import (
    Clash,
    ReviewEntry,
    SheetConflict,
    caps_values,
    clashes_with,
    differs,
    in_words,
    review_values,
)
from portal.services.texts import demand
from portal.workflow import check_version, record, transition
from portal.workflow.assessments import ASSESSMENT

REVIEW_RECORD = "assessment_review"
"""The kind of event that tells of the review; only the province and the auditor read it."""

NO_MEETING_CAP = "no_meeting"
NO_MEETING_REASON = "台账中没有考核期内召开的领导小组会议。"


def assign_expert(assessment: Assessment, expert: User, *, actor: User) -> None:
    """Let ``expert`` score this assessment. Raises Forbidden, StepRefused or Rejected.

    The event names nobody: both hospitals read the history, and need not know who judges them.
    """
    require(policies.can_manage(actor, assessment))
    lock(assessment)
    if assessment.state is AssessmentState.FINAL:
        raise StepRefused("该年度考核已定稿，不能再指派评审专家。")
    if not (decision := policies.may_judge(expert, assessment)):
        raise Rejected({"expert": decision.reason})
    if policies.is_assigned(expert, assessment):
        raise Rejected({"expert": "这位专家已经在评审名单中。"})
    assessment.experts.append(
        ExpertAssignment(user_id=expert.id, assigned_by_id=actor.id, assigned_at=clock.now())
    )
    record(
        assessment,
        "assessment",
        action="assign_expert",
        title="指派评审专家",
        actor=actor,
    )
    db.session.flush()


def remove_expert(assessment: Assessment, expert: User, *, actor: User) -> None:
    """Take an expert off the sheet; scores given stay. Raises Forbidden or StepRefused."""
    require(policies.can_manage(actor, assessment))
    lock(assessment)
    if assessment.state is AssessmentState.FINAL:
        raise StepRefused("该年度考核已定稿，不能再调整评审专家。")
    assessment.experts = [one for one in assessment.experts if one.user_id != expert.id]
    record(
        assessment,
        "assessment",
        action="remove_expert",
        title="撤销专家指派",
        actor=actor,
    )
    db.session.flush()


def _check_seen(assessment: Assessment, action: str, seen_version: int | None) -> None:
    """Raise StaleEdit if a step is still open, but for something else than was read.

    Where the step is no longer open, the transition says so, and why.
    """
    if assessment.state in ASSESSMENT.step(action).sources:
        check_version(assessment, seen_version)


def return_self(
    assessment: Assessment, *, reason: str, actor: User, seen_version: int | None = None
) -> None:
    """Send the self-assessment back to both sides.

    Raises Forbidden, StepRefused, StaleEdit or Rejected.
    """
    lock(assessment)
    require(policies.can_manage(actor, assessment))
    _check_seen(assessment, "return_self", seen_version)
    reason = demand(reason, "return_reason", "请填写退回理由，说明需要补充或修改什么。")
    transition(ASSESSMENT, assessment, "return_self", actor=actor, comment=reason)
    assessment.return_reason = reason
    assessment.submissions.clear()
    db.session.flush()


def start_review(assessment: Assessment, *, actor: User) -> None:
    """Freeze the ledger's figures and open the sheet to the reviewers.

    Raises Forbidden, or StepRefused before the cut-off day.
    """
    lock(assessment)
    transition(ASSESSMENT, assessment, "start_review", actor=actor)
    # Both hospitals read this event; what follows (the caps) is the reviewers' until the end.
    db.session.flush()
    _freeze(assessment)
    db.session.flush()


def _freeze(assessment: Assessment) -> None:
    """Write the figures and what they were computed from into the sheet."""
    figures = compute_figures(assessment)
    for score in assessment.scores:
        if figure := figures.get(score.item_id):
            score.automatic_score, score.inputs = figure.score, figure.inputs
    assessment.frozen_at = clock.now()
    caps = {key: text for key, text in assessment.caps.items() if key != NO_MEETING_CAP}
    assessment.caps = caps | automatic_caps(assessment)


def automatic_caps(assessment: Assessment) -> dict[str, str]:
    """Return the caps that the frozen figures themselves bring: a year without a meeting."""
    held = any(
        score.inputs.get("reported")
        for score in assessment.scores
        if score.item.rule == "meetings_and_minutes"
    )
    known = {entry["key"] for entry in assessment.scheme.caps}
    return {} if held or NO_MEETING_CAP not in known else {NO_MEETING_CAP: NO_MEETING_REASON}


def save_review(
    assessment: Assessment,
    entries: Mapping[int, ReviewEntry],
    *,
    actor: User,
    caps: Mapping[str, str] | None = None,
    seen_caps: str | None = None,
) -> list[AssessmentScore]:
    """Keep the reviewer's scores; return the rows that changed.

    The centre also decides what does not apply and which caps do (key → reason); an expert
    scores the judged items and nothing else. Raises Forbidden, StepRefused, Rejected beside
    the fields, or SheetConflict.
    """
    require(policies.can_review(actor, assessment))
    lock(assessment)
    if assessment.state is not AssessmentState.REVIEW:
        raise StepRefused(f"该年度考核当前状态为“{assessment.state.label}”，不能评审打分。")
    centre = bool(policies.can_manage(actor, assessment))
    scores = {score.item_id: score for score in assessment.scores}
    typed = {
        item_id: _within_powers(entry, scores[item_id], centre=centre)
        for item_id, entry in entries.items()
        if item_id in scores
    }
    ticked = _ticked(assessment, caps) if centre and caps is not None else None
    problems = _problems(typed, scores) | _cap_problems(assessment, ticked)
    if problems:
        raise Rejected(problems)
    changed, clashes = _changes(typed, scores)
    if ticked is not None:
        clashes += _cap_clashes(assessment, ticked, seen_caps)
    if clashes:
        raise SheetConflict(clashes)
    details = _in_codes(changed, typed)
    for score in changed:
        _write(score, typed[score.item_id], actor)
    if ticked is not None and differs(caps_values(ticked), caps_values(assessment.caps), seen_caps):
        details += _cap_changes(assessment, ticked)
        assessment.caps = ticked
    _note_review(assessment, details, actor)
    db.session.flush()
    return changed


def _note_review(assessment: Assessment, details: list[tuple[str, str]], actor: User) -> None:
    """Record who changed what in the review, where neither hospital reads it.

    Both read the history of the assessment and of the pairing, and need not know who judges
    them, nor what is found before the result is open. So this is a kind of event of its own,
    outside the pairing's history.
    """
    if not details:
        return
    event = record(
        assessment,
        REVIEW_RECORD,
        action="save_review",
        title="评审打分",
        actor=actor,
        details=details,
    )
    event.pairing_id = None


def _in_codes(
    changed: list[AssessmentScore], entries: Mapping[int, ReviewEntry]
) -> list[tuple[str, str]]:
    """Return which items a save changes, by code and number, never by value."""
    moved = [s for s in changed if s.not_applicable != entries[s.item_id].not_applicable]
    away = [s for s in moved if entries[s.item_id].not_applicable]
    back = [s for s in moved if s.not_applicable]
    groups = (("评审得分或理由", [s for s in changed if s not in moved]), ("认定不适用", away))
    return [
        (label, named_items(scores)) for label, scores in (*groups, ("取消不适用", back)) if scores
    ]


def _cap_changes(assessment: Assessment, ticked: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return which caps are found with which reason, and which are taken off."""
    titles = {entry["key"]: entry["title"] for entry in assessment.scheme.caps}
    found = [
        ("认定", f"{titles[key]}：{reason}")
        for key, reason in ticked.items()
        if assessment.caps.get(key) != reason
    ]
    gone = [
        ("取消认定", f"{titles.get(key, key)}：{reason}")
        for key, reason in assessment.caps.items()
        if key not in ticked
    ]
    return found + gone


def _within_powers(entry: ReviewEntry, score: AssessmentScore, *, centre: bool) -> ReviewEntry:
    """Leave what the actor may not touch as it is: N/A for experts, the ledger's figures."""
    if not centre:
        entry = replace(entry, not_applicable=score.not_applicable, na_reason=score.na_reason)
    if score.item.mode is not ItemMode.JUDGED:
        entry = replace(entry, score=None, reason="")
    return entry if entry.not_applicable else replace(entry, na_reason="")


def _problems(
    entries: Mapping[int, ReviewEntry], scores: Mapping[int, AssessmentScore]
) -> dict[str, str]:
    """Return a sentence for each field that cannot be saved."""
    problems: dict[str, str] = {}
    for item_id, entry in entries.items():
        score = scores[item_id]
        if entry.not_applicable:
            if not entry.na_reason:
                problems[f"na_reason_{item_id}"] = "请填写不适用的理由。"
        elif entry.score is not None:
            if problem := score_problem(entry.score, score.item.points):
                problems[f"score_{item_id}"] = problem
            elif entry.score != score.self_score and not entry.reason:
                problems[f"reason_{item_id}"] = "评审得分与自评不同，请填写理由。"
    return problems


def _ticked(assessment: Assessment, caps: Mapping[str, str]) -> dict[str, str]:
    """Return the caps as ticked; those that the ledger itself brings cannot be taken off."""
    return automatic_caps(assessment) | {key: text.strip() for key, text in caps.items()}


def _cap_problems(assessment: Assessment, caps: Mapping[str, str] | None) -> dict[str, str]:
    known = {entry["key"] for entry in assessment.scheme.caps}
    problems = {}
    for key, reason in (caps or {}).items():
        if key not in known:
            problems[f"cap_{key}"] = "考核指标体系中没有这一项。"
        elif not reason:
            problems[f"cap_reason_{key}"] = "请填写认定的依据。"
    return problems


def _changes(
    entries: Mapping[int, ReviewEntry], scores: Mapping[int, AssessmentScore]
) -> tuple[list[AssessmentScore], list[Clash]]:
    """Return the rows to write, and the items that somebody else changed as well."""
    changed, clashes = [], []
    for item_id, entry in entries.items():
        score, typed = scores[item_id], entry.values
        stored = review_values(score)
        if clashes_with(typed, stored, entry.seen):
            title = f"{score.item.code} {score.item.title}"
            clashes.append(Clash(title, in_words(typed), in_words(stored)))
        elif differs(typed, stored, entry.seen):
            changed.append(score)
    return changed, clashes


def _cap_clashes(assessment: Assessment, caps: dict[str, str], seen: str | None) -> list[Clash]:
    typed, stored = caps_values(caps), caps_values(assessment.caps)
    if not clashes_with(typed, stored, seen):
        return []
    return [Clash("扣分与限制", in_words(typed), in_words(stored))]


def _write(score: AssessmentScore, entry: ReviewEntry, actor: User) -> None:
    """Write one reviewed item; whoever wrote last answers for it."""
    score.review_score, score.review_reason = entry.score, entry.reason
    score.not_applicable, score.na_reason = entry.not_applicable, entry.na_reason
    score.reviewer_id = actor.id


def issue_provisional(assessment: Assessment, *, actor: User) -> None:
    """Compute the verdict and show it to both hospitals.

    Raises Forbidden, or StepRefused with the items still without a score.
    """
    lock(assessment)
    result = verdict_of(assessment)
    details = [("总分", f"{result.total}"), ("等次", result.grade.label)]
    if result.bonus is not None:
        details.append(("帮扶方加分", f"{result.bonus}"))
    transition(ASSESSMENT, assessment, "issue_provisional", actor=actor, details=details)
    assessment.total, assessment.grade = result.total, result.grade
    assessment.supporting_score = result.supporting
    assessment.supported_score = result.supported
    assessment.bonus = result.bonus
    assessment.reviewed_by, assessment.reviewed_at = actor, clock.now()
    db.session.flush()


def answer_appeal(
    assessment: Assessment,
    *,
    reply: str,
    review_again: bool,
    actor: User,
    retake: bool = False,
    seen_version: int | None = None,
) -> None:
    """Answer an appeal: the result stands, or the sheet goes back to the reviewers.

    ``retake`` freezes the ledger's figures anew, for an appeal about one of them. Raises
    Forbidden, StepRefused, StaleEdit or Rejected.
    """
    lock(assessment)
    require(policies.can_manage(actor, assessment))
    action = "review_again" if review_again else "uphold"
    _check_seen(assessment, action, seen_version)
    reply = demand(reply, "appeal_reply", "请填写对申诉的答复。")
    details = [("台账数据", "重新取数")] if review_again and retake else []
    transition(ASSESSMENT, assessment, action, actor=actor, comment=reply, details=details)
    assessment.appeal_reply = reply
    if review_again:
        assessment.total = assessment.grade = assessment.bonus = None
        assessment.supporting_score = assessment.supported_score = None
        if retake:
            _freeze(assessment)
    db.session.flush()


def publish(assessment: Assessment, *, actor: User, seen_version: int | None = None) -> None:
    """Make the result final: nothing of it moves from here on.

    Raises Forbidden, StepRefused, or StaleEdit when it is no longer the result that was read.
    """
    lock(assessment)
    require(policies.can_publish(actor, assessment))
    _check_seen(assessment, "publish", seen_version)
    details = [("总分", f"{assessment.total}")]
    if assessment.grade:
        details.append(("等次", assessment.grade.label))
    transition(ASSESSMENT, assessment, "publish", actor=actor, details=details)
    assessment.published_by, assessment.published_at = actor, clock.now()
    db.session.flush()
