"""The centre decides: filing with its number, return with its reason, lateness, four eyes."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
import time_machine
from sqlalchemy.orm import Session

from portal import clock
from portal.errors import Forbidden, Rejected, StaleEdit, StepRefused
from portal.extensions import db
from portal.models import (
    Agreement,
    AgreementState,
    Event,
    Plan,
    PlanState,
    User,
)
from portal.policies.agreement_text import Remark
from portal.policies.agreements import late_days
from portal.queries.history import history_of
from portal.services import agreements
from tests.factories import Scene, make_scene
from tests.factories.agreements import (
    BY_EYE,
    answer_return,
    filed_agreement,
    returned_agreement,
    submitted_agreement,
)


def plans_of(agreement: Agreement) -> Plan:
    return db.session.query(Plan).filter_by(pairing_id=agreement.pairing_id).one()


def give_back(agreement: Agreement, actor: User) -> object:
    return agreements.return_agreement(agreement, reason="请修改。", actor=actor)


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
        agreements.file_agreement(waiting, checked=BY_EYE, actor=scene.centre)
    assert "商定" in refusal.value.missing[0]
    assert waiting.filing_number is None
    plan.state = PlanState.AGREED
    session.flush()
    assert (
        agreements.file_agreement(waiting, checked=BY_EYE, actor=scene.centre).filing_sequence == 1
    )


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
        lambda: agreements.file_agreement(agreement, checked=BY_EYE, actor=scene.centre),
        lambda: give_back(agreement, scene.centre),
    ):
        with pytest.raises(Forbidden):
            decide()
    assert agreement.state is AgreementState.SUBMITTED
    assert (
        agreements.file_agreement(
            agreement, checked=BY_EYE, actor=scene.other_centre
        ).filing_sequence
        == 1
    )


def test_the_second_reviewer_is_told_what_became_of_it(session: Session) -> None:
    scene = make_scene()
    agreement = submitted_agreement(scene)
    seen = agreement.version
    agreements.file_agreement(agreement, checked=BY_EYE, actor=scene.centre, seen_version=seen)
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
        agreements.file_agreement(agreement, checked=BY_EYE, actor=scene.centre, seen_version=seen)


def test_every_step_stands_in_the_history(session: Session) -> None:
    scene = make_scene()
    agreement = returned_agreement(scene)
    answer_return(agreement, scene)
    agreements.file_agreement(agreement, checked=BY_EYE, actor=scene.centre)
    actions = [e.action for e in reversed(history_of("agreement", agreement.id))]
    signing = ["open_signing", "signed", "signed", "scan", "submit"]
    assert actions == ["drafted", *signing, "return", "edited", *signing, "file"]
    assert {e.pairing_id for e in history_of("agreement", agreement.id)} == {scene.pairing_id}
