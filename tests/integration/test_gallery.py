"""Galleries: thumbnails of a pairing or task, one piece large, turned by plain links."""

from __future__ import annotations

from typing import Any

import pytest

from portal import clock
from portal.models import EvidenceKind, EvidenceStatus, Task
from portal.queries.gallery import PAGE_SIZE
from tests.factories import PASSWORD, Scene, make_scene, showing
from tests.factories.evidence import evidence_for, evidence_in, withdrawn
from tests.factories.plans import plan_in_force
from tests.factories.tasks import make_task
from tests.support.pages import Page, PageClient
from tests.support.queries import count_queries


@pytest.fixture
def scene(session: Any) -> Scene:
    return make_scene()


@pytest.fixture
def task(scene: Scene) -> Task:
    return make_task(
        plan_in_force(scene.pairing, scene), supported_owner=scene.supported_contributor
    )


def titles(page: Page) -> list[str]:
    return page.texts(".gallery-title")


def test_gallery_of_a_pairing_shows_what_stands_with_kind_and_date(
    client: PageClient, scene: Scene
) -> None:
    by = scene.supported_coordinator
    photo = evidence_in(scene.pairing, by=by, name="现场照片.jpg", content=showing.photo())
    photo.kind = EvidenceKind.PHOTO
    evidence_in(scene.pairing, by=by, name="名单.csv", content="甲,乙".encode())
    withdrawn(evidence_in(scene.pairing, by=by, name="撤回.pdf"), by=by)
    evidence_in(scene.foreign, by=scene.foreign_coordinator, name="外单位.pdf")
    refused = evidence_in(scene.pairing, by=by, name="未认可.pdf")
    refused.status, refused.review_reason = EvidenceStatus.REJECTED, "没有盖章"
    refused.reviewed_at, refused.reviewed_by_id = clock.now(), scene.centre.id
    client.login(scene.city, PASSWORD)
    page = client.get(f"/pairings/{scene.pairing_id}/gallery")
    assert titles(page) == ["未认可", "名单", "现场照片"]
    about = page.texts(".gallery-about")
    assert "不予认可" in about[0]
    assert about[2] == f"照片 · {photo.evidence_on.isoformat()}"
    assert [img["src"] for img in page.select(".gallery img")] == [
        f"/files/{refused.file_id}/thumbnail",
        f"/files/{photo.file_id}/thumbnail",
    ]
    assert {img["loading"] for img in page.select(".gallery img")} == {"lazy"}
    assert page.one("a[href$='pack.zip']")


def test_each_piece_has_its_own_address_and_leads_to_its_neighbours(
    client: PageClient, scene: Scene
) -> None:
    by = scene.supported_coordinator
    first, second, third = (
        evidence_in(scene.pairing, by=by, name=f"照片{n}.jpg", content=showing.photo(mark=n))
        for n in range(3)
    )
    client.login(by, PASSWORD)
    here = f"/pairings/{scene.pairing_id}/gallery"
    page = client.get(here, {"item": second.id})
    assert page.h1 == "照片1"
    assert page.one("main img.preview-image")["src"] == f"/files/{second.file_id}/picture"
    assert page.one("a[rel=prev]")["href"] == f"{here}?item={third.id}"
    assert page.one("a[rel=next]")["href"] == f"{here}?item={first.id}"
    back = client.get(str(page.one("a[rel=up]")["href"]).partition("#")[0])
    assert titles(back) == ["照片2", "照片1", "照片0"]
    assert not client.get(here, {"item": third.id}).select("a[rel=prev]")
    assert not client.get(here, {"item": first.id}).select("a[rel=next]")


def test_way_back_leads_to_the_page_a_piece_stands_on(
    client: PageClient, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.queries.gallery.PAGE_SIZE", 2)
    by = scene.supported_coordinator
    pieces = [evidence_in(scene.pairing, by=by, name=f"{n}.pdf") for n in range(5)]
    client.login(by, PASSWORD)
    here = f"/pairings/{scene.pairing_id}/gallery"
    for piece, shown in zip(pieces, ("0", "21", "21", "43", "43"), strict=True):
        up = str(client.get(here, {"item": piece.id}).one("a[rel=up]")["href"])
        assert titles(client.get(up.partition("#")[0])) == list(shown)


def test_gallery_of_a_task_shows_its_own_pieces_only(
    client: PageClient, scene: Scene, task: Task
) -> None:
    mine = evidence_for(task, by=scene.supporting_coordinator, name="本任务.pdf").evidence
    other = evidence_for(make_task(task.plan), by=scene.supporting_coordinator, name="别的.pdf")
    client.login(scene.supported_contributor, PASSWORD)
    page = client.get(f"/tasks/{task.id}/gallery")
    assert titles(page) == ["本任务"]
    assert client.get(f"/tasks/{task.id}/gallery", {"item": mine.id}).status == 200
    assert client.get(f"/tasks/{task.id}/gallery", {"item": other.evidence_id}).status == 404
    assert client.get(f"/tasks/{other.task_id}/gallery").status == 404


@pytest.mark.parametrize("what", ["foreign", "withdrawn", "unknown"])
def test_item_that_is_not_in_the_gallery_is_not_found(
    client: PageClient, scene: Scene, what: str
) -> None:
    by = scene.supported_coordinator
    ids = {
        "foreign": evidence_in(scene.foreign, by=scene.foreign_coordinator).id,
        "withdrawn": withdrawn(evidence_in(scene.pairing, by=by), by=by).id,
        "unknown": 999_999,
    }
    client.login(by, PASSWORD)
    here = f"/pairings/{scene.pairing_id}/gallery"
    assert client.get(here, {"item": ids[what]}).status == 404
    assert client.get(here, {"item": "x'--"}).status == 200


@pytest.mark.parametrize(
    ("role", "pairing", "task_"),
    [
        ("commission", 200, 200),
        ("city", 200, 200),
        ("supported_leader", 200, 200),
        ("supported_contributor", 404, 200),
        ("supporting_contributor", 404, 404),
        ("foreign_coordinator", 404, 404),
        ("expert", 404, 404),
        ("auditor", 404, 404),
    ],
)
def test_each_role_is_answered_at_the_galleries(
    client: PageClient, scene: Scene, task: Task, role: str, pairing: int, task_: int
) -> None:
    client.login(getattr(scene, role), PASSWORD)
    assert client.get(f"/pairings/{scene.pairing_id}/gallery").status == pairing
    assert client.get(f"/tasks/{task.id}/gallery").status == task_


def test_empty_gallery_says_what_belongs_there(
    client: PageClient, scene: Scene, task: Task
) -> None:
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(f"/pairings/{scene.pairing_id}/gallery")
    assert "还没有可以浏览的佐证材料" in page.text
    assert page.one(".empty a")["href"] == f"/pairings/{scene.pairing_id}/tasks"
    own = client.get(f"/tasks/{task.id}/gallery")
    assert own.one(".empty a")["href"] == f"/tasks/{task.id}"


def test_gallery_turns_its_pages_in_a_fixed_number_of_questions(
    client: PageClient, scene: Scene
) -> None:
    by, here = scene.supported_coordinator, f"/pairings/{scene.pairing_id}/gallery"
    client.login(by, PASSWORD)
    evidence_in(scene.pairing, by=by)
    with count_queries() as few:
        client.get(here)
    for _ in range(PAGE_SIZE + 2):
        piece = evidence_in(scene.pairing, by=by)
    with count_queries() as many:
        first = client.get(here)
    many.at_most(5)
    assert len(many) == len(few), str(many)
    assert len(titles(first)) == PAGE_SIZE
    second = client.get(str(first.one("a[rel=next]")["href"]))
    assert len(titles(second)) == 3
    assert titles(client.get(str(second.one("a[rel=prev]")["href"]))) == titles(first)
    with count_queries() as one:
        client.get(here, {"item": piece.id})
    one.at_most(6)
