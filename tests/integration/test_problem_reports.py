"""Problems and the report of the survey that found them: what is confirmed stays as it was."""

import pytest

from portal import clock
from portal.errors import StaleEdit, StepRefused
from portal.extensions import db
from portal.models import (
    Event,
    PlanState,
    Problem,
    Side,
    SiteSurvey,
    SurveyConfirmation,
    SurveyState,
)
from portal.queries.surveys import findings_of
from portal.queries.workbench.problems import to_answer
from portal.services.problems import dismiss_problem, remove_problem, take_back
from portal.services.survey_reports import confirm_report
from tests.factories import PASSWORD, Scene, make_scene
from tests.factories.needs import survey_with
from tests.factories.plans import plan_in_force
from tests.factories.problems import make_problem
from tests.support.pages import PageClient


def draft_report(scene: Scene) -> SiteSurvey:
    """A survey whose report one side has confirmed."""
    survey = survey_with(scene.pairing, scene.supporting_coordinator)
    survey.state = SurveyState.REPORT_DRAFT
    survey.confirmations.append(
        SurveyConfirmation(
            side=Side.SUPPORTED,
            user=scene.supported_leader,
            name=scene.supported_leader.name,
            confirmed_at=clock.now(),
        )
    )
    db.session.flush()
    return survey


def confirmed_report(scene: Scene) -> tuple[SiteSurvey, Problem]:
    """A survey whose report both sides confirmed, with the problem it names."""
    survey = draft_report(scene)
    problem = make_problem(scene.pairing, scene.supporting_coordinator, survey=survey)
    confirm_report(survey, actor=scene.supporting_leader)
    assert survey.state is SurveyState.CONFIRMED
    return survey, problem


def typed(problem: Problem, **more: str) -> dict[str, str]:
    return {
        "title": problem.title,
        "area": problem.area.value,
        "severity": problem.severity.value,
        "source": problem.source.value,
        "found_on": problem.found_on.isoformat(),
        "description": problem.description,
        "need": problem.need,
        "goal": problem.goal,
        **more,
    }


def test_new_problem_asks_for_the_confirmations_anew(client: PageClient) -> None:
    scene = make_scene()
    survey = draft_report(scene)
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(f"/pairings/{scene.pairing_id}/problems/new?survey_id={survey.id}")
    assert client.submit(page, "main form", title="漏写的问题", area="faculty").status == 303
    db.session.expire_all()
    assert survey.confirmations == []
    event = db.session.query(Event).filter_by(action="report_changed").one()
    assert event.title == "调研发现的问题有增加"


@pytest.mark.parametrize(
    ("changed", "falls"),
    [
        ({"title": "换了名称"}, True),
        ({"severity": "severe"}, True),
        ({"need": "别的需求"}, True),
        ({"goal": "别的"}, False),
    ],
)
def test_only_what_the_report_says_touches_its_confirmations(
    client: PageClient, changed: dict[str, str], falls: bool
) -> None:
    scene = make_scene()
    survey = draft_report(scene)
    problem = make_problem(scene.pairing, scene.supporting_coordinator, survey=survey)
    client.login(scene.supporting_coordinator, PASSWORD)
    answer = client.post(f"/problems/{problem.id}/edit", typed(problem, **changed))
    assert answer.status == 303
    db.session.expire_all()
    assert (survey.confirmations == []) is falls


def test_dismissing_taking_back_and_deleting_touch_the_report_too(client: PageClient) -> None:
    scene = make_scene()
    actor = scene.supported_coordinator
    survey = draft_report(scene)
    problem = make_problem(scene.pairing, actor, survey=survey)
    dismiss_problem(problem, reason="超出范围", seen_version=None, actor=actor)
    take_back(problem, actor=actor)
    remove_problem(problem, actor=actor)
    assert db.session.query(Event).filter_by(action="report_changed").count() == 3
    assert db.session.query(Problem).count() == 0


def test_confirmed_report_settles_what_it_says_of_a_problem(client: PageClient) -> None:
    scene = make_scene()
    _, problem = confirmed_report(scene)
    client.login(scene.supporting_coordinator, PASSWORD)
    address = f"/problems/{problem.id}/edit"
    refused = client.post(address, typed(problem, title="换了名称"))
    assert refused.status == 422
    assert "调研报告已经双方确认" in refused.text
    assert client.post(address, typed(problem, goal="床位不少于30张")).status == 303
    assert problem.goal == "床位不少于30张"
    assert client.post(f"/problems/{problem.id}/remove").status == 409


def test_problems_found_later_are_no_part_of_a_confirmed_report(client: PageClient) -> None:
    scene = make_scene()
    survey, named = confirmed_report(scene)
    later = make_problem(scene.pairing, scene.supporting_coordinator, survey=survey)
    said = findings_of(survey)
    assert [one.id for one in said] == [named.id]
    named.need = "指导排班，另派护士长。"
    dismiss_problem(named, reason="已解决", seen_version=None, actor=scene.supported_leader)
    assert findings_of(survey) == said
    remove_problem(later, actor=scene.supported_coordinator)
    assert db.session.query(Problem).count() == 1


def test_problem_without_a_survey_touches_no_report(client: PageClient) -> None:
    scene = make_scene()
    survey = draft_report(scene)
    problem = make_problem(scene.pairing, scene.supporting_coordinator, source="meeting")
    dismiss_problem(problem, reason="超出范围", seen_version=None, actor=scene.supported_leader)
    assert len(survey.confirmations) == 1


def test_leader_cannot_confirm_a_report_that_got_another_problem(client: PageClient) -> None:
    scene = make_scene()
    survey = draft_report(scene)
    client.login(scene.supporting_coordinator, PASSWORD)
    seen = survey.version
    page = client.get(f"/pairings/{scene.pairing_id}/problems/new?survey_id={survey.id}")
    client.submit(page, "main form", title="漏写的问题", area="faculty")
    db.session.expire_all()
    with pytest.raises(StaleEdit):
        confirm_report(survey, actor=scene.supporting_leader, seen_version=seen)
    assert survey.confirmations == []


def test_leader_who_confirms_the_report_does_not_write_its_problems(client: PageClient) -> None:
    scene = make_scene()
    survey = draft_report(scene)
    problem = make_problem(scene.pairing, scene.supporting_coordinator, survey=survey)
    client.login(scene.supported_leader, PASSWORD)
    assert client.get(f"/problems/{problem.id}/edit").status == 403
    assert client.post(f"/problems/{problem.id}/edit", typed(problem, title="改")).status == 403
    assert client.post(f"/problems/{problem.id}/remove").status == 403
    page = client.get(f"/problems/{problem.id}")
    assert page.select("form[action$='/dismiss'], a[href$='/edit']") == []
    assert page.select(f"a[href='/problems/{problem.id}/tasks']")
    assert len(survey.confirmations) == 1


@pytest.mark.parametrize("state", [SurveyState.PLANNED, SurveyState.CANCELLED])
def test_survey_that_was_not_made_has_found_nothing(client: PageClient, state: SurveyState) -> None:
    scene = make_scene()
    survey = survey_with(scene.pairing, scene.supporting_coordinator)
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(f"/pairings/{scene.pairing_id}/problems/new?survey_id={survey.id}")
    survey.state, survey.cancel_reason = state, "台风停航"
    db.session.flush()
    refused = client.submit(page, "main form", title="没有护士", area="faculty")
    assert refused.status == 409
    assert refused.select("input[name='title'][value='没有护士']")
    assert db.session.query(Problem).count() == 0


def test_terminated_plan_keeps_its_problems_and_asks_for_no_task(client: PageClient) -> None:
    scene = make_scene()
    plan_in_force(scene.pairing, scene).state = PlanState.TERMINATED
    problem = make_problem(scene.pairing, scene.supporting_coordinator)
    with pytest.raises(StepRefused, match="计划已经执行"):
        remove_problem(problem, actor=scene.supporting_coordinator)
    assert to_answer(scene.supporting_coordinator) == []
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(f"/problems/{problem.id}/tasks")
    assert "计划已终止，不再列入新的任务" in page.text
