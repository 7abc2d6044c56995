"""The agreement's way through its states: who may take which step, and what must hold."""

from collections.abc import Callable
from datetime import date, timedelta
from io import BytesIO

import pytest
import time_machine
from sqlalchemy.orm import Session

from portal import clock
from portal.errors import Forbidden, Rejected, StaleEdit, StepRefused
from portal.extensions import db
from portal.models import (
    Agreement,
    AgreementState,
    Area,
    Event,
    Plan,
    PlanState,
    Side,
    User,
)
from portal.policies.agreement_text import UNDECIDED, Remark
from portal.policies.agreements import late_days
from portal.queries.history import history_of
from portal.services import agreements, plans
from portal.workflow.agreements import missing_for_signing
from tests.factories import Scene, make_scene
from tests.factories.agreements import (
    agreement_in,
    answer_return,
    attach_pdf,
    complete_group,
    draft_agreement,
    filed_agreement,
    returned_agreement,
    signed_agreement,
    signing_agreement,
    submitted_agreement,
)
from tests.factories.evidence import pdf_bytes, png_bytes, zip_bytes

PEOPLE = (
    "commission",
    "centre",
    "city",
    "supporting_coordinator",
    "supporting_leader",
    "supporting_contributor",
    "supported_coordinator",
    "supported_leader",
    "supported_contributor",
    "foreign_coordinator",
    "foreign_leader",
    "expert",
    "administrator",
    "auditor",
)
COORDINATORS = {"supporting_coordinator", "supported_coordinator"}
LEADERS = {"supporting_leader", "supported_leader"}


def scan(agreement: Agreement, actor: User) -> object:
    return agreements.attach_scan(
        agreement, filename="协议.pdf", stream=BytesIO(pdf_bytes()), actor=actor
    )


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


def give_back(agreement: Agreement, actor: User) -> object:
    return agreements.return_agreement(agreement, reason="请修改。", actor=actor)


Do = Callable[[Agreement, User], object]
# What is done, on which agreement, and who may do it; everyone else is refused.
STEPS: dict[str, tuple[Do, str, set[str]]] = {
    "save": (lambda a, u: save(a, u, funding="另行约定。"), "draft", COORDINATORS),
    "open_signing": (lambda a, u: agreements.open_signing(a, actor=u), "draft", COORDINATORS),
    "sign": (lambda a, u: agreements.sign_agreement(a, actor=u), "signing", LEADERS),
    "scan": (scan, "signing", COORDINATORS),
    "reopen_draft": (
        lambda a, u: agreements.reopen_draft(a, actor=u),
        "signing",
        COORDINATORS | LEADERS,
    ),
    "submit": (lambda a, u: agreements.submit_agreement(a, actor=u), "signed", COORDINATORS),
    "file": (lambda a, u: agreements.file_agreement(a, actor=u), "submitted", {"centre"}),
    "return": (give_back, "submitted", {"centre"}),
}
# In which states each step is open at all; in every other one it is refused with a sentence.
OPEN_IN = {
    "save": {"draft", "returned"},
    "open_signing": {"draft", "returned"},
    "sign": {"signing"},
    "scan": {"signing", "signed"},
    "reopen_draft": {"signing", "signed"},
    "submit": {"signed"},
    "file": {"submitted"},
    "return": {"submitted"},
}
BUILT = ("draft", "signing", "signed", "submitted", "returned", "filed")


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("step", STEPS)
def test_each_person_takes_only_the_steps_of_their_role(
    session: Session, step: str, who: str
) -> None:
    do, state, allowed = STEPS[step]
    scene = make_scene()
    agreement = agreement_in(state, scene)
    before = agreement.state
    person = getattr(scene, who)
    if who in allowed:
        do(agreement, person)
        last = session.query(Event).filter_by(object_type="agreement").order_by(Event.id).all()[-1]
        assert last.actor_id == person.id
    else:
        with pytest.raises(Forbidden):
            do(agreement, person)
        assert agreement.state is before


@pytest.mark.parametrize(
    ("step", "state"),
    [(step, state) for step in STEPS for state in BUILT if state not in OPEN_IN[step]],
)
def test_a_step_is_refused_in_every_state_but_its_own(
    session: Session, step: str, state: str
) -> None:
    do, _, allowed = STEPS[step]
    scene = make_scene()
    agreement = agreement_in(state, scene)
    before = (agreement.state, agreement.version, len(agreement.revisions))
    who = "supporting_leader" if step == "sign" else sorted(allowed)[0]
    with pytest.raises(StepRefused) as refusal:
        do(agreement, getattr(scene, who))
    assert refusal.value.sentence
    session.flush()
    session.refresh(agreement)
    assert (agreement.state, agreement.version, len(agreement.revisions)) == before


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


@pytest.mark.parametrize(
    ("who", "allowed"),
    [(who, who in COORDINATORS) for who in PEOPLE],
)
def test_only_the_two_coordinators_draft(session: Session, who: str, allowed: bool) -> None:
    scene = make_scene()
    if allowed:
        agreement = agreements.draft_agreement(scene.pairing, actor=getattr(scene, who))
        assert agreement.state is AgreementState.DRAFT
    else:
        with pytest.raises(Forbidden):
            agreements.draft_agreement(scene.pairing, actor=getattr(scene, who))
        assert session.query(Agreement).count() == 0


def remove_group(scene: Scene, agreement: Agreement) -> None:
    group = scene.pairing.group
    assert group is not None
    for member in group.members:
        member.left_on = date(2020, 6, 1)


def remove_faculty_tasks(scene: Scene, agreement: Agreement) -> None:
    plan = plans_of(agreement)
    db.session.delete(next(task for task in plan.tasks if task.area is Area.FACULTY))


def reopen_plan(scene: Scene, agreement: Agreement) -> None:
    plans.withdraw_endorsement(plans_of(agreement), actor=scene.supporting_leader)


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
            agreement, filename=name, stream=BytesIO(content), actor=scene.supporting_coordinator
        )
    assert said in refusal.value.fields["file"]
    assert agreement.current.scan is None


def test_a_later_scan_takes_the_place_of_the_first(session: Session) -> None:
    scene = make_scene()
    agreement = signed_agreement(scene)
    agreements.attach_scan(
        agreement,
        filename="清晰版.png",
        stream=BytesIO(png_bytes()),
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


def test_filing_gives_the_next_number_and_puts_the_plan_in_force(session: Session) -> None:
    scene = make_scene()
    year = clock.today().year
    first = filed_agreement(scene)
    assert (first.filing_year, first.filing_sequence) == (year, 1)
    assert first.filing_number == f"琼全科帮扶备〔{year}〕1号"
    assert first.filed_by is scene.centre
    assert plans_of(first).state is PlanState.IN_FORCE
    second = filed_agreement(scene, scene.foreign)
    assert second.filing_number == f"琼全科帮扶备〔{year}〕2号"


def test_each_year_and_each_programme_count_from_one(session: Session) -> None:
    scene = make_scene()
    with time_machine.travel("2020-12-31T15:30:00+00:00", tick=False):
        assert filed_agreement(scene).filing_number == "琼全科帮扶备〔2020〕1号"
    # Half an hour later it is the new year in Shanghai, though not yet in Greenwich.
    with time_machine.travel("2020-12-31T16:30:00+00:00", tick=False):
        assert filed_agreement(scene, scene.foreign).filing_number == "琼全科帮扶备〔2021〕1号"


def test_a_refused_filing_uses_up_no_number(session: Session) -> None:
    scene = make_scene()
    waiting = submitted_agreement(scene)
    plan = plans_of(waiting)
    plan.state = PlanState.DRAFTING
    session.flush()
    with pytest.raises(StepRefused) as refusal:
        agreements.file_agreement(waiting, actor=scene.centre)
    assert "商定" in refusal.value.missing[0]
    assert waiting.filing_number is None
    plan.state = PlanState.AGREED
    session.flush()
    assert agreements.file_agreement(waiting, actor=scene.centre).filing_sequence == 1


def test_a_late_agreement_is_filed_all_the_same(session: Session) -> None:
    scene = make_scene()
    with time_machine.travel("2020-06-01T03:00:00+00:00", tick=False):
        agreement = filed_agreement(scene)
    assert agreement.state is AgreementState.FILED
    assert late_days(agreement.first_submitted_at, date(2020, 5, 22), date(2021, 1, 1)) == 10


def test_lateness_is_judged_by_the_first_submission(session: Session) -> None:
    scene = make_scene()
    with time_machine.travel("2020-05-20T03:00:00+00:00", tick=False) as traveller:
        agreement = returned_agreement(scene)
        first = agreement.first_submitted_at
        traveller.move_to("2020-07-01T03:00:00+00:00")
        answer_return(agreement, scene)
    assert agreement.first_submitted_at == first
    assert agreement.submitted_at is not None
    assert first is not None
    assert agreement.submitted_at > first + timedelta(days=40)
    assert late_days(agreement.first_submitted_at, date(2020, 5, 22), date(2021, 1, 1)) == 0


def test_a_return_opens_the_next_revision_and_keeps_the_first(session: Session) -> None:
    scene = make_scene()
    agreement = returned_agreement(scene, reason="请补充经费条款。")
    first, second = agreement.revisions
    assert agreement.state is AgreementState.RETURNED
    assert (first.number, second.number) == (1, 2)
    assert first.return_reason == agreement.return_reason == "请补充经费条款。"
    assert first.returned_at is not None
    assert first.submitted_at is not None
    assert len(first.signatures) == 2
    assert first.scan is not None
    assert (second.signatures, second.scan) == ([], None)
    assert [c.body for c in first.clauses] == [c.body for c in second.clauses]
    answer_return(agreement, scene, key="funding", body="双方经费另行约定。")
    assert agreement.state is AgreementState.SUBMITTED
    assert agreement.return_reason == ""
    texts = [next(c.body for c in r.clauses if c.key == "funding") for r in (first, second)]
    assert texts[0] != texts[1] == "双方经费另行约定。"


@pytest.mark.parametrize("reason", ["", "   ", "\n"])
def test_a_return_says_why(session: Session, reason: str) -> None:
    scene = make_scene()
    agreement = submitted_agreement(scene)
    with pytest.raises(Rejected) as refusal:
        agreements.return_agreement(agreement, reason=reason, actor=scene.centre)
    assert "comment" in refusal.value.fields
    assert agreement.state is AgreementState.SUBMITTED
    assert len(agreement.revisions) == 1


def test_remarks_on_clauses_are_reason_enough(session: Session) -> None:
    scene = make_scene()
    agreement = submitted_agreement(scene)
    agreements.return_agreement(
        agreement,
        reason="",
        remarks=[Remark("经费保障", "写明承担方。"), Remark("甲方权利", "补充。")],
        actor=scene.centre,
    )
    assert agreement.return_reason == "【经费保障】写明承担方。\n【甲方权利】补充。"
    event = session.query(Event).filter_by(object_type="agreement", action="return").one()
    assert event.details == [["涉及条款", "经费保障、甲方权利"]]


def had_a_hand(column: str) -> Callable[[Scene, Agreement], None]:
    return lambda scene, agreement: setattr(agreement, column, scene.centre.id)


def signed_it(scene: Scene, agreement: Agreement) -> None:
    agreement.current.signatures[0].user_id = scene.centre.id


def works_there(scene: Scene, agreement: Agreement) -> None:
    scene.centre.organisation = scene.pairing.supported


@pytest.mark.parametrize(
    "involve",
    [had_a_hand("submitted_by_id"), had_a_hand("created_by_id"), signed_it, works_there],
    ids=["submitted", "drafted", "signed", "works there"],
)
def test_nobody_decides_about_what_they_had_a_hand_in(
    session: Session, involve: Callable[[Scene, Agreement], None]
) -> None:
    scene = make_scene()
    agreement = submitted_agreement(scene)
    involve(scene, agreement)
    session.flush()
    for decide in (
        lambda: agreements.file_agreement(agreement, actor=scene.centre),
        lambda: give_back(agreement, scene.centre),
    ):
        with pytest.raises(Forbidden):
            decide()
    assert agreement.state is AgreementState.SUBMITTED
    assert agreements.file_agreement(agreement, actor=scene.other_centre).filing_sequence == 1


def test_the_second_reviewer_is_told_what_became_of_it(session: Session) -> None:
    scene = make_scene()
    agreement = submitted_agreement(scene)
    seen = agreement.version
    agreements.file_agreement(agreement, actor=scene.centre, seen_version=seen)
    with pytest.raises(StepRefused, match="已备案"):
        agreements.return_agreement(
            agreement, reason="晚了一步", actor=scene.other_centre, seen_version=seen
        )


def test_a_reviewer_does_not_decide_about_a_revision_they_have_not_read(
    session: Session,
) -> None:
    scene = make_scene()
    agreement = submitted_agreement(scene)
    seen = agreement.version
    give_back(agreement, scene.other_centre)
    answer_return(agreement, scene)
    with pytest.raises(StaleEdit):
        agreements.file_agreement(agreement, actor=scene.centre, seen_version=seen)


def test_every_step_stands_in_the_history(session: Session) -> None:
    scene = make_scene()
    agreement = returned_agreement(scene)
    answer_return(agreement, scene)
    agreements.file_agreement(agreement, actor=scene.centre)
    actions = [e.action for e in reversed(history_of("agreement", agreement.id))]
    signing = ["open_signing", "signed", "signed", "scan", "submit"]
    assert actions == ["drafted", *signing, "return", "edited", *signing, "file"]
    assert {e.pairing_id for e in history_of("agreement", agreement.id)} == {scene.pairing_id}
