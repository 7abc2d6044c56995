"""Figures of the goals on their page and in the plan; baselines taken from the survey."""

from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from portal.errors import Rejected, StaleEdit, StepRefused
from portal.extensions import db
from portal.models import Area, Comparison, GoalFigure, Plan, PlanState, SurveyState
from portal.queries.plan_builder import survey_figures
from portal.services.goal_figures import FigureEntry, figures_mark, save_figures
from tests.factories import PASSWORD, Scene, make_scene
from tests.factories.needs import make_standard, survey_with
from tests.factories.plans import agreed_plan, drafting_plan, plan_in_force
from tests.factories.problems import make_problem
from tests.factories.targets import make_figure
from tests.support.pages import Page, PageClient

BEDS = FigureEntry(Area.DEPARTMENT, "全科病床数", "张", "12", ("16", "20", "２４"), "gp_beds")
RATE = FigureEntry(Area.TEACHING, "结业考核合格率", "%", "", ("80", "", "90"))


def figures_of(plan: Plan) -> list[tuple[str, Decimal | None, dict[str, str]]]:
    db.session.expire_all()
    return [(one.name, one.baseline, one.targets) for one in plan.figures]


def open_page(client: PageClient, scene: Scene, plan: Plan) -> Page:
    client.login(scene.supporting_coordinator, PASSWORD)
    return client.get(f"/plans/{plan.id}/figures")


def test_figures_are_written_changed_and_removed(session: Session) -> None:
    scene = make_scene()
    plan = agreed_plan(scene.pairing, scene)
    actor = scene.supporting_coordinator
    assert save_figures(plan, [BEDS, RATE], seen=figures_mark(plan), actor=actor) == 2
    assert figures_of(plan) == [
        ("全科病床数", Decimal(12), {"1": "16", "2": "20", "3": "24"}),
        ("结业考核合格率", None, {"1": "80", "3": "90"}),
    ]
    assert plan.state is PlanState.DRAFTING
    version = plan.version
    assert save_figures(plan, [BEDS, RATE], seen=figures_mark(plan), actor=actor) == 0
    assert plan.version == version
    more = FigureEntry(Area.DEPARTMENT, "出院人次", "人次", "300", ("350", "400", "500"))
    assert save_figures(plan, [more, BEDS, RATE], seen=None, actor=actor) == 2
    assert [one[0] for one in figures_of(plan)] == ["出院人次", "全科病床数", "结业考核合格率"]
    assert save_figures(plan, [RATE], seen=None, actor=actor) == 2
    assert [one[0] for one in figures_of(plan)] == ["结业考核合格率"]


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        (FigureEntry(Area.TEACHING, "合格率", "%", "约80"), "baseline-0"),
        (FigureEntry(Area.TEACHING, "合格率", "%", "80", ("90", "很高")), "target2-0"),
        (FigureEntry(Area.TEACHING, "", "%", "80"), "name-0"),
        (FigureEntry(Area.TEACHING, "长" * 101), "name-0"),
        (FigureEntry(Area.TEACHING, "合格率", "长" * 21), "unit-0"),
    ],
)
def test_line_that_cannot_be_kept_is_rejected(
    session: Session, entry: FigureEntry, field: str
) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    with pytest.raises(Rejected) as refusal:
        save_figures(plan, [entry], seen=None, actor=scene.supporting_coordinator)
    assert list(refusal.value.fields) == [field]
    assert db.session.query(GoalFigure).count() == 0


def test_figures_of_a_plan_in_force_stay(session: Session) -> None:
    scene = make_scene()
    plan = plan_in_force(scene.pairing, scene)
    with pytest.raises(StepRefused):
        save_figures(plan, [BEDS], seen=None, actor=scene.supporting_coordinator)


def test_figures_saved_over_someone_elses_are_stale(session: Session) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    mark = figures_mark(plan)
    save_figures(plan, [BEDS], seen=mark, actor=scene.supporting_coordinator)
    with pytest.raises(StaleEdit):
        save_figures(plan, [RATE], seen=mark, actor=scene.supported_coordinator)


def test_confirmed_survey_goes_before_the_one_in_the_field(session: Session) -> None:
    scene = make_scene()
    confirmed = survey_with(scene.pairing, scene.supporting_coordinator, {"gp_beds": 12})
    confirmed.state, confirmed.confirmed_at = SurveyState.CONFIRMED, confirmed.created_at
    db.session.flush()
    survey_with(scene.pairing, scene.supporting_coordinator, {"gp_beds": 15, "gp_visits": 9000})
    found = survey_figures([scene.pairing_id])[scene.pairing_id]
    assert [(one.key, one.number) for one in found] == [("gp_beds", Decimal(12))]
    assert survey_figures([scene.foreign.id]) == {}


def test_coordinator_takes_baselines_from_the_survey_with_one_button(client: PageClient) -> None:
    scene = make_scene()
    survey_with(scene.pairing, scene.supporting_coordinator, {"gp_beds": 12, "gp_visits": 9000})
    plan = drafting_plan(scene.pairing, scene)
    make_figure(
        plan, "床位", area=Area.DEPARTMENT, baseline="8", targets=("16",), item_key="gp_beds"
    )
    page = open_page(client, scene, plan)
    assert len(page.select("#survey input[name=item]")) == 1
    filled = client.submit(page, "main form", item=["gp_visits"], take="1")
    assert filled.status == 200
    assert filled.one("#baseline-0")["value"] == "12"
    assert filled.one("#target1-0")["value"] == "16"
    assert filled.one("#baseline-1")["value"] == "9000"
    assert figures_of(plan)[0][1] == Decimal(8), "nothing is written before it is saved"
    answer = client.submit(filled, "main form", **{"target3-1": "20000"})
    assert answer.status == 303
    rows = figures_of(plan)
    assert [(one[1], one[2]) for one in rows] == [
        (Decimal(12), {"1": "16"}),
        (Decimal(9000), {"3": "20000"}),
    ]
    shown = client.get(answer.location).one("#figures")
    assert "取自调研" in shown.get_text()
    assert "20000" in shown.get_text()


def test_refused_figures_come_back_as_typed(client: PageClient) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    page = open_page(client, scene, plan)
    sent = {"name-1": "合格率", "baseline-1": "约八成", "target1-1": "85"}
    answer = client.submit(page, "main form", **sent)
    assert answer.status == 422
    assert answer.texts("#baseline-1-error") == ["请填写数字，最多四位小数，如 80 或 12.5。"]
    assert answer.one("#baseline-1")["value"] == "约八成"
    assert answer.one("#target1-1")["value"] == "85"


def test_later_editor_of_figures_gets_both_texts(client: PageClient) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    page = open_page(client, scene, plan)
    client.submit(page, "main form", **{"name-0": "先保存的", "baseline-0": "1"})
    stale = client.submit(page, "main form", **{"name-0": "后提交的", "_once": "another"})
    assert stale.status == 409
    assert stale.texts(".conflict dd")[0].startswith("后提交的")
    assert any("先保存的" in text for text in stale.texts(".conflict dd"))
    assert client.submit(stale, "main form").status == 303
    assert [one[0] for one in figures_of(plan)] == ["后提交的"]


def test_plan_gives_advice_on_figures_and_problems_but_blocks_nobody(client: PageClient) -> None:
    scene = make_scene()
    make_standard("gp_beds", comparison=Comparison.AT_LEAST)
    plan = drafting_plan(scene.pairing, scene)
    make_figure(plan, "床位", baseline="20", targets=("16",), item_key="gp_beds")
    problem = make_problem(scene.pairing, scene.supported_coordinator, title="没有独立病房")
    client.login(scene.supporting_leader, PASSWORD)
    page = client.get(f"/pairings/{scene.pairing_id}/plan")
    assert "“床位”第1年目标 16 不及基线 20，请核对。" in page.text
    assert page.select(f'#missing a[href="/problems/{problem.id}"]')
    assert client.submit(page, f'form[action="/plans/{plan.id}/endorse"]').status == 303
