"""Opening uploaded files: who may, and with which headers."""

from typing import Any
from urllib.parse import quote

import pytest

from portal.errors import NotVisible
from portal.extensions import db
from portal.models import Evidence, Plan, StoredFile, User
from portal.policies.files import visible_evidence, visible_files
from portal.queries.files import get_file
from tests.factories import PASSWORD, Scene, make_scene, make_user
from tests.factories.assessments import in_review
from tests.factories.evidence import (
    evidence_for,
    evidence_in,
    office_bytes,
    ole_bytes,
    pdf_bytes,
    png_bytes,
    withdrawn,
)
from tests.factories.plans import plan_in_force
from tests.factories.tasks import make_task
from tests.support.pages import PageClient

# Who opens: a file of the pairing that no task uses, one behind a task given to the
# contributors, one behind another task, and one of a foreign pairing.
OWN, GIVEN, OTHER, FOREIGN = "library", "given", "other", "foreign"
EVERYTHING = {OWN, GIVEN, OTHER, FOREIGN}
OF_THE_PAIRING = {OWN, GIVEN, OTHER}
OPENS = {
    "commission": EVERYTHING,
    "centre": EVERYTHING,
    "city": OF_THE_PAIRING,
    "supporting_coordinator": OF_THE_PAIRING,
    "supporting_leader": OF_THE_PAIRING,
    "supporting_contributor": {GIVEN},
    "supported_coordinator": OF_THE_PAIRING,
    "supported_leader": OF_THE_PAIRING,
    "supported_contributor": {GIVEN},
    "foreign_coordinator": {FOREIGN},
    "foreign_leader": {FOREIGN},
    "expert": set(),
    "administrator": set(),
    "auditor": set(),
}


@pytest.fixture
def scene(session: Any) -> Scene:
    return make_scene()


@pytest.fixture
def files(scene: Scene) -> dict[str, StoredFile]:
    plan = plan_in_force(scene.pairing, scene)
    given = make_task(
        plan,
        supporting_owner=scene.supporting_contributor,
        supported_owner=scene.supported_contributor,
    )
    by = scene.supported_coordinator
    return {
        OWN: evidence_in(scene.pairing, by=by).file,
        GIVEN: evidence_for(given, by=by).evidence.file,
        OTHER: evidence_for(make_task(plan), by=by).evidence.file,
        FOREIGN: evidence_in(scene.foreign, by=scene.foreign_coordinator).file,
    }


@pytest.mark.parametrize(("role", "opens"), OPENS.items(), ids=list(OPENS))
def test_each_role_opens_its_files_and_no_other(
    scene: Scene, files: dict[str, StoredFile], role: str, opens: set[str]
) -> None:
    viewer: User = getattr(scene, role)
    for name, file in files.items():
        if name in opens:
            assert get_file(file.id, viewer=viewer) is file, name
        else:
            with pytest.raises(NotVisible):
                get_file(file.id, viewer=viewer)
    seen = set(db.session.scalars(db.select(StoredFile).where(visible_files(viewer))))
    assert seen == {files[name] for name in opens}


@pytest.mark.parametrize("role", sorted(set(OPENS) - {"expert"}))
def test_each_role_sees_the_evidence_of_the_files_it_opens(
    scene: Scene, files: dict[str, StoredFile], role: str
) -> None:
    pieces = db.session.scalars(db.select(Evidence).where(visible_evidence(getattr(scene, role))))
    assert {piece.file for piece in pieces} == {files[name] for name in OPENS[role]}


@pytest.mark.parametrize(("role", "opens"), OPENS.items(), ids=list(OPENS))
def test_each_role_gets_404_at_the_address_of_a_hidden_file(
    client: PageClient, scene: Scene, files: dict[str, StoredFile], role: str, opens: set[str]
) -> None:
    client.login(getattr(scene, role), PASSWORD)
    answers = {name: client.get(f"/files/{file.id}").status for name, file in files.items()}
    assert answers == {name: 200 if name in opens else 404 for name in files}


def test_contributor_opens_what_they_uploaded_themselves(scene: Scene) -> None:
    mine = evidence_in(scene.pairing, by=scene.supported_contributor)
    assert get_file(mine.file_id, viewer=scene.supported_contributor) is mine.file
    with pytest.raises(NotVisible):
        get_file(mine.file_id, viewer=scene.supporting_contributor)


@pytest.mark.parametrize(("hospital", "opens"), [("supported", True), ("foreign", False)])
def test_contributor_keeps_files_only_while_in_one_of_the_two_hospitals(
    scene: Scene, files: dict[str, StoredFile], hospital: str, opens: bool
) -> None:
    viewer = scene.supported_contributor
    mine = evidence_in(scene.pairing, by=viewer).file
    pairing = scene.pairing if hospital == "supported" else scene.foreign
    viewer.organisation = pairing.supported
    db.session.flush()
    expected = {mine, files[GIVEN]} if opens else set()
    assert set(db.session.scalars(db.select(StoredFile).where(visible_files(viewer)))) == expected
    pieces = db.session.scalars(db.select(Evidence).where(visible_evidence(viewer)))
    assert {piece.file for piece in pieces} == expected


def test_expert_opens_the_evidence_of_an_assigned_assessment_only(
    scene: Scene, files: dict[str, StoredFile]
) -> None:
    in_review(scene, expert=scene.expert)
    plan = db.session.query(Plan).filter_by(pairing_id=scene.pairing_id).one()
    gone = evidence_for(make_task(plan), by=scene.supported_coordinator).evidence
    withdrawn(gone, by=scene.supported_coordinator)
    seen = set(db.session.scalars(db.select(StoredFile).where(visible_files(scene.expert))))
    assert seen == {files[GIVEN], files[OTHER]}
    another = make_user(scene.expert.role)
    assert not db.session.scalars(db.select(StoredFile).where(visible_files(another))).all()


def test_pdf_is_shown_in_the_page_under_a_policy_of_its_own(
    client: PageClient, scene: Scene
) -> None:
    content = pdf_bytes("头")
    piece = evidence_in(
        scene.pairing, by=scene.supported_coordinator, name="全科 “方案”.pdf", content=content
    )
    client.login(scene.supported_coordinator, PASSWORD)
    answer = client.get(f"/files/{piece.file_id}")
    headers = answer.headers
    assert answer.response.get_data() == content
    assert headers["Content-Type"] == "application/pdf"
    assert headers["Content-Disposition"].startswith("inline")
    assert f"filename*=UTF-8''{quote('全科 “方案”.pdf')}" in headers["Content-Disposition"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["ETag"] == f'"{piece.file.sha256}"'
    assert headers["Cache-Control"] == "private, no-cache"
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "frame-ancestors 'self'" in policy
    assert "script-src" not in policy


@pytest.mark.parametrize(
    ("name", "content", "query", "disposition"),
    [
        ("照片.png", png_bytes(), {"download": 1}, "attachment"),
        ("方案.pdf", pdf_bytes(), {"download": 1}, "attachment"),
        ("方案.pdf", pdf_bytes(), {}, "inline"),
        ("旧制度.doc", ole_bytes("WordDocument"), {}, "attachment"),
        ("名单.csv", "姓名".encode(), {"download": 1}, "attachment"),
        ("制度.docx", office_bytes(), {"download": 1}, "attachment"),
    ],
    ids=["picture to save", "PDF to save", "PDF", "old document", "table", "document"],
)
def test_only_pdf_is_sent_to_be_shown(
    client: PageClient,
    scene: Scene,
    name: str,
    content: bytes,
    query: dict[str, int],
    disposition: str,
) -> None:
    piece = evidence_in(scene.pairing, by=scene.supported_coordinator, name=name, content=content)
    client.login(scene.supported_coordinator, PASSWORD)
    answer = client.get(f"/files/{piece.file_id}", query)
    assert answer.headers["Content-Disposition"].split(";")[0] == disposition
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert ("sandbox" in answer.headers["Content-Security-Policy"]) == (disposition == "attachment")


def test_player_asks_for_a_range_and_gets_just_that(client: PageClient, scene: Scene) -> None:
    content = pdf_bytes("段")
    piece = evidence_in(scene.pairing, by=scene.supported_coordinator, content=content)
    client.login(scene.supported_coordinator, PASSWORD)
    answer = client.get(f"/files/{piece.file_id}", headers={"Range": "bytes=5-9"})
    assert answer.status == 206
    assert answer.response.get_data() == content[5:10]
    assert answer.headers["Content-Range"] == f"bytes 5-9/{len(content)}"
    beyond = client.get(f"/files/{piece.file_id}", headers={"Range": "bytes=99999-"})
    assert beyond.status == 416


def test_browser_that_has_the_file_is_told_it_is_unchanged(
    client: PageClient, scene: Scene
) -> None:
    piece = evidence_in(scene.pairing, by=scene.supported_coordinator)
    client.login(scene.supported_coordinator, PASSWORD)
    answer = client.get(
        f"/files/{piece.file_id}", headers={"If-None-Match": f'"{piece.file.sha256}"'}
    )
    assert answer.status == 304
    assert answer.response.get_data() == b""


def test_stranger_is_sent_to_the_log_in(client: PageClient, scene: Scene) -> None:
    piece = evidence_in(scene.pairing, by=scene.supported_coordinator)
    assert client.get(f"/files/{piece.file_id}").status == 302
    client.login(scene.supported_coordinator, PASSWORD)
    assert client.get("/files/999999").status == 404
