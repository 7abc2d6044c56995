"""Who may work on a task, in which state: every role, every state, through the services."""

from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest

from portal import clock
from portal.errors import Forbidden, Rejected, StepRefused
from portal.extensions import db
from portal.models import (
    Event,
    Evidence,
    EvidenceUse,
    PlanState,
    ProgressNote,
    StoredFile,
    Task,
    TaskState,
    User,
)
from portal.services import evidence_changes, evidence_uses
from portal.services import tasks as service
from portal.services.upload_forms import look_at, take_whole
from portal.workflow.tasks import turn_of
from tests.factories import Scene, make_scene, make_user
from tests.factories.closures import closed, plan_of, reopened, returned, task_in, task_in_progress
from tests.factories.evidence import evidence_in, pdf_bytes

WORKERS = {
    "supporting_coordinator",
    "supporting_leader",
    "supporting_contributor",
    "supported_coordinator",
    "supported_leader",
    "supported_contributor",
}
ROLES = [
    *sorted(WORKERS),
    "commission",
    "centre",
    "city",
    "foreign_coordinator",
    "foreign_leader",
    "expert",
    "administrator",
    "auditor",
]
OPEN = {TaskState.NOT_STARTED, TaskState.IN_PROGRESS}


def start(task: Task, actor: User) -> None:
    service.start_task(task, actor=actor)


def write_note(task: Task, actor: User) -> ProgressNote:
    return service.add_note(task, progress=50, body="已完成一半。", actor=actor)


def attach(task: Task, actor: User) -> Any:
    files = look_at([(task.requirements[0], "新材料.pdf", BytesIO(pdf_bytes("新")))])
    return take_whole(task, files, evidence_on=clock.today(), actor=actor)


def reuse(task: Task, actor: User) -> EvidenceUse:
    piece = db.session.query(Evidence).filter_by(title="库中材料").one()
    return evidence_uses.use_evidence(
        task, requirement=task.requirements[0], evidence=piece, actor=actor
    )


@pytest.fixture
def scene(session: Any) -> Scene:
    scene = make_scene()
    plan_of(scene)
    evidence_in(scene.pairing, by=scene.supported_coordinator, name="库中材料.pdf")
    return scene


def given(scene: Scene, state: TaskState) -> Task:
    """A task in ``state`` that both contributors are in charge of."""
    task = task_in(state, scene)
    task.supporting_owner = scene.supporting_contributor
    task.supported_owner = scene.supported_contributor
    db.session.flush()
    return task


def counts() -> tuple[int, ...]:
    kinds = (ProgressNote, Evidence, EvidenceUse, StoredFile, Event)
    return tuple(db.session.query(kind).count() for kind in kinds)


@pytest.mark.parametrize("state", TaskState)
@pytest.mark.parametrize("role", ROLES)
def test_each_role_works_on_a_task_only_while_it_is_open(
    scene: Scene, role: str, state: TaskState
) -> None:
    task, actor = given(scene, state), getattr(scene, role)
    for act in (write_note, attach, reuse):
        before = counts()
        if role in WORKERS and state in OPEN:
            act(task, actor)
            assert task.state is TaskState.IN_PROGRESS
            assert counts() != before
            continue
        with pytest.raises(StepRefused if role in WORKERS else Forbidden):
            act(task, actor)
        assert task.state is state
        assert counts() == before


@pytest.mark.parametrize("role", ROLES)
def test_each_role_starts_a_task_only_if_it_may_work_on_it(scene: Scene, role: str) -> None:
    task, actor = given(scene, TaskState.NOT_STARTED), getattr(scene, role)
    if role in WORKERS:
        service.start_task(task, actor=actor)
        assert task.state is TaskState.IN_PROGRESS
    else:
        with pytest.raises(Forbidden):
            service.start_task(task, actor=actor)
        assert task.state is TaskState.NOT_STARTED


@pytest.mark.parametrize("state", [one for one in TaskState if one is not TaskState.NOT_STARTED])
def test_coordinator_cannot_start_a_task_twice(scene: Scene, state: TaskState) -> None:
    task = task_in(state, scene)
    with pytest.raises(StepRefused):
        service.start_task(task, actor=scene.supported_coordinator)
    assert task.state is state


@pytest.mark.parametrize("state", [one for one in PlanState if one is not PlanState.IN_FORCE])
def test_coordinator_works_only_while_the_plan_is_in_force(scene: Scene, state: PlanState) -> None:
    task = given(scene, TaskState.NOT_STARTED)
    task.plan.state = state
    before = counts()
    for act in (write_note, attach, reuse, start):
        with pytest.raises(StepRefused):
            act(task, scene.supported_coordinator)
    assert (task.state, counts()) == (TaskState.NOT_STARTED, before)


def test_contributor_works_only_on_the_task_given_to_them(scene: Scene) -> None:
    task = task_in_progress(scene)
    for contributor in (scene.supporting_contributor, scene.supported_contributor):
        with pytest.raises(Forbidden, match="没有交给您"):
            write_note(task, contributor)
    task.supported_owner = scene.supported_contributor
    assert write_note(task, scene.supported_contributor).progress == 50


@pytest.mark.parametrize(
    ("progress", "body", "field"),
    [(101, "好", "progress"), (-1, "好", "progress"), (5, "  ", "body"), (5, "长" * 5001, "body")],
)
def test_coordinator_is_told_what_a_note_lacks(
    scene: Scene, progress: int, body: str, field: str
) -> None:
    task = task_in_progress(scene)
    with pytest.raises(Rejected) as refusal:
        service.add_note(task, progress=progress, body=body, actor=scene.supported_coordinator)
    assert list(refusal.value.fields) == [field]
    assert task.progress == 0


def test_second_note_moves_the_progress_and_the_record_says_from_where(scene: Scene) -> None:
    task = task_in_progress(scene)
    for progress in (30, 80):
        service.add_note(task, progress=progress, body="进展", actor=scene.supporting_leader)
    last = db.session.query(Event).filter_by(action="noted").order_by(Event.id.desc()).first()
    assert task.progress == 80
    assert last is not None
    assert last.details == [["完成比例", "30% → 80%"]]


# Owners


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("side", ["supporting", "supported"])
def test_only_a_sides_own_coordinator_names_its_owner(scene: Scene, role: str, side: str) -> None:
    task = task_in_progress(scene)
    chosen = getattr(scene, f"{side}_contributor")
    owners = {"supporting_owner": None, "supported_owner": None, f"{side}_owner": chosen}
    if role == f"{side}_coordinator":
        service.assign_owners(task, **owners, actor=getattr(scene, role))
        assert getattr(task, f"{side}_owner") is chosen
        return
    with pytest.raises(Forbidden):
        service.assign_owners(task, **owners, actor=getattr(scene, role))
    assert (task.supporting_owner, task.supported_owner) == (None, None)


def test_coordinator_cannot_put_strangers_or_closed_accounts_in_charge(scene: Scene) -> None:
    task = task_in_progress(scene)
    gone = make_user(scene.supported_contributor.role, scene.pairing.supported)
    gone.is_active = False
    for person in (scene.supporting_contributor, scene.foreign_coordinator, scene.centre, gone):
        with pytest.raises(Rejected, match="本单位"):
            service.assign_owners(
                task,
                supporting_owner=None,
                supported_owner=person,
                actor=scene.supported_coordinator,
            )
        assert task.supported_owner is None


def test_coordinator_cannot_change_the_owner_of_a_closed_task(scene: Scene) -> None:
    task = closed(scene)
    with pytest.raises(StepRefused, match="已销号"):
        service.assign_owners(
            task,
            supporting_owner=None,
            supported_owner=scene.supported_contributor,
            actor=scene.supported_coordinator,
        )


# Evidence


def test_coordinator_cannot_date_evidence_in_the_future(scene: Scene) -> None:
    task = task_in_progress(scene)
    files = look_at([(task.requirements[0], "新.pdf", BytesIO(pdf_bytes("新")))])
    with pytest.raises(Rejected, match="不能晚于今天"):
        take_whole(
            task,
            files,
            evidence_on=clock.today() + timedelta(days=1),
            actor=scene.supported_coordinator,
        )


def test_coordinator_cannot_use_evidence_or_requirements_of_others(scene: Scene) -> None:
    task, other = task_in_progress(scene), task_in_progress(scene)
    mine = evidence_in(scene.pairing, by=scene.supported_coordinator)
    foreign = evidence_in(scene.foreign, by=scene.foreign_coordinator)
    use = evidence_uses.use_evidence
    with pytest.raises(Rejected, match="本结对"):
        use(task, requirement=None, evidence=foreign, actor=scene.supported_coordinator)
    with pytest.raises(Rejected, match="本任务"):
        use(
            task,
            requirement=other.requirements[0],
            evidence=mine,
            actor=scene.supported_coordinator,
        )
    with pytest.raises(Rejected, match="本任务的材料要求"):
        take_whole(
            task,
            look_at([(other.requirements[0], "新.pdf", BytesIO(pdf_bytes("新")))]),
            evidence_on=clock.today(),
            actor=scene.supported_coordinator,
        )


def test_using_a_piece_twice_for_one_requirement_changes_nothing(scene: Scene) -> None:
    task = task_in_progress(scene)
    piece = evidence_in(scene.pairing, by=scene.supported_coordinator)
    for requirement in (task.requirements[0], None):
        uses = [
            evidence_uses.use_evidence(
                task, requirement=requirement, evidence=piece, actor=scene.supported_leader
            )
            for _ in range(2)
        ]
        assert uses[0] is uses[1]
    assert sum(use.evidence is piece for use in task.evidence_uses) == 2


@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("supported_coordinator", True),
        ("supported_leader", True),
        ("supported_contributor", True),
        ("supporting_coordinator", False),
        ("supporting_leader", False),
        ("supporting_contributor", False),
        ("centre", False),
        ("foreign_coordinator", False),
    ],
)
def test_only_the_uploader_and_their_hospital_withdraw_evidence(
    scene: Scene, role: str, may: bool
) -> None:
    piece = evidence_in(scene.pairing, by=scene.supported_contributor)
    actor = getattr(scene, role)
    if may:
        evidence_changes.withdraw_evidence(piece, reason=" 传错了 ", actor=actor)
        assert (piece.withdrawn_by_id, piece.withdrawn_reason) == (actor.id, "传错了")
        with pytest.raises(StepRefused, match="已经撤回"):
            evidence_changes.withdraw_evidence(piece, reason="再撤", actor=actor)
    else:
        with pytest.raises(Forbidden):
            evidence_changes.withdraw_evidence(piece, reason="传错了", actor=actor)
        assert piece.withdrawn_at is None


def test_coordinator_must_say_why_evidence_is_withdrawn(scene: Scene) -> None:
    piece = evidence_in(scene.pairing, by=scene.supported_coordinator)
    with pytest.raises(Rejected, match="理由"):
        evidence_changes.withdraw_evidence(piece, reason="  ", actor=scene.supported_coordinator)


@pytest.mark.parametrize("state", TaskState)
def test_evidence_is_withdrawn_only_while_its_task_is_open(scene: Scene, state: TaskState) -> None:
    task = task_in(state, scene)
    if state is TaskState.NOT_STARTED:
        attach(task, scene.supported_coordinator)
    piece = task.evidence_uses[0].evidence
    if state in OPEN:
        evidence_changes.withdraw_evidence(piece, reason="错", actor=scene.supported_coordinator)
        last = db.session.query(Event).order_by(Event.id.desc()).first()
        assert last is not None
        assert (last.object_id, last.title, last.comment) == (task.id, "撤回佐证材料", "错")
        return
    with pytest.raises(StepRefused):
        evidence_changes.withdraw_evidence(piece, reason="错", actor=scene.supported_coordinator)
    assert piece.withdrawn_at is None


def test_evidence_of_a_closed_round_stays_even_when_the_task_is_reopened(scene: Scene) -> None:
    task = reopened(scene)
    kept = task.evidence_uses[0]
    with pytest.raises(StepRefused, match="依据"):
        evidence_changes.withdraw_evidence(
            kept.evidence, reason="错", actor=scene.supported_coordinator
        )
    with pytest.raises(StepRefused, match="依据"):
        evidence_uses.remove_use(kept, actor=scene.supported_coordinator)
    (added,) = attach(task, scene.supported_coordinator)
    evidence_changes.withdraw_evidence(
        added.evidence, reason="错", actor=scene.supported_coordinator
    )
    assert added.evidence.withdrawn_at is not None


def test_evidence_of_a_returned_round_can_be_mended(scene: Scene) -> None:
    task = returned(scene)
    use = task.evidence_uses[0]
    evidence_uses.remove_use(use, actor=scene.supported_coordinator)
    assert use not in task.evidence_uses
    assert db.session.get(Evidence, use.evidence_id) is not None


def test_withdrawn_file_can_be_uploaded_again_as_a_new_piece(scene: Scene) -> None:
    task = task_in_progress(scene)
    (first,) = attach(task, scene.supported_coordinator)
    evidence_changes.withdraw_evidence(
        first.evidence, reason="放错任务", actor=scene.supported_coordinator
    )
    (second,) = attach(task, scene.supported_coordinator)
    assert second.evidence is not first.evidence


def test_nobody_is_waited_for_before_the_task_is_to_begin(scene: Scene) -> None:
    task = task_in(TaskState.NOT_STARTED, scene)
    assert turn_of(task, task.starts_on - timedelta(days=1)) is None
    turn = turn_of(task, task.starts_on)
    assert turn is not None
    assert turn.days == 0
