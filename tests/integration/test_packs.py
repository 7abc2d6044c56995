"""Packs: who takes what away, what stands in them, and that their hashes can be checked."""

from __future__ import annotations

import io
import subprocess
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import time_machine

from portal import clock, storage
from portal.documents.packs import FELL, HEAD, INDEX, SUMS, BrokenPack
from portal.extensions import db
from portal.models import (
    Evidence,
    EvidenceStatus,
    EvidenceUse,
    Pairing,
    ScanState,
    Task,
)
from tests.factories import PASSWORD, Scene, make_pairing, make_programme, make_scene
from tests.factories.agreements import filed_agreement
from tests.factories.assessments import score_of, self_assessing
from tests.factories.evidence import evidence_for, evidence_in, pdf_bytes, withdrawn
from tests.factories.meetings import held_meeting
from tests.factories.plans import plan_in_force
from tests.factories.tasks import make_task
from tests.support.pages import PageClient
from tests.support.queries import count_queries

FOLDER = "海口帮扶医院—文昌受援医院"


@pytest.fixture
def scene(session: Any) -> Scene:
    scene = make_scene()
    scene.pairing.supporting.short_name = "海口帮扶医院"
    scene.pairing.supported.short_name = "文昌受援医院"
    return scene


@pytest.fixture
def task(scene: Scene) -> Task:
    return make_task(
        plan_in_force(scene.pairing, scene),
        code="A-01",
        title="建设全科医学科",
        evidence=("制度文件", "会议记录"),
        supported_owner=scene.supported_contributor,
    )


def rejected(piece: Evidence, scene: Scene) -> Evidence:
    piece.status = EvidenceStatus.REJECTED
    piece.review_reason = "没有盖章"
    piece.reviewed_at = clock.now()
    piece.reviewed_by_id = scene.centre.id
    return piece


def unpacked(client: PageClient, address: str) -> zipfile.ZipFile:
    answer = client.get(address)
    assert answer.status == 200, answer.status
    content = answer.response.get_data()
    assert answer.headers["Content-Type"] == "application/zip"
    assert int(answer.headers["Content-Length"]) == len(content)
    archive = zipfile.ZipFile(io.BytesIO(content))
    assert archive.testzip() is None
    return archive


def files_in(archive: zipfile.ZipFile) -> list[str]:
    return [name for name in archive.namelist() if name not in (INDEX, SUMS)]


def index_of(archive: zipfile.ZipFile) -> list[dict[str, Any]]:
    sheet = openpyxl.load_workbook(io.BytesIO(archive.read(INDEX))).active
    head, *rows = sheet.iter_rows(values_only=True)
    assert list(head) == [name for name, _ in HEAD]
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_pack_of_a_task_is_named_by_item_and_ends_with_its_hashes(
    client: PageClient, scene: Scene, task: Task
) -> None:
    content = pdf_bytes("制度")
    evidence_for(
        task,
        by=scene.supported_coordinator,
        name="住院医师培训制度.PDF",
        content=content,
        evidence_on=date(2021, 3, 1),
    )
    further = evidence_for(
        task, by=scene.supporting_coordinator, name="现场.pdf", evidence_on=date(2021, 3, 2)
    )
    further.requirement = None
    evidence_in(scene.pairing, by=scene.supported_coordinator, name="没有用于任务.pdf")
    client.login(scene.supported_coordinator, PASSWORD)
    archive = unpacked(client, f"/tasks/{task.id}/pack.zip")
    first = f"{FOLDER}/任务 A-01 建设全科医学科/1 制度文件/2021-03-01 住院医师培训制度.pdf"
    second = f"{FOLDER}/任务 A-01 建设全科医学科/其他材料/2021-03-02 现场.pdf"
    assert sorted(archive.namelist()[1:-1]) == sorted([first, second])
    assert (archive.namelist()[0], archive.namelist()[-1]) == (INDEX, SUMS)
    assert archive.read(first) == content
    assert all(one.flag_bits & 0x800 for one in archive.infolist() if not one.filename.isascii())
    assert {one.compress_type for one in archive.infolist()} == {zipfile.ZIP_STORED}


def test_hashes_of_a_pack_are_accepted_by_sha256sum(
    client: PageClient, scene: Scene, task: Task, tmp_path: Path
) -> None:
    for name in ("会议记录.pdf", "-c.pdf", "a\\b'\"$(x).pdf", " 空 白 .pdf"):
        use = evidence_for(task, by=scene.supported_coordinator, name=f"甲{name}")
        use.evidence.title = name.removesuffix(".pdf")
    client.login(scene.supported_coordinator, PASSWORD)
    unpacked(client, f"/tasks/{task.id}/pack.zip").extractall(tmp_path)
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", SUMS],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
    )
    assert checked.returncode == 0, checked.stderr
    assert checked.stdout.count(": OK") == 5
    here = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert len(here) == 6


def test_index_says_what_each_piece_is_and_computes_nothing(
    client: PageClient, scene: Scene, task: Task
) -> None:
    use = evidence_for(
        task, by=scene.supported_coordinator, name="制度.pdf", evidence_on=date(2021, 3, 1)
    )
    use.evidence.title = '=HYPERLINK("http://a.example")'
    use.evidence.proves = "@已建立制度"
    client.login(scene.centre, PASSWORD)
    archive = unpacked(client, f"/tasks/{task.id}/pack.zip")
    (row,) = index_of(archive)
    assert row["材料名称"] == '=HYPERLINK("http://a.example")'
    assert row["证明事项"] == "@已建立制度"
    assert row["材料日期"] == "2021-03-01"
    assert row["状态"] == "待审核"
    assert row["上传人"] == scene.supported_coordinator.name
    assert row["上传单位"] == scene.pairing.supported.name
    assert row["SHA-256"] == use.evidence.file.sha256
    assert row["用于"] == "任务 A-01 建设全科医学科 / 1 制度文件"
    assert [row["包内位置"]] == files_in(archive)
    book = openpyxl.load_workbook(io.BytesIO(archive.read(INDEX)))
    assert {cell.data_type for line in book.active for cell in line} <= {"s", "n", "inlineStr"}


@pytest.mark.parametrize(("role", "packs"), [("supported_coordinator", False), ("centre", True)])
def test_what_was_withdrawn_or_rejected_is_listed_and_packed_for_the_province_only(
    client: PageClient, scene: Scene, task: Task, role: str, packs: bool
) -> None:
    by = scene.supported_coordinator
    evidence_for(task, by=by, name="有效.pdf")
    withdrawn(evidence_for(task, by=by, name="撤回.pdf").evidence, by=by, reason="传错了")
    rejected(evidence_for(task, by=by, name="退.pdf").evidence, scene)
    client.login(getattr(scene, role), PASSWORD)
    archive = unpacked(client, f"/tasks/{task.id}/pack.zip")
    names = files_in(archive)
    assert len(names) == (3 if packs else 1)
    assert len([name for name in names if f"{FOLDER}/{FELL}/任务 A-01" in name]) == 2 * packs
    rows = {row["材料名称"]: row for row in index_of(archive)}
    assert rows["撤回"]["状态"] == "已撤回"
    assert "传错了" in rows["撤回"]["说明"]
    assert rows["退"]["状态"] == "不予认可"
    assert "没有盖章" in rows["退"]["说明"]
    assert bool(rows["撤回"]["包内位置"]) == packs
    assert archive.read(SUMS).decode().count("\n") == len(names) + 1


@pytest.mark.parametrize(
    ("scan", "said"), [(ScanState.WAITING, "待扫描"), (ScanState.INFECTED, "发现病毒")]
)
def test_file_that_is_not_scanned_clean_is_listed_but_not_packed(
    client: PageClient, scene: Scene, task: Task, scan: ScanState, said: str
) -> None:
    evidence_for(task, by=scene.supported_coordinator).evidence.file.scan = scan
    client.login(scene.centre, PASSWORD)
    archive = unpacked(client, f"/tasks/{task.id}/pack.zip")
    assert files_in(archive) == []
    assert [row["说明"] for row in index_of(archive)] == [said]


def test_file_missing_on_disk_is_told_in_the_index(
    client: PageClient, scene: Scene, task: Task
) -> None:
    gone = evidence_for(task, by=scene.supported_coordinator, name="丢失.pdf").evidence.file
    evidence_for(task, by=scene.supported_coordinator, name="还在.pdf")
    storage.store().delete(gone.sha256)
    client.login(scene.supported_coordinator, PASSWORD)
    archive = unpacked(client, f"/tasks/{task.id}/pack.zip")
    assert len(files_in(archive)) == 1
    assert {row["材料名称"]: row["说明"] for row in index_of(archive)} == {
        "丢失": "缺失",
        "还在": None,
    }


@pytest.mark.parametrize("change", ["longer", "shorter", "other"])
def test_file_that_is_not_what_was_recorded_breaks_the_download(
    client: PageClient,
    scene: Scene,
    task: Task,
    change: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    file = evidence_for(task, by=scene.supported_coordinator).evidence.file
    path = storage.store().path(file.sha256)
    assert path is not None
    content = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(
        {"longer": content + b"x", "shorter": content[:-1], "other": b"x" + content[1:]}[change]
    )
    client.login(scene.supported_coordinator, PASSWORD)
    with pytest.raises(BrokenPack):
        client.get(f"/tasks/{task.id}/pack.zip")
    assert file.sha256 in caplog.text
    path.unlink()


@time_machine.travel("2021-03-15T09:00:00+08:00")
def test_pack_of_a_pairing_holds_scans_meetings_and_assessments(
    client: PageClient, scene: Scene
) -> None:
    agreement = filed_agreement(scene)
    by = scene.supported_coordinator
    meeting = held_meeting(scene)
    assessment = self_assessing(scene)
    item = score_of(assessment, "1.1").item
    piece = evidence_in(scene.pairing, by=by, name="材料.pdf", evidence_on=date(2021, 3, 1))
    at = {"evidence": piece, "added_at": clock.now()}
    db.session.add_all(
        [
            EvidenceUse(meeting=meeting, **at),
            EvidenceUse(agreement=agreement, **at),
            EvidenceUse(assessment=assessment, item=item, **at),
        ]
    )
    evidence_in(scene.pairing, by=by, name="闲置.pdf", evidence_on=date(2021, 3, 2))
    evidence_in(scene.foreign, by=scene.foreign_coordinator, name="外单位.pdf")
    client.login(scene.supporting_leader, PASSWORD)
    archive = unpacked(client, f"/pairings/{scene.pairing_id}/pack.zip")
    number = agreement.filing_number
    day = meeting.held_on.isoformat()
    expected = [
        f"{FOLDER}/协议/{number}/签署扫描件 第1稿.pdf",
        f"{FOLDER}/协议/{number}/2021-03-01 材料.pdf",
        f"{FOLDER}/会议/{day} {meeting.title}/2021-03-01 材料.pdf",
        f"{FOLDER}/年度考核/{assessment.year}年度/1.1 {item.title}/2021-03-01 材料.pdf",
        f"{FOLDER}/尚未使用的材料/2021-03-02 闲置.pdf",
    ]
    assert sorted(files_in(archive)) == sorted(expected)


def test_piece_that_backs_things_of_two_pairings_is_told_of_in_each_for_itself(
    client: PageClient, scene: Scene, task: Task
) -> None:
    elsewhere = make_pairing(scene.programme, scene.pairing.supporting)
    other = make_task(plan_in_force(elsewhere, scene), title="别家的任务")
    by = scene.supporting_coordinator
    piece = evidence_in(elsewhere, by=by, name="共用方案.pdf", evidence_on=date(2021, 3, 1))
    lent = evidence_in(scene.pairing, by=by, name="借出.pdf", evidence_on=date(2021, 3, 2))
    for use in (
        EvidenceUse(task=task, evidence=piece, added_at=clock.now()),
        EvidenceUse(task=other, evidence=piece, added_at=clock.now()),
        EvidenceUse(task=other, evidence=lent, added_at=clock.now()),
    ):
        db.session.add(use)
    client.login(scene.supported_coordinator, PASSWORD)
    whole = unpacked(client, f"/pairings/{scene.pairing_id}/pack.zip")
    assert files_in(whole) == [
        f"{FOLDER}/任务 A-01 建设全科医学科/其他材料/2021-03-01 共用方案.pdf",
        f"{FOLDER}/尚未使用的材料/2021-03-02 借出.pdf",
    ]
    assert "别家的任务" not in str(index_of(whole))
    assert files_in(unpacked(client, f"/tasks/{task.id}/pack.zip")) == files_in(whole)[:1]


def test_pack_of_a_base_holds_all_its_pairings_apart(client: PageClient, scene: Scene) -> None:
    again = make_pairing(
        make_programme(name="下一周期"), scene.pairing.supporting, scene.pairing.supported
    )
    elsewhere = make_pairing(scene.programme, scene.pairing.supporting)
    elsewhere.supported.short_name = "万宁医院"
    by = scene.supported_coordinator
    for pairing in (scene.pairing, again, elsewhere, scene.foreign):
        evidence_in(pairing, by=by, name="材料.pdf", evidence_on=date(2021, 3, 1))
    client.login(scene.supporting_leader, PASSWORD)
    own = unpacked(client, f"/organisations/{scene.pairing.supporting_id}/pack.zip")
    folders = [name.split("/")[0] for name in files_in(own)]
    assert folders == [FOLDER, "海口帮扶医院—万宁医院", f"{FOLDER} (2)"]
    client.logout()
    client.login(scene.supported_leader, PASSWORD)
    partner = unpacked(client, f"/organisations/{scene.pairing.supported_id}/pack.zip")
    assert len(files_in(partner)) == 2


ROLES = {
    # role: task, pairing, supported base, supporting base
    "commission": (200, 200, 200, 200),
    "centre": (200, 200, 200, 200),
    "city": (200, 200, 200, 404),
    "supporting_coordinator": (200, 200, 404, 200),
    "supporting_leader": (200, 200, 404, 200),
    "supporting_contributor": (404, 404, 404, 404),
    "supported_coordinator": (200, 200, 200, 404),
    "supported_leader": (200, 200, 200, 404),
    "supported_contributor": (200, 404, 404, 404),
    "foreign_coordinator": (404, 404, 404, 404),
    "foreign_leader": (404, 404, 404, 404),
    "expert": (404, 404, 404, 404),
    "administrator": (404, 404, 404, 404),
    "auditor": (404, 404, 404, 404),
}


@pytest.mark.parametrize("role", ROLES)
def test_each_role_takes_its_own_packs_and_no_other(
    client: PageClient, scene: Scene, task: Task, role: str
) -> None:
    client.login(getattr(scene, role), PASSWORD)
    addresses = (
        f"/tasks/{task.id}/pack.zip",
        f"/pairings/{scene.pairing_id}/pack.zip",
        f"/organisations/{scene.pairing.supported_id}/pack.zip",
        f"/organisations/{scene.pairing.supporting_id}/pack.zip",
    )
    assert tuple(client.get(address).status for address in addresses) == ROLES[role]


@pytest.mark.parametrize("kind", ["commission", "centre", "city"])
def test_an_organisation_that_is_no_hospital_has_no_pack(
    client: PageClient, scene: Scene, kind: str
) -> None:
    client.login(scene.centre, PASSWORD)
    organisation = getattr(scene, kind).organisation_id
    assert client.get(f"/organisations/{organisation}/pack.zip").status == 404


def test_contributor_gets_only_the_pieces_of_the_task_given_to_them(
    client: PageClient, scene: Scene, task: Task
) -> None:
    use = evidence_for(task, by=scene.supported_coordinator, name="共用.pdf")
    other = make_task(task.plan, title="收入分配方案")
    db.session.add(EvidenceUse(task=other, evidence=use.evidence, added_at=clock.now()))
    client.login(scene.supported_contributor, PASSWORD)
    archive = unpacked(client, f"/tasks/{task.id}/pack.zip")
    assert len(files_in(archive)) == 1
    assert "收入分配方案" not in str(index_of(archive))
    assert client.get(f"/tasks/{other.id}/pack.zip").status == 404


@pytest.mark.parametrize("which", ["task", "pairing", "base"])
def test_pack_asks_a_fixed_number_of_questions(
    client: PageClient, scene: Scene, task: Task, which: str
) -> None:
    address = {
        "task": f"/tasks/{task.id}/pack.zip",
        "pairing": f"/pairings/{scene.pairing_id}/pack.zip",
        "base": f"/organisations/{scene.pairing.supported_id}/pack.zip",
    }[which]
    client.login(scene.supported_coordinator, PASSWORD)
    evidence_for(task, by=scene.supported_coordinator)
    with count_queries() as few:
        client.get(address)
    for _ in range(20):
        evidence_for(task, by=scene.supported_leader)
        evidence_for(make_task(task.plan), by=scene.supporting_coordinator)
    with count_queries() as many:
        unpacked(client, address)
    many.at_most(9)
    assert len(many) == len(few), str(many)


def test_head_request_tells_the_size_and_reads_no_file(
    client: PageClient, scene: Scene, task: Task
) -> None:
    evidence_for(task, by=scene.supported_coordinator)
    client.login(scene.supported_coordinator, PASSWORD)
    whole = client.get(f"/tasks/{task.id}/pack.zip")
    head = client._open(f"/tasks/{task.id}/pack.zip", method="HEAD")
    assert head.response.get_data() == b""
    size = int(whole.headers["Content-Length"])
    assert abs(int(head.headers["Content-Length"]) - size) < 64
    disposition = whole.headers["Content-Disposition"]
    assert disposition.startswith("attachment")
    assert "A-01" in disposition


def test_pairing_without_material_gives_a_pack_with_an_empty_index(
    client: PageClient, scene: Scene
) -> None:
    client.login(scene.supported_coordinator, PASSWORD)
    archive = unpacked(client, f"/pairings/{scene.pairing_id}/pack.zip")
    assert archive.namelist() == [INDEX, SUMS]
    assert index_of(archive) == []
    assert db.session.get(Pairing, scene.pairing_id) is not None
