"""Changes to a piece of evidence, and what keeps it as it is."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from portal import clock
from portal.errors import Forbidden, Rejected, StaleEdit, StepRefused
from portal.extensions import db
from portal.models import Event, Evidence, EvidenceKind, EvidenceRevision, EvidenceStatus
from portal.queries.evidence_holds import holds_on
from portal.services import closure, evidence_changes, evidence_uses
from portal.services import evidence as services
from portal.services.evidence_changes import Details
from tests.factories import Scene, make_scene
from tests.factories.agreements import (
    draft_agreement,
    filed_agreement,
    returned_agreement,
    signing_agreement,
    submitted_agreement,
)
from tests.factories.assessments import (
    final_assessment,
    one_side_submitted,
    provisional,
    score_of,
    self_assessing,
)
from tests.factories.closures import (
    closed,
    closure_requested,
    reopened,
    returned,
    task_in_progress,
)
from tests.factories.evidence import (
    accepted,
    evidence_for,
    evidence_in,
    pdf_bytes,
    rejected,
    replaced,
    used_at,
)
from tests.factories.meetings import approved_meeting


@pytest.fixture(autouse=True)
def march_2021() -> Iterator[None]:
    """Ten months into the programme."""
    with time_machine.travel(datetime(2021, 3, 15, 9, tzinfo=clock.SHANGHAI)):
        yield


@pytest.fixture
def scene(app: Flask) -> Scene:
    return make_scene()


def saved(piece: Evidence, scene: Scene, **changes: object) -> None:
    details = replace(Details.of(piece), **changes)  # type: ignore[arg-type]
    evidence_changes.save_details(
        piece, details, seen_version=None, actor=scene.supported_coordinator
    )


# Details


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("pending", EvidenceStatus.PENDING),
        ("accepted", EvidenceStatus.PENDING),
        ("rejected", EvidenceStatus.PENDING),
    ],
)
def test_changed_details_are_kept_told_and_reviewed_anew(
    scene: Scene, before: str, after: EvidenceStatus
) -> None:
    piece = evidence_in(scene.pairing, by=scene.supported_coordinator, name="旧名.pdf")
    if before == "accepted":
        accepted(piece, by=scene.centre)
    if before == "rejected":
        rejected(piece, by=scene.centre)
    saved(piece, scene, title="新名", kind=EvidenceKind.REPORT, proves="已建科")
    assert (piece.title, piece.kind, piece.proves) == ("新名", EvidenceKind.REPORT, "已建科")
    assert (piece.status, piece.reviewed_by_id, piece.review_reason) == (after, None, "")
    told = db.session.query(Event).order_by(Event.id.desc()).first()
    assert told is not None
    assert (told.object_type, told.object_id) == ("evidence", piece.id)
    assert told.details == [
        ["名称", "旧名 → 新名"],
        ["类别", "其他 → 总结报告"],
        ["证明事项", "（空） → 已建科"],
    ]


def test_saving_without_a_change_changes_nothing(scene: Scene) -> None:
    piece = accepted(evidence_in(scene.pairing, by=scene.supported_coordinator), by=scene.centre)
    version, events = piece.version, db.session.query(Event).count()
    saved(piece, scene)
    assert piece.status is EvidenceStatus.ACCEPTED
    assert (piece.version, db.session.query(Event).count()) == (version, events)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "长" * 201}, "title"),
        ({"proves": "长" * 201}, "proves"),
        ({"evidence_on": date(1999, 12, 31)}, "evidence_on"),
        ({"evidence_on": date(2998, 1, 1)}, "evidence_on"),
        ({"expires_on": date(2001, 1, 1)}, "expires_on"),
        ({"expires_on": date(2999, 1, 1)}, "expires_on"),
    ],
)
def test_impossible_details_are_refused_beside_their_field(
    scene: Scene, changes: dict[str, object], field: str
) -> None:
    piece = evidence_in(scene.pairing, by=scene.supported_coordinator)
    with pytest.raises(Rejected) as refusal:
        saved(piece, scene, **changes)
    assert set(refusal.value.fields) == {field}
    assert piece.version == 1


def test_later_of_two_editors_is_told(scene: Scene) -> None:
    piece = evidence_in(scene.pairing, by=scene.supported_coordinator)
    seen = piece.version
    saved(piece, scene, title="先保存的")
    with pytest.raises(StaleEdit):
        evidence_changes.save_details(
            piece,
            replace(Details.of(piece), title="后保存的"),
            seen_version=seen,
            actor=scene.supported_leader,
        )
    assert piece.title == "先保存的"


@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("supported_coordinator", True),
        ("supported_leader", True),
        ("supported_contributor", True),
        ("supporting_coordinator", False),
        ("supporting_contributor", False),
        ("centre", False),
        ("commission", False),
        ("city", False),
        ("foreign_coordinator", False),
        ("expert", False),
    ],
)
def test_only_the_uploader_and_their_hospital_change_details(
    scene: Scene, role: str, may: bool
) -> None:
    piece = evidence_in(scene.pairing, by=scene.supported_contributor)
    details = replace(Details.of(piece), title="改过的名字")
    if may:
        evidence_changes.save_details(piece, details, seen_version=None, actor=getattr(scene, role))
        assert piece.title == "改过的名字"
    else:
        with pytest.raises(Forbidden):
            evidence_changes.save_details(
                piece, details, seen_version=None, actor=getattr(scene, role)
            )


def test_contributor_does_not_change_a_colleagues_piece(scene: Scene) -> None:
    piece = evidence_in(scene.pairing, by=scene.supported_coordinator)
    with pytest.raises(Forbidden):
        replaced(piece, by=scene.supported_contributor)


# Revisions


def test_new_file_stands_in_for_the_old_one_which_stays(scene: Scene) -> None:
    piece = evidence_in(scene.pairing, by=scene.supported_contributor, content=pdf_bytes("一"))
    first = piece.file
    accepted(piece, by=scene.centre)
    replaced(piece, by=scene.supported_coordinator, content=pdf_bytes("二"), note="补盖公章")
    assert [(one.number, one.note) for one in piece.revisions] == [(1, ""), (2, "补盖公章")]
    assert piece.revisions[0].file is first
    assert piece.file is piece.revisions[1].file
    assert piece.file is not first
    assert piece.revision_number == 2
    assert piece.status is EvidenceStatus.PENDING


@pytest.mark.parametrize(
    ("content", "note", "field"),
    [(b"same", "换", "file"), (b"", " ", "note"), (b"", "长" * 201, "note")],
)
def test_revision_needs_another_file_and_a_reason(
    scene: Scene, content: bytes, note: str, field: str
) -> None:
    piece = evidence_in(scene.pairing, by=scene.supported_coordinator, content=pdf_bytes("同"))
    with pytest.raises(Rejected) as refusal:
        replaced(
            piece,
            by=scene.supported_coordinator,
            content=pdf_bytes("同" if content else "新"),
            note=note,
        )
    assert set(refusal.value.fields) == {field}
    assert db.session.query(EvidenceRevision).filter_by(evidence_id=piece.id).count() == 1


def test_returned_round_keeps_the_file_it_showed_when_a_new_version_comes(scene: Scene) -> None:
    task = returned(scene)
    piece = task.evidence_uses[0].evidence
    shown = task.closure_requests[0].evidence[0]["file_id"]
    replaced(piece, by=scene.supported_coordinator)
    closure.request_closure(task, statement="已改", actor=scene.supported_coordinator)
    first, second = task.closure_requests
    assert first.evidence[0]["file_id"] == shown
    assert second.evidence[0]["file_id"] == piece.file_id != shown


# What keeps a piece as it is


def of_task(make: Callable[[Scene], object]) -> Callable[[Scene, Evidence | None], Evidence]:
    def made(scene: Scene, _piece: Evidence | None) -> Evidence:
        piece: Evidence = make(scene).evidence_uses[0].evidence  # type: ignore[attr-defined]
        return piece

    return made


def of_agreement(make: Callable[[Scene], object]) -> Callable[[Scene, Evidence], Evidence]:
    def made(scene: Scene, piece: Evidence) -> Evidence:
        used_at(make(scene), piece, by=scene.supported_coordinator)  # type: ignore[arg-type]
        return piece

    return made


def of_item(make: Callable[[Scene], object], code: str) -> Callable[[Scene, Evidence], Evidence]:
    def made(scene: Scene, piece: Evidence) -> Evidence:
        assessment = make(scene)
        item = score_of(assessment, code).item  # type: ignore[arg-type]
        used_at(assessment, piece, by=scene.supported_coordinator, item=item)  # type: ignore[arg-type]
        return piece

    return made


JUDGED = "1.4"
"""An item that the supporting side scores itself."""

HOLDS = {
    # what uses the piece: how it is said; "" when it may be changed
    "open task": (of_task(task_in_progress), ""),
    "task under review": (of_task(closure_requested), "正在审核"),
    "returned task": (of_task(returned), ""),
    "closed task": (of_task(closed), "已销号任务“"),
    "reopened task": (of_task(reopened), "已销号任务“"),
    "agreement in draft": (of_agreement(draft_agreement), ""),
    "agreement being signed": (of_agreement(signing_agreement), ""),
    "agreement submitted": (of_agreement(submitted_agreement), "正由省中心审核"),
    "agreement returned": (of_agreement(returned_agreement), ""),
    "agreement filed": (of_agreement(filed_agreement), "已备案协议（"),
    "meeting approved": (of_agreement(approved_meeting), ""),
    "self-assessment open": (of_item(self_assessing, JUDGED), ""),
    "self-assessment handed in": (of_item(one_side_submitted, JUDGED), "自评已经提交"),
    "provisional result": (of_item(provisional, JUDGED), "自评已经提交"),
    "final result": (of_item(final_assessment, JUDGED), "已定稿的"),
}


@pytest.mark.parametrize("case", HOLDS)
def test_piece_is_changed_replaced_or_withdrawn_only_while_nothing_rests_on_it(
    scene: Scene, case: str
) -> None:
    make, said = HOLDS[case]
    piece = make(scene, evidence_in(scene.pairing, by=scene.supported_coordinator))
    actor = scene.supported_coordinator
    steps: list[Callable[[], object]] = [
        lambda: saved(piece, scene, title="换个名字"),
        lambda: replaced(piece, by=actor),
        lambda: evidence_changes.withdraw_evidence(piece, reason="错", actor=actor),
    ]
    before = (piece.title, piece.file_id, piece.status)
    for step in steps:
        savepoint = db.session.begin_nested()
        if said:
            with pytest.raises(StepRefused, match=said):
                step()
            assert (piece.title, piece.file_id, piece.status) == before
        else:
            step()
            assert (piece.title, piece.file_id, piece.status) != before
        savepoint.rollback()
    assert [said in hold.sentence for hold in holds_on(piece, viewer=actor)] == (
        [True] if said else []
    )


def test_what_is_frozen_comes_before_what_waits(scene: Scene) -> None:
    waiting, over = closure_requested(scene), closed(scene)
    piece = over.evidence_uses[0].evidence
    used_at(waiting, piece, by=scene.supported_coordinator)
    holds = holds_on(piece, viewer=scene.supported_coordinator)
    assert [hold.for_good for hold in holds] == [True, False]


def test_contributor_is_not_told_the_names_of_tasks_they_do_not_see(scene: Scene) -> None:
    task = task_in_progress(scene)
    piece = evidence_for(task, by=scene.supported_contributor).evidence
    closure.request_closure(task, statement="完成", actor=scene.supported_coordinator)
    (hidden,) = holds_on(piece, viewer=scene.supported_contributor)
    assert task.title not in hidden.sentence
    task.supported_owner = scene.supported_contributor
    (named,) = holds_on(piece, viewer=scene.supported_contributor)
    assert task.title in named.sentence


NAMES = {
    "task under review": "“",
    "closed task": "“",
    "agreement filed": "（",
    "self-assessment handed in": "2020",
    "final result": "“",
}


@pytest.mark.parametrize("case", NAMES)
def test_nobody_is_told_the_name_of_what_another_pairing_uses_the_piece_for(
    scene: Scene, case: str
) -> None:
    piece = HOLDS[case][0](scene, evidence_in(scene.pairing, by=scene.supported_coordinator))
    (seen,) = holds_on(piece, viewer=scene.supporting_coordinator)
    (hidden,) = holds_on(piece, viewer=scene.foreign_coordinator)
    assert NAMES[case] in seen.sentence
    assert not any(mark in hidden.sentence for mark in "“（0123456789")
    assert hidden.for_good is seen.for_good


def test_history_of_a_piece_does_not_name_the_task_it_was_accepted_with(scene: Scene) -> None:
    task = closed(scene)
    piece = task.evidence_uses[0].evidence
    comments = db.session.scalars(
        sa.select(Event.comment).where(Event.object_type == "evidence", Event.object_id == piece.id)
    ).all()
    assert "随任务销号认可" in comments
    assert not any(task.title in comment for comment in comments)


def test_piece_added_after_a_closed_round_is_free(scene: Scene) -> None:
    task = reopened(scene)
    kept = task.evidence_uses[0]
    fresh = evidence_for(task, by=scene.supported_coordinator)
    evidence_uses.remove_use(fresh, actor=scene.supported_coordinator)
    assert fresh not in task.evidence_uses
    with pytest.raises(StepRefused, match="依据"):
        evidence_uses.remove_use(kept, actor=scene.supported_coordinator)


def test_kept_piece_may_leave_a_requirement_it_was_given_later(scene: Scene) -> None:
    task = reopened(scene)
    piece = task.evidence_uses[0].evidence
    later = evidence_uses.use_evidence(
        task, requirement=None, evidence=piece, actor=scene.supported_coordinator
    )
    evidence_uses.remove_use(later, actor=scene.supported_coordinator)
    assert [use.evidence_id for use in task.evidence_uses].count(piece.id) == 1


def test_history_of_a_piece_tells_its_whole_life(scene: Scene) -> None:
    task = task_in_progress(scene)
    piece = services.add_evidence(
        task,
        requirement=task.requirements[0],
        file=evidence_in(scene.pairing, by=scene.supported_coordinator).file,
        title="制度",
        evidence_on=clock.today(),
        kind=EvidenceKind.DOCUMENT,
        actor=scene.supported_coordinator,
    )
    saved(piece, scene, proves="制度已建立")
    rejected(piece, by=scene.supporting_leader)
    replaced(piece, by=scene.supported_leader)
    accepted(piece, by=scene.centre)
    evidence_changes.withdraw_evidence(piece, reason="重复", actor=scene.supported_coordinator)
    told = db.session.query(Event).filter_by(object_type="evidence", object_id=piece.id)
    assert [one.action for one in told.order_by(Event.id)][-5:] == [
        "details_changed",
        "reject",
        "revise",
        "accept",
        "withdraw",
    ]
