"""Every step of a survey against every role and state, and what each leaves behind."""

from collections.abc import Callable
from datetime import date

import pytest
import sqlalchemy as sa

from portal.errors import Forbidden, Rejected, StaleEdit, StepRefused
from portal.extensions import db
from portal.models import Event, Side, SiteSurvey, SurveyState, User
from portal.services import survey_reports, surveys
from portal.services.survey_answers import save_answer
from portal.services.surveys import DepartmentEntry, SurveyEntry, TeamEntry
from portal.workflow.surveys import gaps_before_report, missing_for_report
from tests.factories import Scene
from tests.factories.surveys import (
    cancelled_survey,
    confirmed_survey,
    fill_required,
    newer_template,
    planned_survey,
    reported_survey,
    sheet_of,
    survey_entry,
    survey_in_field,
    written_survey,
)
from tests.support.surveys import field_of

MAKE: dict[str, Callable[..., SiteSurvey]] = {
    "planned": planned_survey,
    "in_field": written_survey,
    "report_draft": reported_survey,
    "confirmed": confirmed_survey,
    "cancelled": cancelled_survey,
}
TAKE: dict[str, Callable[[SiteSurvey, User], object]] = {
    "start": lambda survey, actor: surveys.start_survey(survey, actor=actor),
    "send_report": lambda survey, actor: survey_reports.send_report(survey, actor=actor),
    "send_back": lambda survey, actor: survey_reports.send_back(
        survey, reason="补充师资数据。", actor=actor
    ),
    "confirm": lambda survey, actor: survey_reports.confirm_report(survey, actor=actor),
    "cancel": lambda survey, actor: surveys.cancel_survey(survey, reason="改期。", actor=actor),
}
FROM = {
    "start": {"planned"},
    "send_report": {"in_field"},
    "send_back": {"report_draft"},
    "confirm": {"report_draft"},
    "cancel": {"planned", "in_field"},
}
COORDINATORS = {"supporting_coordinator", "supported_coordinator"}
LEADERS = {"supporting_leader", "supported_leader"}
MAY = {
    "start": {"supporting_coordinator", "supporting_leader"},
    "send_report": {"supporting_coordinator"},
    "send_back": COORDINATORS | LEADERS,
    "confirm": LEADERS,
    "cancel": COORDINATORS,
}
ROLES = (
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
    "security_administrator",
    "auditor",
)


def events(survey: SiteSurvey) -> list[Event]:
    query = sa.select(Event).where(Event.object_type == "survey", Event.object_id == survey.id)
    return list(db.session.scalars(query.order_by(Event.id)))


@pytest.mark.parametrize("action", TAKE)
def test_only_the_right_people_take_a_step(scene: Scene, action: str) -> None:
    survey = MAKE[min(FROM[action])](scene)
    before = survey.state
    for role in ROLES:
        actor = getattr(scene, role)
        if role in MAY[action]:
            continue
        with pytest.raises(Forbidden):
            TAKE[action](survey, actor)
        assert survey.state is before, role
    TAKE[action](survey, getattr(scene, max(MAY[action])))


@pytest.mark.parametrize("action", TAKE)
@pytest.mark.parametrize("state", MAKE)
def test_step_is_refused_from_the_wrong_state(scene: Scene, action: str, state: str) -> None:
    if state in FROM[action]:
        return
    survey = MAKE[state](scene)
    written = len(events(survey))
    with pytest.raises(StepRefused) as refusal:
        TAKE[action](survey, getattr(scene, max(MAY[action])))
    assert survey.state.label in refusal.value.sentence
    assert survey.state is SurveyState(state)
    assert len(events(survey)) == written


def test_survey_goes_through_to_both_confirmations(scene: Scene) -> None:
    survey = confirmed_survey(scene)
    assert survey.state is SurveyState.CONFIRMED
    assert survey.confirmed_at is not None
    assert {mark.side for mark in survey.confirmations} == set(Side)
    assert [event.action for event in events(survey)] == [
        "planned",
        "start",
        "report_changed",
        "send_report",
        "side_confirmed",
        "confirm",
    ]


def test_one_confirmation_is_not_enough_and_counts_once(scene: Scene) -> None:
    survey = reported_survey(scene)
    survey_reports.confirm_report(survey, actor=scene.supported_leader)
    assert survey.state is SurveyState.REPORT_DRAFT
    with pytest.raises(StepRefused, match="已经确认过"):
        survey_reports.confirm_report(survey, actor=scene.supported_leader)
    assert len(survey.confirmations) == 1


def test_change_of_the_report_removes_the_confirmations(scene: Scene) -> None:
    survey = reported_survey(scene)
    survey_reports.confirm_report(survey, actor=scene.supported_leader)
    survey_reports.write_report(
        survey,
        summary="补充了结论。",
        advice=survey.advice,
        seen_version=None,
        actor=scene.supporting_coordinator,
    )
    assert survey.confirmations == []
    assert events(survey)[-1].details == [["受援方", f"{scene.supported_leader.name}的确认作废"]]


def test_saving_the_same_report_again_keeps_the_confirmations(scene: Scene) -> None:
    survey = reported_survey(scene)
    survey_reports.confirm_report(survey, actor=scene.supported_leader)
    survey_reports.write_report(
        survey,
        summary=survey.summary,
        advice=survey.advice,
        seen_version=None,
        actor=scene.supporting_coordinator,
    )
    assert len(survey.confirmations) == 1


def test_leader_cannot_confirm_a_report_that_changed_since(scene: Scene) -> None:
    survey = reported_survey(scene)
    seen = survey.version
    survey_reports.write_report(
        survey, summary="改了。", advice="", seen_version=seen, actor=scene.supporting_coordinator
    )
    with pytest.raises(StaleEdit):
        survey_reports.confirm_report(survey, actor=scene.supported_leader, seen_version=seen)


def test_sending_back_opens_the_field_and_clears_confirmations(scene: Scene) -> None:
    survey = reported_survey(scene)
    survey_reports.confirm_report(survey, actor=scene.supporting_leader)
    survey_reports.send_back(survey, reason=" 缺师资数据 ", actor=scene.supported_leader)
    assert (survey.state, survey.return_reason) == (SurveyState.IN_FIELD, "缺师资数据")
    assert survey.confirmations == []
    survey_reports.send_report(survey, actor=scene.supporting_coordinator)
    assert survey.return_reason == ""


@pytest.mark.parametrize("action", ["send_back", "cancel"])
def test_step_without_its_reason_is_refused(scene: Scene, action: str) -> None:
    survey = MAKE[min(FROM[action])](scene)
    before = survey.state
    take = survey_reports.send_back if action == "send_back" else surveys.cancel_survey
    with pytest.raises(Rejected):
        take(survey, reason="  ", actor=scene.supporting_coordinator)
    assert survey.state is before


def test_report_waits_for_what_must_be_answered(scene: Scene) -> None:
    survey = survey_in_field(scene, departments=())
    with pytest.raises(StepRefused) as refusal:
        survey_reports.send_report(survey, actor=scene.supporting_coordinator)
    missing = refusal.value.missing
    assert missing[0].startswith("医院基本情况：填写“编制床位数”、")
    required = len(sheet_of(survey).required_missing())
    assert sum(gap.count for gap in gaps_before_report(survey)) == required + 2
    assert missing[-2:] == ["登记走访的科室", "填写调研小结"]
    fill_required(survey, actor=scene.supported_coordinator)
    assert missing_for_report(survey) == ["登记走访的科室", "填写调研小结"]


# Planning.


def test_second_open_survey_of_a_pairing_is_refused(scene: Scene) -> None:
    planned_survey(scene)
    with pytest.raises(StepRefused, match="没有结束"):
        planned_survey(scene)


@pytest.mark.parametrize("ended", [confirmed_survey, cancelled_survey])
def test_next_survey_is_planned_once_the_last_one_ended(
    scene: Scene, ended: Callable[..., SiteSurvey]
) -> None:
    ended(scene)
    assert planned_survey(scene, title="第 2 次实地调研").state is SurveyState.PLANNED


@pytest.mark.parametrize("role", ROLES)
def test_only_coordinators_of_both_sides_plan(scene: Scene, role: str) -> None:
    if role in COORDINATORS:
        actor = getattr(scene, role)
        assert surveys.plan_survey(scene.pairing, survey_entry(), actor=actor).created_by is actor
        return
    with pytest.raises(Forbidden):
        surveys.plan_survey(scene.pairing, survey_entry(), actor=getattr(scene, role))


TEAM = [TeamEntry("甲", Side.SUPPORTING)]


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        (SurveyEntry("一", date(2021, 3, 16), date(2021, 3, 15), TEAM), "ends_on"),
        (SurveyEntry("一", date(2019, 3, 16), date(2021, 3, 15), TEAM), "starts_on"),
        (SurveyEntry("一", date(2021, 3, 16), date(2029, 3, 15), TEAM), "starts_on"),
        (SurveyEntry("一", date(2021, 3, 16), date(2021, 3, 16)), "members"),
        (
            SurveyEntry(
                "一", date(2021, 3, 16), date(2021, 3, 16), [TeamEntry("乙", Side.SUPPORTED)]
            ),
            "members",
        ),
        (SurveyEntry("一", date(2021, 3, 16), date(2021, 3, 16), TEAM * 2), "members"),
        (
            SurveyEntry(
                "一", date(2021, 3, 16), date(2021, 3, 16), TEAM, [DepartmentEntry("全科")] * 2
            ),
            "departments",
        ),
        (
            SurveyEntry(
                "一",
                date(2021, 3, 16),
                date(2021, 3, 16),
                TEAM,
                [DepartmentEntry("全科", date(2021, 3, 16))],
            ),
            "departments",
        ),
    ],
)
def test_impossible_visit_is_refused_beside_its_field(
    scene: Scene, entry: SurveyEntry, field: str
) -> None:
    with pytest.raises(Rejected) as refusal:
        surveys.plan_survey(scene.pairing, entry, actor=scene.supporting_coordinator)
    assert list(refusal.value.fields) == [field]


def test_edited_plan_keeps_known_lines_and_tells_what_changed(scene: Scene) -> None:
    survey = planned_survey(scene)
    kept = survey.members[0].id
    entry = SurveyEntry(
        survey.title,
        date(2021, 3, 22),
        date(2021, 3, 23),
        [TeamEntry("苏望海", Side.SUPPORTED), TeamEntry("符清越", Side.SUPPORTING, "副院长")],
        [DepartmentEntry("急诊科", date(2021, 3, 15), "床位紧张")],
    )
    surveys.edit_survey(
        survey, entry, seen_version=survey.version, actor=scene.supported_coordinator
    )
    db.session.expire_all()
    assert [one.name for one in survey.members] == ["苏望海", "符清越"]
    assert (survey.members[1].id, survey.members[1].job_title) == (kept, "副院长")
    assert [one.note for one in survey.departments] == ["床位紧张"]
    assert ["走访科室", "急诊科"] in events(survey)[-1].details


def test_later_of_two_plans_is_told(scene: Scene) -> None:
    survey = planned_survey(scene)
    seen = survey.version
    surveys.edit_survey(
        survey, survey_entry(), seen_version=seen, actor=scene.supporting_coordinator
    )
    assert survey.version == seen + 1
    with pytest.raises(StaleEdit):
        surveys.edit_survey(
            survey, survey_entry(), seen_version=seen, actor=scene.supported_coordinator
        )


def test_survey_keeps_the_edition_it_was_planned_with(scene: Scene) -> None:
    old = planned_survey(scene)
    newer = newer_template()
    assert old.template.edition == "2020-1"
    surveys.cancel_survey(old, reason="改期。", actor=scene.supporting_coordinator)
    again = surveys.plan_survey(
        scene.pairing, survey_entry(title="第 2 次"), actor=scene.supporting_coordinator
    )
    assert again.template is newer


def test_portal_without_a_sheet_gets_the_shipped_one_when_a_visit_is_planned(
    scene: Scene,
) -> None:
    survey = surveys.plan_survey(scene.pairing, survey_entry(), actor=scene.supporting_coordinator)
    assert survey.template.is_current
    assert len(survey.template.items) > 70


def test_report_waits_for_what_was_seen_and_for_parts_within_their_whole(scene: Scene) -> None:
    survey = written_survey(scene)
    assert missing_for_report(survey) == []
    survey.departments[0].note = ""
    answer(survey, "practice_bases", "3")
    answer(survey, "practice_base_agreements", "3")
    with pytest.raises(Rejected, match="不能多于“基层实践基地数”（3）"):
        answer(survey, "practice_base_agreements", "4")
    answer(survey, "practice_bases", "2")
    assert missing_for_report(survey) == [
        "核对“已签联合培训协议的基层实践基地数”：不能多于“基层实践基地数”",
        "补填“全科医学科”的走访日期和走访记录",
    ]


def answer(survey: SiteSurvey, key: str, text: str) -> None:
    actor = survey.created_by
    save_answer(survey, field_of(survey, key), text, seen=None, actor=actor)
