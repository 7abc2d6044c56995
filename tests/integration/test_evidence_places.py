"""Evidence beyond tasks: of meetings, agreements and score items, and who sees it there."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
import time_machine

from portal import clock
from portal.errors import Rejected
from portal.extensions import db
from portal.models import Assessment, Event, Evidence, EvidenceStatus, EvidenceUse, Pairing, Side
from portal.policies.assessments import scoring_side
from portal.policies.evidence_places import Place
from portal.services import assessment_reviews, assessments, evidence_uses, first_run
from portal.services import evidence as services
from tests.factories import PASSWORD, Scene, make_scene
from tests.factories.agreements import (
    draft_agreement,
    filed_agreement,
    returned_agreement,
    signing_agreement,
    submitted_agreement,
)
from tests.factories.assessments import one_side_submitted, score_of, self_assessing, submitted
from tests.factories.evidence import evidence_in, replaced, used_at, withdrawn
from tests.factories.meetings import (
    approved_meeting,
    cancelled_meeting,
    held_meeting,
    planned_meeting,
)
from tests.factories.plans import plan_in_force
from tests.factories.scenes import make_pairing, make_programme
from tests.factories.tasks import make_task
from tests.support.pages import PageClient
from tests.support.queries import count_queries

JUDGED = "1.4"
"""An item that the supporting side scores itself."""


@pytest.fixture(autouse=True)
def march_2021() -> Iterator[None]:
    """Ten months into the programme."""
    with time_machine.travel(datetime(2021, 3, 15, 9, tzinfo=clock.SHANGHAI)):
        yield


@pytest.fixture
def scene(session: Any) -> Scene:
    return make_scene()


def address_of(target: object, item_id: int | None = None) -> str:
    kind = type(target).__name__.lower()
    part = f"/items/{item_id}" if item_id else ""
    return f"/{kind}s/{target.id}{part}/evidence/use"  # type: ignore[attr-defined]


def item_of(assessment: Assessment, code: str = JUDGED) -> Any:
    return score_of(assessment, code).item


# Search, tick, done


@pytest.mark.parametrize(
    ("make", "role"),
    [
        (planned_meeting, "supported_coordinator"),
        (held_meeting, "supporting_leader"),
        (draft_agreement, "supporting_coordinator"),
        (returned_agreement, "supported_coordinator"),
        (signing_agreement, "supported_coordinator"),
        (self_assessing, "supporting_leader"),
    ],
)
def test_piece_is_attached_in_two_actions_and_taken_away_again(
    client: PageClient, scene: Scene, make: Callable[[Scene], Any], role: str
) -> None:
    target = make(scene)
    item = item_of(target) if isinstance(target, Assessment) else None
    piece = evidence_in(scene.pairing, by=scene.supported_coordinator, name="活动照片.png.pdf")
    other = evidence_in(scene.pairing, by=scene.supported_coordinator, name="签到表.pdf")
    evidence_in(scene.foreign, by=scene.foreign_coordinator, name="活动外单位.pdf")
    client.login(getattr(scene, role), PASSWORD)
    address = address_of(target, item.id if item else None)
    page = client.get(address, {"q": "活动"})
    assert [box["value"] for box in page.select("input[name=evidence]")] == [str(piece.id)]
    assert not page.select("#requirement")
    answer = client.submit(page, "main form[method=post]", evidence=str(piece.id))
    assert answer.status == 303
    shown = client.get(answer.location)
    assert piece.title in shown.text
    (use,) = db.session.query(EvidenceUse).all()
    assert (use.evidence_id, use.item_id) == (piece.id, item.id if item else None)
    assert use.added_by_id == getattr(scene, role).id
    again = client.get(address)
    assert [box["value"] for box in again.select("input[name=evidence]")] == [str(other.id)]
    told = db.session.query(Event).filter_by(action="evidence_used").one()
    assert told.object_id == target.id
    removed = client.post(f"/evidence/uses/{use.id}/remove")
    assert removed.status == 303
    assert db.session.query(EvidenceUse).count() == 0
    assert db.session.get(Evidence, piece.id) is not None


LOCKED: dict[str, tuple[Callable[[Scene], Any], str, str]] = {
    "meeting approved": (approved_meeting, "supported_coordinator", "会议纪要已批准"),
    "meeting called off": (cancelled_meeting, "supported_coordinator", "会议已取消"),
    "agreement submitted": (submitted_agreement, "supported_coordinator", "待备案"),
    "agreement filed": (filed_agreement, "supported_coordinator", "已备案"),
    "own side handed in": (one_side_submitted, "supporting_coordinator", "自评已提交"),
    "both sides handed in": (submitted, "supporting_coordinator", "自评材料不能变动"),
}


@pytest.mark.parametrize("case", LOCKED)
def test_nothing_is_attached_to_or_taken_from_what_is_decided(
    client: PageClient, scene: Scene, case: str
) -> None:
    make, role, said = LOCKED[case]
    target = make(scene)
    item = item_of(target) if isinstance(target, Assessment) else None
    piece, other = (evidence_in(scene.pairing, by=scene.supported_coordinator) for _ in range(2))
    use = used_at(target, piece, by=scene.supported_coordinator, item=item)
    client.login(getattr(scene, role), PASSWORD)
    address = address_of(target, item.id if item else None)
    page = client.get(address)
    assert page.status == 409
    assert "您写的文字" not in page.text
    answer = client.post(address, {"evidence": str(other.id)})
    assert answer.status == 409
    assert said in answer.text
    assert client.post(f"/evidence/uses/{use.id}/remove").status == 409
    assert [one.id for one in db.session.query(EvidenceUse)] == [use.id]
    assert not client.get(f"/evidence/{piece.id}").select("#uses form")


@pytest.mark.parametrize(
    ("make", "role", "status"),
    [
        (planned_meeting, "supporting_contributor", 404),
        (planned_meeting, "centre", 403),
        (planned_meeting, "city", 403),
        (planned_meeting, "foreign_leader", 404),
        (draft_agreement, "supporting_leader", 403),
        (draft_agreement, "centre", 403),
        (draft_agreement, "foreign_coordinator", 404),
        (self_assessing, "supported_coordinator", 403),
        (self_assessing, "centre", 403),
        (self_assessing, "foreign_coordinator", 404),
    ],
)
def test_only_who_may_edit_it_attaches(
    client: PageClient, scene: Scene, make: Callable[[Scene], Any], role: str, status: int
) -> None:
    target = make(scene)
    item = item_of(target) if isinstance(target, Assessment) else None
    piece = evidence_in(scene.pairing, by=scene.supported_coordinator)
    use = used_at(target, piece, by=scene.supported_coordinator, item=item)
    client.login(getattr(scene, role), PASSWORD)
    address = address_of(target, item.id if item else None)
    assert client.get(address).status == status
    assert client.post(address, {"evidence": str(piece.id)}).status == status
    assert client.post(f"/evidence/uses/{use.id}/remove").status == status
    assert db.session.query(EvidenceUse).count() == 1


def test_item_that_the_ledger_scores_takes_no_pieces(client: PageClient, scene: Scene) -> None:
    assessment = self_assessing(scene)
    automatic = item_of(assessment, "1.1")
    client.login(scene.supporting_coordinator, PASSWORD)
    answer = client.get(address_of(assessment, automatic.id))
    assert answer.status == 403
    assert "台账自动计分" in answer.text


def test_double_click_attaches_once(client: PageClient, scene: Scene) -> None:
    meeting = planned_meeting(scene)
    piece = evidence_in(scene.pairing, by=scene.supported_coordinator)
    client.login(scene.supported_coordinator, PASSWORD)
    for key in ("same", "same", "another"):
        data = {"evidence": str(piece.id), "_once": key}
        client.post(f"/meetings/{meeting.id}/evidence/use", data)
    assert db.session.query(EvidenceUse).count() == 1


def test_new_file_for_a_meeting_goes_into_the_library_at_once(scene: Scene) -> None:
    meeting = planned_meeting(scene)
    file = evidence_in(scene.foreign, by=scene.foreign_coordinator).file
    piece = services.add_to_library(
        scene.pairing,
        file=file,
        title="签到表",
        evidence_on=clock.today(),
        meeting=meeting,
        actor=scene.supported_coordinator,
    )
    assert [use.meeting_id for use in piece.uses] == [meeting.id]
    alone = services.add_to_library(
        scene.pairing,
        file=file,
        title="签到表",
        evidence_on=clock.today(),
        actor=scene.supported_coordinator,
    )
    assert alone is piece


def test_photo_is_taken_for_a_photo_and_a_sheet_for_data(scene: Scene) -> None:
    cases = {
        "image/jpeg": "photo",
        "video/mp4": "video",
        "text/csv": "data",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "data",
        "application/pdf": "other",
    }
    file = evidence_in(scene.pairing, by=scene.supported_coordinator).file
    for media_type, kind in cases.items():
        file.media_type = media_type
        assert services.kind_of(file).value == kind


# A hospital's piece in another of its pairings


@pytest.fixture
def sister(scene: Scene) -> Pairing:
    """The supporting hospital's pairing with the foreign one."""
    programme = make_programme(name="下一帮扶周期")
    return make_pairing(programme, scene.pairing.supporting, scene.foreign.supporting)


def test_own_piece_serves_another_pairing_of_the_hospital(
    client: PageClient, scene: Scene, sister: Pairing
) -> None:
    task = make_task(plan_in_force(sister, scene), title="姊妹结对的任务")
    own = evidence_in(scene.pairing, by=scene.supporting_coordinator, name="师资名单.pdf")
    others = evidence_in(scene.pairing, by=scene.supported_coordinator, name="对方材料.pdf")
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(f"/tasks/{task.id}/evidence/use")
    assert [box["value"] for box in page.select("input[name=evidence]")] == [str(own.id)]
    client.submit(page, "main form[method=post]", evidence=str(own.id), requirement="0")
    assert [use.task_id for use in db.session.query(EvidenceUse)] == [task.id]
    with pytest.raises(Rejected, match="本结对或本单位"):
        evidence_uses.use_for(Place(task), others, actor=scene.supporting_coordinator)


@pytest.mark.parametrize("backs", ["task", "meeting", "agreement", "item"])
def test_who_sees_the_thing_sees_the_piece_and_its_files_and_nothing_else(
    client: PageClient,
    new_client: Callable[[], PageClient],
    scene: Scene,
    sister: Pairing,
    backs: str,
) -> None:
    """The foreign hospital is in the sister pairing, and so sees what backs something there."""
    piece = evidence_in(scene.pairing, by=scene.supporting_coordinator, name="共用.pdf")
    hidden = evidence_in(scene.pairing, by=scene.supporting_coordinator, name="不共用.pdf")
    replaced(piece, by=scene.supporting_coordinator)
    secret = make_task(plan_in_force(scene.pairing, scene), title="本结对的机密任务")
    used_at(secret, piece, by=scene.supporting_coordinator)
    reader = scene.foreign_coordinator
    assert reader.organisation_id == sister.supported_id
    client.login(reader, PASSWORD)
    before = [f"/evidence/{piece.id}", f"/files/{piece.file_id}"]
    assert {client.get(address).status for address in before} == {404}
    item = None
    if backs == "task":
        target: Any = make_task(plan_in_force(sister, scene))
    elif backs == "meeting":
        target = planned_meeting(scene, pairing=sister)
    elif backs == "agreement":
        target = draft_agreement(scene, sister)
    else:
        sister.programme.scheme = first_run.load_scheme()
        (target,) = assessments.open_assessments(
            sister.programme, [sister], year=2020, actor=scene.centre
        )
        item = item_of(target)
    used_at(target, piece, by=scene.supporting_coordinator, item=item)
    page = client.get(f"/evidence/{piece.id}")
    assert page.status == 200
    assert secret.title not in page.text
    assert len(page.select("#uses li")) == 1
    for one in piece.revisions:
        assert client.get(f"/files/{one.file_id}").status == 200
    for address in (f"/evidence/{hidden.id}", f"/files/{hidden.file_id}"):
        assert client.get(address).status == 404
    assert client.get(f"/tasks/{secret.id}").status == 404
    library = client.get("/evidence", {"organisation": "all"})
    assert library.texts("tbody th a") == ["共用"]
    assert secret.title not in library.text
    for role in ("supported_contributor", "expert", "administrator", "auditor"):
        other = new_client()
        other.login(getattr(scene, role), PASSWORD)
        assert other.get(f"/files/{piece.file_id}").status == 404, role
        assert other.get(f"/evidence/{piece.id}").status == 404, role


def test_contributor_sees_a_piece_only_through_their_own_task(
    client: PageClient, scene: Scene
) -> None:
    task = make_task(
        plan_in_force(scene.pairing, scene), supported_owner=scene.supported_contributor
    )
    used = evidence_in(scene.pairing, by=scene.supporting_coordinator)
    replaced(used, by=scene.supporting_coordinator)
    used_at(task, used, by=scene.supporting_coordinator)
    of_meeting = evidence_in(scene.pairing, by=scene.supporting_coordinator)
    used_at(planned_meeting(scene), of_meeting, by=scene.supporting_coordinator)
    client.login(scene.supported_contributor, PASSWORD)
    assert client.get(f"/evidence/{used.id}").status == 200
    assert {client.get(f"/files/{one.file_id}").status for one in used.revisions} == {200}
    assert client.get(f"/evidence/{of_meeting.id}").status == 404
    assert client.get(f"/files/{of_meeting.file_id}").status == 404


def test_expert_opens_only_what_their_assessments_rest_on(client: PageClient, scene: Scene) -> None:
    assessment = self_assessing(scene)
    assessment_reviews.assign_expert(assessment, scene.expert, actor=scene.centre)
    elsewhere = self_assessing(scene, year=2021)
    task = make_task(plan_in_force(scene.pairing, scene))
    made: dict[str, Evidence] = {}
    for name, target in (
        ("item", assessment),
        ("task", task),
        ("other year", elsewhere),
        ("meeting", planned_meeting(scene)),
        ("withdrawn", assessment),
    ):
        made[name] = evidence_in(scene.pairing, by=scene.supporting_coordinator)
        item = item_of(target) if isinstance(target, Assessment) else None
        used_at(target, made[name], by=scene.supporting_coordinator, item=item)
    withdrawn(made["withdrawn"], by=scene.supporting_coordinator)
    made["unused"] = evidence_in(scene.pairing, by=scene.supporting_coordinator)
    client.login(scene.expert, PASSWORD)
    opened = {
        name for name, piece in made.items() if client.get(f"/files/{piece.file_id}").status == 200
    }
    assert opened == {"item", "task"}
    sheet = client.get(f"/assessments/{assessment.id}")
    assert made["item"].title in sheet.text
    assert not sheet.select(f"a[href='/evidence/{made['item'].id}']")


# The pages


def test_sheet_offers_pieces_for_the_own_items_only_and_asks_once(
    client: PageClient, scene: Scene
) -> None:
    assessment = self_assessing(scene)
    own = {
        score.item_id for score in assessment.scores if scoring_side(score.item) is Side.SUPPORTED
    }
    client.login(scene.supported_coordinator, PASSWORD)
    with count_queries() as few:
        page = client.get(f"/assessments/{assessment.id}")
    links = page.select(".proof-list a[href$='/evidence/use']")
    offered = {int(str(link["href"]).split("/")[4]) for link in links}
    assert offered == own
    for item_id in own:
        item = next(score.item for score in assessment.scores if score.item_id == item_id)
        piece = evidence_in(scene.pairing, by=scene.supported_coordinator)
        used_at(assessment, piece, by=scene.supported_coordinator, item=item)
    with count_queries() as many:
        client.get(f"/assessments/{assessment.id}")
    many.at_most(len(few))


@pytest.mark.parametrize("make", [approved_meeting, filed_agreement])
def test_page_without_attachments_has_no_empty_panel(
    client: PageClient, scene: Scene, make: Callable[[Scene], Any]
) -> None:
    target = make(scene)
    client.login(scene.commission, PASSWORD)
    address = f"/{type(target).__name__.lower()}s/{target.id}"
    assert not client.get(address).select("#attachments")
    piece = evidence_in(scene.pairing, by=scene.supported_coordinator)
    used_at(target, piece, by=scene.supported_coordinator)
    page = client.get(address)
    assert piece.title in page.one("#attachments").get_text()
    assert not page.select("#attachments form, #attachments a[href$='/use']")
    assert piece.status is EvidenceStatus.PENDING
