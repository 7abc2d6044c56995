"""What must hold on the way from the draft to the submission."""

from collections.abc import Callable
from datetime import date
from io import BytesIO

import pytest
from sqlalchemy.orm import Session

from portal.errors import Rejected, StaleEdit, StepRefused
from portal.extensions import db
from portal.models import (
    Agreement,
    AgreementState,
    Area,
    Event,
    Plan,
    Side,
    User,
)
from portal.policies.agreement_text import UNDECIDED
from portal.services import agreements, plans
from portal.services.files import keep_upload
from portal.workflow.agreements import missing_for_signing
from tests.factories import Scene, make_scene
from tests.factories.agreements import (
    attach_pdf,
    complete_group,
    draft_agreement,
    signed_agreement,
    signing_agreement,
)
from tests.factories.evidence import png_bytes, zip_bytes


def plans_of(agreement: Agreement) -> Plan:
    return db.session.query(Plan).filter_by(pairing_id=agreement.pairing_id).one()


def save(agreement: Agreement, actor: User, **bodies: str) -> Agreement:
    revision = agreement.current
    return agreements.save_agreement(
        agreement,
        starts_on=revision.starts_on,
        ends_on=revision.ends_on,
        bodies=bodies,
        seen_version=None,
        actor=actor,
    )


def test_the_draft_is_filled_with_the_facts_of_the_pairing(session: Session) -> None:
    scene = make_scene()
    agreement = draft_agreement(scene)
    text = "\n".join(clause.body for clause in agreement.current.clauses)
    for fact in (
        scene.pairing.supporting.name,
        scene.pairing.supported.name,
        scene.programme.name,
        "自2020年5月22日起至2023年5月21日止",
        "培训基地负责人林一川任组长",
        "分管领导王二海任副组长",
        "共5项",
        "每3个月召开一次",
        "省中心",
    ):
        assert fact in text
    assert "{" not in text
    assert (agreement.current.starts_on, agreement.current.ends_on) == (
        scene.programme.starts_on,
        scene.programme.ends_on,
    )


def test_what_is_not_known_yet_stays_open_in_the_draft(session: Session) -> None:
    scene = make_scene()
    agreement = agreements.draft_agreement(scene.pairing, actor=scene.supported_coordinator)
    open_clauses = [c.key for c in agreement.current.clauses if UNDECIDED in c.body]
    assert open_clauses == ["organisation_and_reporting", "task_list_and_closure"]


def test_a_pairing_has_one_live_agreement(session: Session) -> None:
    scene = make_scene()
    first = draft_agreement(scene)
    with pytest.raises(StepRefused, match="已经有一份协议"):
        agreements.draft_agreement(scene.pairing, actor=scene.supported_coordinator)
    assert session.query(Agreement).one() is first


def remove_group(scene: Scene, agreement: Agreement) -> None:
    group = scene.pairing.group
    assert group is not None
    for member in group.members:
        member.left_on = date(2020, 6, 1)


def remove_faculty_tasks(scene: Scene, agreement: Agreement) -> None:
    plan = plans_of(agreement)
    db.session.delete(next(task for task in plan.tasks if task.area is Area.FACULTY))


def reopen_plan(scene: Scene, agreement: Agreement) -> None:
    plans.withdraw_endorsement(
        plans_of(agreement), reason="期限需再议", actor=scene.supporting_leader
    )


def empty_rights(scene: Scene, agreement: Agreement) -> None:
    clause = next(c for c in agreement.current.clauses if c.key == "rights_supported")
    clause.body = ""


def shorten(scene: Scene, agreement: Agreement) -> None:
    agreement.current.ends_on = date(2022, 5, 21)


GAPS: tuple[tuple[Callable[[Scene, Agreement], None], str], ...] = (
    (remove_group, "缺少组长"),
    (remove_faculty_tasks, "任务清单缺少“师资队伍建设”方面的任务"),
    (reopen_plan, "三年帮扶工作计划还没有经双方负责人商定"),
    (empty_rights, "协议缺少“受援方权利”的约定"),
    (shorten, "协议期限应为3年"),
)


@pytest.mark.parametrize(("spoil", "said"), GAPS)
def test_signing_waits_until_nothing_is_missing(
    session: Session, spoil: Callable[[Scene, Agreement], None], said: str
) -> None:
    scene = make_scene()
    agreement = draft_agreement(scene)
    assert missing_for_signing(agreement) == []
    spoil(scene, agreement)
    session.flush()
    session.expire_all()
    with pytest.raises(StepRefused) as refusal:
        agreements.open_signing(agreement, actor=scene.supporting_coordinator)
    assert any(said in gap for gap in refusal.value.missing)
    assert agreement.state is AgreementState.DRAFT


def test_without_a_plan_signing_says_that_there_is_none(session: Session) -> None:
    scene = make_scene()
    complete_group(scene.pairing, scene)
    agreement = agreements.draft_agreement(scene.pairing, actor=scene.supporting_coordinator)
    assert "尚未制定三年帮扶工作计划" in missing_for_signing(agreement)


def test_submission_needs_both_signatures_and_the_scan(session: Session) -> None:
    scene = make_scene()
    agreement = signing_agreement(scene)
    coordinator = scene.supported_coordinator

    def missing() -> list[str]:
        with pytest.raises(StepRefused) as refusal:
            agreements.submit_agreement(agreement, actor=coordinator)
        return refusal.value.missing

    assert missing() == [
        "海口帮扶医院负责人尚未签署",
        "文昌受援医院负责人尚未签署",
        "尚未上传签字盖章后的协议扫描件",
    ]
    agreements.sign_agreement(agreement, actor=scene.supporting_leader)
    assert missing()[0] == "文昌受援医院负责人尚未签署"
    agreements.sign_agreement(agreement, actor=scene.supported_leader)
    assert missing() == ["尚未上传签字盖章后的协议扫描件"]
    attach_pdf(agreement, scene)
    agreements.submit_agreement(agreement, actor=coordinator)
    assert agreement.state is AgreementState.SUBMITTED
    assert agreement.submitted_by_id == coordinator.id


def test_a_plan_changed_while_signing_stops_the_submission(session: Session) -> None:
    scene = make_scene()
    agreement = signed_agreement(scene)
    reopen_plan(scene, agreement)
    with pytest.raises(StepRefused) as refusal:
        agreements.submit_agreement(agreement, actor=scene.supporting_coordinator)
    assert refusal.value.missing == ["三年帮扶工作计划还没有经双方负责人商定"]


def test_a_leader_signs_for_the_own_side_with_name_title_and_time(session: Session) -> None:
    scene = make_scene()
    agreement = signing_agreement(scene)
    agreements.sign_agreement(agreement, actor=scene.supported_leader)
    mark = agreement.current.signature_of(Side.SUPPORTED)
    assert mark is not None
    assert (mark.name, mark.job_title) == (scene.supported_leader.name, "基地负责人")
    assert mark.signed_at.tzinfo is not None
    assert agreement.current.signature_of(Side.SUPPORTING) is None


def test_one_side_signs_once(session: Session) -> None:
    scene = make_scene()
    agreement = signing_agreement(scene)
    agreements.sign_agreement(agreement, actor=scene.supported_leader)
    with pytest.raises(StepRefused, match="不能重复签署"):
        agreements.sign_agreement(agreement, actor=scene.supported_leader)
    assert len(agreement.current.signatures) == 1


def test_a_leader_does_not_sign_a_text_changed_since_it_was_read(session: Session) -> None:
    scene = make_scene()
    agreement = signing_agreement(scene)
    read = agreement.version
    agreements.reopen_draft(agreement, actor=scene.supporting_coordinator)
    save(agreement, scene.supporting_coordinator, funding="费用由甲方承担。")
    agreements.open_signing(agreement, actor=scene.supporting_coordinator)
    with pytest.raises(StaleEdit):
        agreements.sign_agreement(agreement, actor=scene.supported_leader, seen_version=read)
    assert agreement.current.signatures == []


def test_the_two_leaders_may_sign_from_pages_of_the_same_moment(session: Session) -> None:
    scene = make_scene()
    agreement = signing_agreement(scene)
    read = agreement.version
    agreements.sign_agreement(agreement, actor=scene.supporting_leader, seen_version=read)
    agreements.sign_agreement(agreement, actor=scene.supported_leader, seen_version=read)
    assert len(agreement.current.signatures) == 2


def test_taking_it_back_voids_signatures_and_scan_and_says_so(session: Session) -> None:
    scene = make_scene()
    agreement = signed_agreement(scene)
    agreements.reopen_draft(agreement, actor=scene.supported_leader, reason="改一个数字。")
    assert agreement.state is AgreementState.DRAFT
    assert agreement.current.signatures == []
    assert agreement.current.scan is None
    event = session.query(Event).filter_by(action="reopen_draft").one()
    assert event.comment == "改一个数字。"
    assert [label for label, _ in event.details] == ["签署作废", "签署作废", "扫描件撤下"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("协议.docx", zip_bytes("word/document.xml", "[Content_Types].xml"), "PDF 或图片"),
        ("协议.pdf", png_bytes(), "扩展名"),
        ("协议.pdf", b"", "空文件"),
        ("协议.exe", b"MZ", "不能上传"),
    ],
)
def test_only_a_true_pdf_or_picture_is_a_scan(
    session: Session, name: str, content: bytes, said: str
) -> None:
    scene = make_scene()
    agreement = signing_agreement(scene)
    with pytest.raises(Rejected) as refusal:
        agreements.attach_scan(
            agreement, keep_upload(name, BytesIO(content)), actor=scene.supporting_coordinator
        )
    assert said in refusal.value.fields["file"]
    assert agreement.current.scan is None


def test_a_later_scan_takes_the_place_of_the_first(session: Session) -> None:
    scene = make_scene()
    agreement = signed_agreement(scene)
    agreements.attach_scan(
        agreement,
        keep_upload("清晰版.png", BytesIO(png_bytes())),
        actor=scene.supported_coordinator,
    )
    assert agreement.current.scan is not None
    assert agreement.current.scan.name == "清晰版.png"
    event = session.query(Event).filter_by(action="scan").order_by(Event.id.desc()).first()
    assert event is not None
    assert ["替换原件", "协议扫描件.pdf"] in event.details


@pytest.mark.parametrize(
    ("term", "bodies", "fields"),
    [
        ((date(2020, 5, 22), date(2020, 5, 22)), {}, {"ends_on"}),
        (None, {"duties_supporting": " \r\n "}, {"clause_duties_supporting"}),
        (
            (date(2023, 1, 1), date(2020, 1, 1)),
            {"funding": "", "work_plan": ""},
            {"ends_on", "clause_funding", "clause_work_plan"},
        ),
    ],
)
def test_a_text_that_cannot_be_is_refused_field_by_field(
    session: Session,
    term: tuple[date, date] | None,
    bodies: dict[str, str],
    fields: set[str],
) -> None:
    scene = make_scene()
    agreement = draft_agreement(scene)
    starts_on, ends_on = term or (agreement.current.starts_on, agreement.current.ends_on)
    with pytest.raises(Rejected) as refusal:
        agreements.save_agreement(
            agreement,
            starts_on=starts_on,
            ends_on=ends_on,
            bodies=bodies,
            seen_version=None,
            actor=scene.supporting_coordinator,
        )
    assert set(refusal.value.fields) == fields


def test_an_optional_clause_may_be_left_out(session: Session) -> None:
    scene = make_scene()
    agreement = draft_agreement(scene)
    save(agreement, scene.supporting_coordinator, clinical_teaching_research="")
    assert missing_for_signing(agreement) == []


def test_saving_nothing_new_writes_no_history_and_keeps_the_version(session: Session) -> None:
    scene = make_scene()
    agreement = draft_agreement(scene)
    before = agreement.version
    save(agreement, scene.supporting_coordinator)
    assert agreement.version == before
    assert session.query(Event).filter_by(action="edited").count() == 0


def test_whoever_saves_later_is_told(session: Session) -> None:
    scene = make_scene()
    agreement = draft_agreement(scene)
    seen = agreement.version
    save(agreement, scene.supporting_coordinator, funding="由甲方承担。")
    assert agreement.version > seen
    with pytest.raises(StaleEdit):
        agreements.save_agreement(
            agreement,
            starts_on=agreement.current.starts_on,
            ends_on=agreement.current.ends_on,
            bodies={"funding": "由乙方承担。"},
            seen_version=seen,
            actor=scene.supported_coordinator,
        )
    assert next(c.body for c in agreement.current.clauses if c.key == "funding") == "由甲方承担。"
