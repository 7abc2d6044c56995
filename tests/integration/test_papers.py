"""Official papers: who takes which, what they are called, and that what is typed stays text."""

from __future__ import annotations

import io
import time
from typing import Any
from urllib.parse import unquote

import docx
import pypdfium2
import pytest
import sqlalchemy as sa
import time_machine

from portal.documents.official import producing
from portal.errors import NotVisible
from portal.extensions import db
from portal.models import AuditEntry, AuditKind, ClosureRequest, OutputFormat, OutputKind, User
from portal.queries.papers import get_subject
from portal.queries.papers.closure_slip import closure_slip
from tests.factories import PASSWORD, Scene, make_scene
from tests.factories.agreements import draft_agreement
from tests.factories.amendments import WHY, drafted
from tests.factories.amendments import approved as approved_amendment
from tests.factories.closures import closed, closure_requested, only_round
from tests.factories.papers import HOSTILE, make_template, papers_of
from tests.factories.provinces import make_early_pairing
from tests.support.pages import PageClient
from tests.support.queries import count_queries

NOW = "2021-03-15T09:00:00+08:00"
KINDS = [pytest.param(kind, id=kind.value) for kind in OutputKind]
HAS_FONTS = producing.has_fonts()
needs_fonts = pytest.mark.skipif(not HAS_FONTS, reason="script/assets.py has fetched no fonts")


@pytest.fixture
def scene(session: Any) -> Scene:
    scene = make_scene()
    scene.pairing.supporting.short_name = "海口帮扶医院"
    scene.pairing.supported.short_name = "文昌受援医院"
    return scene


def text_of_word(content: bytes) -> str:
    """Everything that a Word document prints in its body, in order."""
    document = docx.Document(io.BytesIO(content))
    return "".join(node.text or "" for node in document.element.body.iter() if is_text(node))


def is_text(node: Any) -> bool:
    return str(node.tag).endswith("}t")


def text_of_pdf(content: bytes) -> str:
    document = pypdfium2.PdfDocument(content)
    try:
        return "".join(page.get_textpage().get_text_range() for page in document)
    finally:
        document.close()


def squeezed(text: str) -> str:
    """The characters alone: lines end elsewhere in each program."""
    return "".join(text.split()).replace("\u200b", "").replace("\ufffe", "")


@pytest.mark.parametrize("kind", KINDS)
def test_leader_takes_each_paper_as_a_word_document(
    client: PageClient, scene: Scene, kind: OutputKind
) -> None:
    with time_machine.travel(NOW):
        ids = papers_of(scene)
        client.login(scene.supported_leader, PASSWORD)
        answer = client.get(f"/papers/{kind.value}/{ids[kind]}.docx")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == producing.MEDIA_TYPES[OutputFormat.DOCX]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    name = unquote(answer.headers["Content-Disposition"].partition("UTF-8''")[2])
    assert name == f"海口帮扶医院帮扶文昌受援医院{kind.label} 2021-03-15.docx"
    text = text_of_word(answer.response.get_data())
    assert "{{" not in text.replace(HOSTILE, "")
    assert "海口帮扶医院" in text


@needs_fonts
@pytest.mark.parametrize("kind", KINDS)
def test_leader_takes_each_paper_as_a_pdf_with_its_fonts_inside(
    client: PageClient, scene: Scene, kind: OutputKind
) -> None:
    with time_machine.travel(NOW):
        ids = papers_of(scene)
        client.login(scene.supporting_leader, PASSWORD)
        answer = client.get(f"/papers/{kind.value}/{ids[kind]}.pdf")
    assert answer.status == 200
    content = answer.response.get_data()
    assert "海口帮扶医院" in squeezed(text_of_pdf(content))
    document = pypdfium2.PdfDocument(content)
    about = document.get_metadata_dict()
    document.close()
    assert kind.label[-2:] in about["Title"]
    assert about["Author"]


@pytest.mark.parametrize("fmt", ["docx", pytest.param("pdf", marks=needs_fonts)])
def test_what_is_typed_stands_on_the_paper_as_it_was_typed(
    client: PageClient, scene: Scene, fmt: str
) -> None:
    with time_machine.travel(NOW):
        ids = papers_of(scene)
        client.login(scene.centre, PASSWORD)
        plan = client.get(f"/papers/plan/{ids[OutputKind.PLAN]}.{fmt}").response.get_data()
        report = client.get(f"/papers/survey_report/{ids[OutputKind.SURVEY_REPORT]}.{fmt}")
    read = text_of_word if fmt == "docx" else text_of_pdf
    assert squeezed(HOSTILE) in squeezed(read(plan))
    assert squeezed(HOSTILE) in squeezed(read(report.response.get_data()))
    assert "看不见的" in squeezed(read(report.response.get_data()))


@pytest.mark.parametrize("kind", ["plan", "task_list"])
@pytest.mark.parametrize("fmt", ["docx", pytest.param("pdf", marks=needs_fonts)])
def test_amended_plan_names_its_version_and_who_agreed_to_the_change(
    client: PageClient, scene: Scene, fmt: str, kind: str
) -> None:
    read = text_of_word if fmt == "docx" else text_of_pdf
    with time_machine.travel(NOW):
        client.login(scene.centre, PASSWORD)
        change = drafted(scene)
        address = f"/papers/{kind}/{change.plan_id}.{fmt}"
        assert "次计划调整" not in squeezed(read(client.get(address).response.get_data()))
        approved_amendment(scene, change)
        said = squeezed(read(client.get(address).response.get_data()))
    assert "第2版（经第1次计划调整，2021年3月15日省中心批准）" in said
    signed = said.rpartition("双方签署后")[2]
    assert f"第1次计划调整：{WHY}" in signed
    assert f"帮扶方{scene.supporting_leader.name}（2021年3月15日）" in signed
    assert f"受援方{scene.supported_leader.name}（2021年3月15日）" in signed
    assert f"省中心批准：{scene.centre.name}（2021年3月15日）" in signed


@pytest.mark.parametrize("fmt", ["docx", pytest.param("pdf", marks=needs_fonts)])
def test_same_facts_make_the_same_bytes(client: PageClient, scene: Scene, fmt: str) -> None:
    ids = papers_of(scene)
    client.login(scene.centre, PASSWORD)
    address = f"/papers/receipt/{ids[OutputKind.RECEIPT]}.{fmt}"
    first = client.get(address).response.get_data()
    time.sleep(1.1)
    assert client.get(address).response.get_data() == first


@pytest.mark.parametrize("kind", KINDS)
def test_stranger_finds_no_paper_of_another_pairing(
    client: PageClient, scene: Scene, kind: OutputKind
) -> None:
    ids = papers_of(scene)
    client.login(scene.foreign_leader, PASSWORD)
    assert client.get(f"/papers/{kind.value}/{ids[kind]}.docx").status == 404
    assert client.get(f"/papers/{kind.value}/999999.docx").status == 404


READERS = {
    "commission": set(OutputKind),
    "centre": set(OutputKind),
    "city": set(OutputKind),
    "supported_coordinator": set(OutputKind),
    "supported_contributor": set[OutputKind](),
    "expert": set[OutputKind](),
    "administrator": set[OutputKind](),
    "auditor": set[OutputKind](),
}


@pytest.mark.parametrize("role", READERS)
def test_each_role_takes_the_papers_of_the_pages_it_reads(scene: Scene, role: str) -> None:
    ids, viewer = papers_of(scene), getattr(scene, role)
    assert {kind for kind in OutputKind if opens(kind, ids[kind], viewer)} == READERS[role]


def opens(kind: OutputKind, object_id: int, viewer: User) -> bool:
    try:
        return get_subject(kind, object_id, viewer=viewer).kind is kind
    except NotVisible:
        return False


def test_contributor_takes_the_slip_of_the_own_task(client: PageClient, scene: Scene) -> None:
    ids = papers_of(scene)
    closed = db.session.get_one(ClosureRequest, ids[OutputKind.CLOSURE_SLIP])
    closed.task.supported_owner = scene.supported_contributor
    db.session.flush()
    client.login(scene.supported_contributor, PASSWORD)
    assert client.get(f"/papers/closure_slip/{closed.id}.docx").status == 200
    assert client.get(f"/papers/ledger/{scene.pairing_id}.docx").status == 404


@pytest.mark.parametrize("address", ["/papers/plan/1.xlsx", "/papers/novel/1.docx"])
def test_unknown_kind_or_format_is_not_found(
    client: PageClient, scene: Scene, address: str
) -> None:
    papers_of(scene)
    client.login(scene.centre, PASSWORD)
    assert client.get(address).status == 404


def test_paper_that_is_not_due_yet_is_refused_with_a_sentence(
    client: PageClient, scene: Scene
) -> None:
    agreement = draft_agreement(scene, make_early_pairing(scene))
    task = closure_requested(scene)
    client.login(scene.centre, PASSWORD)
    receipt = client.get(f"/papers/receipt/{agreement.id}.docx")
    assert (receipt.status, "还没有备案" in receipt.text) == (409, True)
    slip = client.get(f"/papers/closure_slip/{only_round(task).id}.docx")
    assert (slip.status, "没有销号" in slip.text) == (409, True)


def test_download_leaves_an_audit_entry(client: PageClient, scene: Scene) -> None:
    ids = papers_of(scene)
    client.login(scene.centre, PASSWORD)
    client.get(f"/papers/ledger/{ids[OutputKind.LEDGER]}.docx")
    entry = db.session.scalar(
        sa.select(AuditEntry)
        .where(AuditEntry.kind == AuditKind.DOWNLOAD)
        .order_by(AuditEntry.position.desc())
    )
    assert entry is not None
    assert "销号台账" in entry.title


def test_missing_fonts_are_said_in_a_sentence_and_word_still_works(
    client: PageClient, scene: Scene, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = papers_of(scene)
    monkeypatch.setattr(producing, "FONTS", tmp_path)
    client.login(scene.centre, PASSWORD)
    page = client.get(f"/papers/plan/{ids[OutputKind.PLAN]}.pdf")
    assert page.status == 503
    assert "服务器没有安装中文字体" in page.text
    assert client.get(f"/papers/plan/{ids[OutputKind.PLAN]}.docx").status == 200


def test_template_of_the_centre_that_fails_names_itself(client: PageClient, scene: Scene) -> None:
    ids = papers_of(scene)
    make_template(scene, OutputKind.PLAN, OutputFormat.DOCX, b"no package")
    client.login(scene.supported_leader, PASSWORD)
    page = client.get(f"/papers/plan/{ids[OutputKind.PLAN]}.docx")
    assert page.status == 503
    assert "请告诉省中心更换模板" in page.text


@pytest.mark.parametrize(
    ("kind", "budget"), [(OutputKind.LEDGER, 22), (OutputKind.PLAN, 24), (OutputKind.TASK_LIST, 20)]
)
def test_paper_asks_the_database_a_fixed_number_of_times(
    client: PageClient, scene: Scene, kind: OutputKind, budget: int
) -> None:
    ids = papers_of(scene)
    client.login(scene.centre, PASSWORD)
    with count_queries() as asked:
        client.get(f"/papers/{kind.value}/{ids[kind]}.docx")
    asked.at_most(budget)


def test_the_slip_of_a_round_keeps_what_the_task_said_then(
    client: PageClient, scene: Scene
) -> None:
    task = closed(scene, title="独立设置全科医学科", criteria="床位不少于10张。")
    task.title, task.criteria, task.measures = "改后的任务", "床位不少于20张。", "改后的措施。"
    db.session.flush()
    paper = closure_slip(only_round(task))
    assert (paper.task, paper.criteria) == ("独立设置全科医学科", "床位不少于10张。")
    assert paper.measures != "改后的措施。"
    client.login(scene.supported_leader, PASSWORD)
    page = client.get(f"/tasks/{task.id}/closure/slip")
    assert "床位不少于10张。" in page.text
    assert "床位不少于20张。" not in page.text
