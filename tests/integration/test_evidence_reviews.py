"""Who decides about evidence, when, and what a decision does to what rests on it."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from portal import clock
from portal.errors import Forbidden, PortalError, Rejected, StaleEdit, StepRefused
from portal.extensions import db
from portal.models import (
    Event,
    Evidence,
    EvidenceStatus,
    ScanState,
    TaskState,
    User,
    VerificationPolicy,
)
from portal.policies.evidence import (
    can_review,
    counted,
    counts,
    expired,
    expiring,
    reviewable_by,
    why_not_counted,
)
from portal.services import closure, evidence_changes, evidence_uses
from portal.services import evidence as services
from portal.services import evidence_reviews as reviews
from portal.workflow.closure import missing_for_closure
from tests.factories import Scene, make_scene
from tests.factories.closures import (
    closed,
    closure_requested,
    confirmed,
    make_task,
    only_round,
    reopened,
    task_in_progress,
)
from tests.factories.evidence import (
    evidence_for,
    evidence_in,
    in_status,
    rejected,
    replaced,
    used_at,
)
from tests.factories.scenes import ONE_OF_EACH

PENDING, ACCEPTED = EvidenceStatus.PENDING, EvidenceStatus.ACCEPTED
REJECTED, WITHDRAWN = EvidenceStatus.REJECTED, EvidenceStatus.WITHDRAWN

REVIEWERS = {"centre", "supporting_coordinator", "supporting_leader"}
OWN_SIDE = {"supported_coordinator", "supported_leader", "supported_contributor"}

STEPS = {
    # step: who takes it (of a piece that the supported contributor added), from where, to where
    "accept": (REVIEWERS, {PENDING}, ACCEPTED),
    "reject": (REVIEWERS, {PENDING, ACCEPTED}, REJECTED),
    "revise": (OWN_SIDE, {PENDING, ACCEPTED, REJECTED}, PENDING),
    "withdraw": (OWN_SIDE, {PENDING, ACCEPTED, REJECTED}, WITHDRAWN),
}


@pytest.fixture
def scene(app: Flask) -> Scene:
    return make_scene()


def take(step: str, piece: Evidence, actor: User) -> None:
    if step == "accept":
        reviews.accept_evidence(piece, actor=actor)
    elif step == "reject":
        reviews.reject_evidence(piece, reason="签字不全", actor=actor)
    elif step == "revise":
        replaced(piece, by=actor)
    else:
        evidence_changes.withdraw_evidence(piece, reason="传错了", actor=actor)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("status", EvidenceStatus)
def test_step_is_taken_by_the_right_roles_from_the_right_states_only(
    scene: Scene, step: str, status: EvidenceStatus
) -> None:
    who, sources, target = STEPS[step]
    for role in ONE_OF_EACH:
        piece = evidence_in(scene.pairing, by=scene.supported_contributor)
        in_status(status, piece, reviewer=scene.other_centre)
        version = piece.version
        refusal: type[PortalError] | None = None
        try:
            with db.session.begin_nested():
                take(step, piece, getattr(scene, role))
        except PortalError as error:
            refusal = type(error)
        if role not in who:
            assert refusal is Forbidden, role
        elif status not in sources:
            assert refusal is StepRefused, role
        else:
            assert refusal is None, role
        done = role in who and status in sources
        assert piece.status is (target if done else status), role
        assert done or piece.version == version, role


def test_reviewer_signs_what_is_accepted_and_gives_the_reason_for_what_is_not(
    scene: Scene,
) -> None:
    piece = evidence_in(scene.pairing, by=scene.supported_coordinator)
    reviews.accept_evidence(piece, actor=scene.supporting_coordinator)
    assert piece.reviewed_by is scene.supporting_coordinator
    reviews.reject_evidence(piece, reason=" 日期不符 ", actor=scene.centre)
    assert (piece.reviewed_by, piece.review_reason) == (scene.centre, "日期不符")
    told = db.session.scalars(
        sa.select(Event).where(Event.object_type == "evidence").order_by(Event.id)
    ).all()
    assert [(one.action, one.from_state, one.to_state, one.comment) for one in told] == [
        ("accept", "pending", "accepted", ""),
        ("reject", "accepted", "rejected", "日期不符"),
    ]
    replaced(piece, by=scene.supported_coordinator, note="更正日期")
    assert (piece.status, piece.reviewed_by, piece.review_reason) == (PENDING, None, "")


@pytest.mark.parametrize("reason", ["", "  ", "长" * 5001])
def test_reviewer_must_say_why_in_so_many_words(scene: Scene, reason: str) -> None:
    piece = evidence_in(scene.pairing, by=scene.supported_coordinator)
    with pytest.raises(Rejected) as refusal:
        reviews.reject_evidence(piece, reason=reason, actor=scene.centre)
    assert "review_reason" in refusal.value.fields
    assert piece.status is PENDING


def test_nobody_decides_about_what_they_have_not_seen(scene: Scene) -> None:
    piece = evidence_in(scene.pairing, by=scene.supported_coordinator)
    seen = piece.version
    replaced(piece, by=scene.supported_coordinator)
    for step in (
        lambda: reviews.accept_evidence(piece, actor=scene.centre, seen_version=seen),
        lambda: reviews.reject_evidence(piece, reason="缺", actor=scene.centre, seen_version=seen),
    ):
        with pytest.raises(StaleEdit):
            step()
    assert piece.status is PENDING


def test_uploader_who_moved_to_the_centre_does_not_review_their_own(scene: Scene) -> None:
    uploader, reviser = scene.supported_coordinator, scene.supported_contributor
    reviser.role = type(uploader.role).BASE_COORDINATOR
    piece = evidence_in(scene.pairing, by=uploader)
    replaced(piece, by=reviser)
    for person in (uploader, reviser):
        person.role, person.organisation = scene.centre.role, scene.centre.organisation
    db.session.flush()
    assert not can_review(uploader, piece)
    assert not can_review(reviser, piece)
    assert can_review(scene.centre, piece)


@pytest.mark.parametrize("role", ONE_OF_EACH)
def test_rule_and_filter_agree_on_who_reviews(scene: Scene, role: str) -> None:
    viewer = getattr(scene, role)
    pieces = [
        evidence_in(scene.pairing, by=scene.supported_contributor),
        evidence_in(scene.pairing, by=scene.supporting_leader),
        evidence_in(scene.foreign, by=scene.foreign_coordinator),
    ]
    found = set(db.session.scalars(sa.select(Evidence).where(reviewable_by(viewer))))
    assert found == {piece for piece in pieces if can_review(viewer, piece)}


# What counts


TODAY_CASES = [
    ({}, ScanState.NOT_SCANNED, ""),
    ({}, ScanState.CLEAN, ""),
    ({}, ScanState.WAITING, "文件待查毒"),
    ({}, ScanState.INFECTED, "文件含有病毒"),
    ({"expires": 0}, ScanState.CLEAN, ""),
    ({"expires": -1}, ScanState.CLEAN, "过期"),
    ({"status": ACCEPTED}, ScanState.CLEAN, ""),
    ({"status": REJECTED}, ScanState.CLEAN, "不予认可"),
    ({"status": WITHDRAWN}, ScanState.CLEAN, "已撤回"),
]


@pytest.mark.parametrize(("how", "scan", "why"), TODAY_CASES)
def test_piece_counts_by_one_rule_on_the_page_in_the_guard_and_in_the_query(
    scene: Scene, how: dict[str, object], scan: ScanState, why: str
) -> None:
    task = make_task(scene, requirements=("制度文件",), state=TaskState.IN_PROGRESS)
    piece = evidence_for(task, by=scene.supported_coordinator).evidence
    in_status(how.get("status", PENDING), piece, reviewer=scene.centre)  # type: ignore[arg-type]
    piece.file.scan = scan
    today = clock.today()
    if "expires" in how:
        piece.expires_on = today + timedelta(days=int(str(how["expires"])))
    db.session.flush()
    assert why in why_not_counted(piece, today)
    assert counts(piece, today) is not bool(why)
    assert db.session.scalars(sa.select(Evidence).where(counted(today))).all() == (
        [] if why else [piece]
    )
    gaps = missing_for_closure(task)
    assert len(gaps) == bool(why)
    if why:
        assert f"缺少佐证材料：制度文件（“{piece.title}”" in gaps[0]
        assert why in gaps[0]
        with pytest.raises(StepRefused) as refusal:
            closure.request_closure(task, statement="完成", actor=scene.supported_coordinator)
        assert refusal.value.missing == gaps


@pytest.mark.parametrize(
    ("days", "light"), [(-1, "expired"), (0, "soon"), (60, "soon"), (61, ""), (None, "")]
)
def test_expiry_is_told_the_same_by_the_model_and_by_the_filter(
    scene: Scene, days: int | None, light: str
) -> None:
    piece = evidence_in(scene.pairing, by=scene.supported_coordinator)
    today = clock.today()
    piece.expires_on = None if days is None else today + timedelta(days=days)
    db.session.flush()
    over, soon = (
        bool(db.session.scalars(sa.select(Evidence).where(condition(today))).all())
        for condition in (expired, expiring)
    )
    assert (over, soon) == (light == "expired", light == "soon")
    assert (piece.expired_on(today), piece.expires_soon(today)) == (over, soon)


# What rests on it


def test_verification_accepts_what_the_round_showed(scene: Scene) -> None:
    task = confirmed(scene)
    extra = evidence_in(scene.pairing, by=scene.supported_coordinator)
    closure.verify_closure(task, actor=scene.centre)
    pieces = [use.evidence for use in task.evidence_uses]
    assert {piece.status for piece in pieces} == {ACCEPTED}
    assert {piece.reviewed_by_id for piece in pieces} == {scene.centre.id}
    assert extra.status is PENDING


def test_confirmation_that_closes_accepts_only_the_other_hospitals_pieces(scene: Scene) -> None:
    scene.programme.verification = VerificationPolicy.KEY_AND_SAMPLE
    scene.programme.sample_percent = 0
    task = task_in_progress(scene, weight=1)
    own = evidence_for(task, by=scene.supporting_coordinator).evidence
    closure.request_closure(task, statement="完成", actor=scene.supported_coordinator)
    closure.confirm_closure(task, actor=scene.supporting_leader)
    assert task.state is TaskState.CLOSED
    assert own.status is PENDING
    others = [use.evidence for use in task.evidence_uses if use.evidence is not own]
    assert {piece.status for piece in others} == {ACCEPTED}
    with pytest.raises(StepRefused, match="已销号任务"):
        reviews.reject_evidence(own, reason="缺", actor=scene.centre)
    reviews.accept_evidence(own, actor=scene.supported_coordinator)
    assert own.status is ACCEPTED


@pytest.mark.parametrize("make", [closed, reopened])
def test_nothing_is_rejected_under_a_round_that_closed(scene: Scene, make: object) -> None:
    task = make(scene)  # type: ignore[operator]
    piece = task.evidence_uses[0].evidence
    with pytest.raises(StepRefused, match="的依据，不能再变动"):
        reviews.reject_evidence(piece, reason="缺", actor=scene.other_centre)
    assert piece.status is ACCEPTED


@pytest.mark.parametrize(
    ("make", "allowed"),
    [(closure_requested, {"supporting_leader"}), (confirmed, {"centre", "other_centre"})],
)
def test_while_a_round_waits_only_who_decides_it_rejects_a_piece(
    scene: Scene, make: object, allowed: set[str]
) -> None:
    task = make(scene)  # type: ignore[operator]
    piece = task.evidence_uses[0].evidence
    for role in ("supporting_coordinator", "supporting_leader", "centre", "other_centre"):
        savepoint = db.session.begin_nested()
        if role in allowed:
            reviews.reject_evidence(piece, reason="缺", actor=getattr(scene, role))
        else:
            with pytest.raises(StepRefused, match="正在审核"):
                reviews.reject_evidence(piece, reason="缺", actor=getattr(scene, role))
        savepoint.rollback()


def test_round_with_a_rejected_piece_is_returned_and_never_passed(scene: Scene) -> None:
    task = confirmed(scene)
    piece = task.evidence_uses[0].evidence
    rejected(piece, by=scene.centre)
    with pytest.raises(StepRefused) as refusal:
        closure.verify_closure(task, actor=scene.other_centre)
    assert refusal.value.missing == [f"佐证材料“{piece.title}”不予认可，请退回本次申请"]
    assert task.state is TaskState.CONFIRMED
    closure.return_closure(task, reason="见佐证审核意见", actor=scene.other_centre)
    assert only_round(task).evidence[0]["evidence_id"] == piece.id
    with pytest.raises(StepRefused, match="还不能申请销号"):
        closure.request_closure(task, statement="再报", actor=scene.supported_coordinator)
    told = [one.action for one in db.session.query(Event).filter_by(object_type="task")]
    assert "evidence_rejected" in told


def test_many_are_accepted_at_once_and_the_rest_is_named(scene: Scene) -> None:
    good, own, changed, gone = (
        evidence_in(scene.pairing, by=person)
        for person in (
            scene.supported_coordinator,
            scene.supporting_contributor,
            scene.supported_coordinator,
            scene.supported_coordinator,
        )
    )
    seen = [(one, one.version) for one in (gone, changed, own, good)]
    replaced(changed, by=scene.supported_coordinator)
    in_status(WITHDRAWN, gone, reviewer=scene.centre)
    outcome = reviews.accept_many(seen, actor=scene.supporting_leader)
    assert outcome.accepted == 1
    assert [one.status for one in (good, own, changed, gone)] == [
        ACCEPTED,
        PENDING,
        PENDING,
        WITHDRAWN,
    ]
    assert [sentence.partition("”")[0][1:] for sentence in outcome.refused] == [
        own.title,
        changed.title,
        gone.title,
    ]


def test_rejected_bytes_do_not_come_back_as_a_new_piece(scene: Scene) -> None:
    task = task_in_progress(scene)
    piece = evidence_for(task, by=scene.supported_coordinator).evidence
    rejected(piece, by=scene.centre, reason="缺少印章。")
    with pytest.raises(Rejected, match="未获认可：缺少印章。"):
        services.add_evidence(
            task,
            requirement=None,
            file=piece.file,
            title="又一份",
            evidence_on=clock.today(),
            actor=scene.supported_coordinator,
        )
    with pytest.raises(Rejected, match="不予认可，不能再选用"):
        evidence_uses.use_evidence(
            make_task(scene), requirement=None, evidence=piece, actor=scene.supported_coordinator
        )


def test_use_of_a_task_and_of_another_both_hold_a_piece(scene: Scene) -> None:
    open_task, waiting = task_in_progress(scene), task_in_progress(scene)
    piece = evidence_for(open_task, by=scene.supported_coordinator).evidence
    used_at(waiting, piece, by=scene.supported_coordinator)
    closure.request_closure(waiting, statement="完成", actor=scene.supported_coordinator)
    with pytest.raises(StepRefused, match=waiting.title):
        evidence_changes.withdraw_evidence(piece, reason="错", actor=scene.supported_coordinator)
