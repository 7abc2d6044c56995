"""The gap table of a survey: figures beside standards, and the step to a problem."""

from decimal import Decimal

from portal.extensions import db
from portal.models import Area, BaseKind, Comparison, Problem, TrainingBase
from portal.services.first_run import load_standards
from tests.factories import PASSWORD, Scene, make_scene
from tests.factories.needs import item_of, make_standard, survey_with
from tests.factories.problems import make_problem
from tests.support.pages import Page, PageClient
from tests.support.queries import count_queries

ANSWERS = {
    "gp_beds": 12,
    "gp_ward": "no",
    "gp_physicians": 6,
    "turnover": 1,
    "gp_director_title": "vacant",
    "activities.rounds.times": 30,
    "pass_rates.last.completion_due": 20,
    "pass_rates.last.completion_passed": 16,
}


def residency(scene: Scene) -> None:
    scene.pairing.supported.bases.append(TrainingBase(kind=BaseKind.GP_RESIDENCY))
    db.session.flush()


def lines(page: Page) -> dict[str, list[str]]:
    """Field → the text of each of its rows."""
    found: dict[str, list[str]] = {}
    name = ""
    for row in page.select("tbody tr"):
        if head := row.select_one("th"):
            name = head.get_text(" ", strip=True)
        found.setdefault(name, []).append(row.get_text(" ", strip=True))
    return found


def test_each_figure_stands_beside_every_edition(client: PageClient) -> None:
    scene = make_scene()
    residency(scene)
    survey = survey_with(scene.pairing, scene.supporting_coordinator, ANSWERS)
    load_standards()
    client.login(scene.commission, PASSWORD)
    found = lines(client.get(f"/surveys/{survey.id}/gaps"))
    beds = found["全科病床数"]
    assert len(beds) == 2
    assert "12 张" in beds[0]
    assert "差 8 张" in beds[0]
    assert "全科专业基地评估指标2021年版" in beds[0]
    assert "未核实" not in beds[0]
    assert "未核实" in beds[1]
    rounds = found["近12个月教学活动：教学查房，次数"]
    assert [("达标" in row, "未达标" in row) for row in rounds] == [
        (True, False),
        (True, False),
        (True, True),
    ]
    assert "需人工判断" in found["全科医学科主任的职称"][0]
    assert "未填报" in found["全科医师平均收入与本院同级人员平均收入之比"][0]
    (rate,) = found["近三年首次参加考试通过情况：上一年度，结业通过率"]
    assert "80%" in rate
    assert "差 5%" in rate
    assert "每床医师数" in found
    assert "0.5 人/床" in found["每床医师数"][0]


def test_standards_for_other_bases_are_shown_only_for_reference(client: PageClient) -> None:
    scene = make_scene()
    scene.pairing.supported.bases.append(TrainingBase(kind=BaseKind.ASSISTANT_GP))
    survey = survey_with(scene.pairing, scene.supporting_coordinator, ANSWERS)
    make_standard("gp_beds", base_kinds=["gp_residency"])
    make_standard("gp_visits", low=Decimal(20000), high=Decimal(10**6))
    client.login(scene.supported_coordinator, PASSWORD)
    address = f"/surveys/{survey.id}/gaps"
    assert list(lines(client.get(address))) == ["上一年度全科门诊人次"]
    wide = lines(client.get(f"{address}?foreign=1"))
    assert "参照" in wide["全科病床数"][0]


def test_one_edition_can_be_chosen_where_several_exist(client: PageClient) -> None:
    scene = make_scene()
    survey = survey_with(scene.pairing, scene.supporting_coordinator, ANSWERS)
    old = make_standard("gp_beds", "甲版", low=Decimal(10))
    make_standard("gp_beds", "乙版", low=Decimal(30))
    make_standard("gp_ward", "乙版", comparison=Comparison.PRESENT, title="设置病房")
    client.login(scene.centre, PASSWORD)
    address = f"/surveys/{survey.id}/gaps"
    page = client.get(address)
    assert len(lines(page)["全科病床数"]) == 2
    link = page.one(f'a[href*="only={old.id}"]')
    chosen = lines(client.get(str(link["href"])))
    (row,) = chosen["全科病床数 另有 1 个版本未显示"]
    assert "甲版" in row
    assert "是否有独立的全科病房" in chosen
    assert len(lines(client.get(f"{address}?edition=乙版"))["全科病床数"]) == 1
    assert list(lines(client.get(f"{address}?verdict=met"))) == ["全科病床数"]
    assert client.get(f"{address}?only=abc&only=99999999999&verdict=x").status == 200


def test_one_click_opens_a_problem_filled_from_the_gap(client: PageClient) -> None:
    scene = make_scene()
    survey = survey_with(scene.pairing, scene.supporting_coordinator, ANSWERS)
    make_standard("gp_beds")
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(f"/surveys/{survey.id}/gaps")
    form = client.get(str(page.one('a[href*="problems/new"]')["href"]))
    assert form.one("#title")["value"] == "全科病床数未达标：现有12 张，标准介于 20～40 张"
    assert "测试版2021" in form.one("#description").get_text()
    assert client.submit(form, "main form").status == 303
    (problem,) = db.session.query(Problem).all()
    assert problem.survey_id == survey.id
    assert problem.item_id == item_of(survey, "gp_beds").id
    assert (problem.area, problem.found_on) == (Area.DEPARTMENT, survey.starts_on)
    assert problem.goal == "全科病床数介于 20～40 张。"
    again = client.get(f"/surveys/{survey.id}/gaps")
    assert f"/problems/{problem.id}" in {link["href"] for link in again.select("tbody a")}


def test_problem_of_an_item_opens_with_what_was_answered(client: PageClient) -> None:
    scene = make_scene()
    survey = survey_with(scene.pairing, scene.supporting_coordinator, ANSWERS)
    item = item_of(survey, "gp_ward")
    client.login(scene.supporting_coordinator, PASSWORD)
    start = f"/pairings/{scene.pairing_id}/problems/new?survey_id={survey.id}"
    page = client.get(f"{start}&item_id={item.id}")
    assert "是否有独立的全科病房：否" in page.one("#description").get_text()
    assert client.get(f"{start}&item_id=999999").status == 404
    assert client.get(f"{start}&item_id={item.id}&cell=no.such").status == 404
    assert client.get(start).status == 200


def test_second_problem_of_an_item_is_hinted_at_and_keeps_to_its_source(
    client: PageClient,
) -> None:
    scene = make_scene()
    survey = survey_with(scene.pairing, scene.supporting_coordinator, ANSWERS)
    item = item_of(survey, "gp_ward")
    client.login(scene.supporting_coordinator, PASSWORD)
    start = f"/pairings/{scene.pairing_id}/problems/new?survey_id={survey.id}&item_id={item.id}"
    page = client.get(start)
    assert "这一项已有问题" not in page.text
    assert page.texts("#source option") == ["实地调研"]
    typed = {"title": "没有病房", "area": "department_building", "source": "inspection"}
    assert client.submit(page, "main form", **typed).status == 422
    problem_page = client.submit(page, "main form", **{**typed, "source": "survey"}).location
    again = client.get(start)
    assert again.one(f"a[href='{problem_page}']").get_text() == (
        "这一项已有问题 1（没有病房），去查看"
    )
    gaps = client.get(f"/surveys/{survey.id}/gaps")
    assert gaps.texts(".site-nav [aria-current]") == ["结对"]


def test_survey_of_another_pairing_is_not_there(client: PageClient) -> None:
    scene = make_scene()
    alien = survey_with(scene.foreign, scene.foreign_coordinator, ANSWERS)
    own = survey_with(scene.pairing, scene.supporting_coordinator)
    client.login(scene.supporting_coordinator, PASSWORD)
    assert client.get(f"/surveys/{alien.id}/gaps").status == 404
    new = f"/pairings/{scene.pairing_id}/problems/new"
    assert client.get(f"{new}?survey_id={alien.id}").status == 404
    typed = {"title": "问题", "area": "faculty", "severity": "general", "source": "survey"}
    for hidden in (
        {"survey_id": str(alien.id)},
        {"survey_id": str(own.id), "item_id": "999999"},
        {"item_id": str(item_of(own, "gp_beds").id)},
    ):
        answer = client.post(new, {**typed, "found_on": "2020-05-01", **hidden})
        assert answer.status == 404, hidden
    assert db.session.query(Problem).count() == 0


def test_contributor_sees_no_gap_table(client: PageClient) -> None:
    scene = make_scene()
    survey = survey_with(scene.pairing, scene.supporting_coordinator)
    client.login(scene.supported_contributor, PASSWORD)
    assert client.get(f"/surveys/{survey.id}/gaps").status == 404


def test_gap_table_costs_the_same_with_many_standards(client: PageClient) -> None:
    scene = make_scene()
    residency(scene)
    survey = survey_with(scene.pairing, scene.supporting_coordinator, ANSWERS)
    for key in ANSWERS:
        item = item_of(survey, key.partition(".")[0])
        make_problem(scene.pairing, scene.supporting_coordinator, survey=survey, item=item)
    client.login(scene.centre, PASSWORD)
    load_standards()
    with count_queries() as queries:
        client.get(f"/surveys/{survey.id}/gaps")
    queries.at_most(9)
