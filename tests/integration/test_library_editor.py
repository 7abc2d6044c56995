"""Editions of the library: drafted by the centre, compared, and published by somebody else."""

import pytest
from sqlalchemy.orm import Session

from portal.errors import Forbidden, NotVisible, Rejected, StaleEdit, StepRefused
from portal.extensions import db
from portal.models import (
    Area,
    EditionState,
    Event,
    LibraryEdition,
    LibraryTask,
    Recurrence,
    SurveyItem,
)
from portal.policies.library_changes import Fate
from portal.queries.library import library_tasks
from portal.queries.library_editions import changes_of
from portal.services import library_editions
from portal.services import library_tasks as services
from portal.services.first_run import load_survey_template, load_task_library
from tests.factories import PASSWORD, make_scene
from tests.factories.library import (
    changed_draft,
    draft_edition,
    entry_of,
    made_from,
    make_library,
    standard,
)
from tests.factories.plans import drafting_plan, make_edition, plan_in_force
from tests.support.pages import PageClient
from tests.support.queries import count_queries

OUTSIDERS = (
    "commission",
    "city",
    "supporting_coordinator",
    "supported_leader",
    "supported_contributor",
    "expert",
    "administrator",
    "security_administrator",
    "auditor",
)


def titles(edition: LibraryEdition) -> list[str]:
    return [
        event.title
        for event in db.session.query(Event).filter_by(object_id=edition.id)
        if event.object_type == "library_edition"
    ]


# Drafting


def test_centre_starts_a_draft_with_every_task_of_the_published_edition(session: Session) -> None:
    scene = make_scene()
    load_task_library()
    published = library_tasks()
    draft = library_editions.start_draft(actor=scene.centre)
    copies = library_tasks(edition=draft.edition)
    assert [one.code for one in copies] == [one.code for one in published]
    assert changes_of(draft).changes == []
    assert (draft.state, draft.based_on) == (EditionState.DRAFT, "2020-1")
    assert library_tasks() == published
    assert titles(draft) == ["起草新版标准任务库"]


@pytest.mark.parametrize("who", OUTSIDERS)
def test_nobody_but_the_centre_writes_the_library(session: Session, who: str) -> None:
    scene = make_scene()
    make_library()
    outsider = getattr(scene, who)
    with pytest.raises(Forbidden):
        library_editions.start_draft(actor=outsider)
    draft = draft_edition(scene)
    task = standard(draft)
    for attempt in (
        lambda: services.add_standard_task(draft, entry_of(task, code="A-09"), actor=outsider),
        lambda: services.edit_standard_task(
            task, entry_of(task, title="改"), seen_version=None, actor=outsider
        ),
        lambda: services.leave_out(task, actor=outsider),
        lambda: services.move_task(task, 1, actor=outsider),
        lambda: services.take_back(draft, "A-01", actor=outsider),
        lambda: library_editions.retitle_edition(
            draft, title="改", seen_version=None, actor=outsider
        ),
    ):
        with pytest.raises(Forbidden):
            attempt()
    assert changes_of(draft).changes == []


def test_second_draft_is_refused(session: Session) -> None:
    scene = make_scene()
    draft_edition(scene)
    with pytest.raises(StepRefused, match="已有一个编辑中的版本"):
        library_editions.start_draft(actor=scene.other_centre)
    assert session.query(LibraryEdition).count() == 2


def test_draft_without_a_library_is_refused(session: Session) -> None:
    scene = make_scene()
    with pytest.raises(StepRefused, match="还没有现行的标准任务库"):
        library_editions.start_draft(actor=scene.centre)


def test_drafts_are_numbered_by_year_after_those_there_are(session: Session) -> None:
    scene = make_scene()
    make_library("2020-1")
    first = library_editions.start_draft(actor=scene.centre).edition
    year = first.partition("-")[0]
    assert first == f"{year}-{2 if year == '2020' else 1}"
    for name in (f"{year}-7", f"{year}-旧"):
        make_edition(name, EditionState.RETIRED)
    session.query(LibraryTask).filter_by(edition=first).delete()
    session.query(LibraryEdition).filter_by(edition=first).delete()
    assert library_editions.start_draft(actor=scene.centre).edition == f"{year}-8"


def test_edit_changes_the_draft_only_and_is_written_down_field_by_field(session: Session) -> None:
    scene = make_scene()
    draft = draft_edition(scene, by=scene.other_centre)
    task = standard(draft)
    entry = entry_of(
        task,
        criteria="床位不少于30张。",
        evidence=("床位文件", "照片"),
        milestones=(("选址", 3),),
        recurrence=Recurrence.YEARLY,
        checks=("document", "on_site"),
        verified=False,
        weight=3,
    )
    services.edit_standard_task(task, entry, seen_version=task.version, actor=scene.centre)
    assert task.evidence == ["床位文件", "照片"]
    assert task.milestones == [["选址", 3]]
    event = session.query(Event).filter_by(title="修改标准任务 A-01").one()
    assert dict(map(tuple, event.details)) == {
        "验收标准": "达到标准要求。 → 床位不少于30张。",
        "佐证材料": "成立文件 → 床位文件、照片",
        "权重": "一般 → 核心",
        "频次": "一次性 → 每年",
        "节点": "（空） → 选址（第 3 个月）",
        "核验方式": "材料核对 → 材料核对、现场核查",
        "数值已核实": "是 → 否，待核实",
    }
    assert draft.edited_by == scene.centre
    assert library_tasks()[0].criteria == "达到标准要求。"


def test_edit_that_changes_nothing_leaves_no_trace(session: Session) -> None:
    scene = make_scene()
    draft = draft_edition(scene, by=scene.other_centre)
    task = standard(draft)
    version = draft.version
    services.edit_standard_task(task, entry_of(task), seen_version=None, actor=scene.centre)
    assert (draft.version, draft.edited_by) == (version, scene.other_centre)


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("evidence", {"evidence": ()}),
        ("base_kinds", {"base_kinds": ()}),
        ("milestones", {"milestones": (("选址", 7),)}),
    ],
)
def test_task_that_no_plan_could_use_is_rejected(
    session: Session, field: str, changed: dict[str, object]
) -> None:
    scene = make_scene()
    task = standard(draft_edition(scene))
    entry = entry_of(task, title="改名", **changed)
    with pytest.raises(Rejected) as refusal:
        services.edit_standard_task(task, entry, seen_version=None, actor=scene.centre)
    assert set(refusal.value.fields) == {field}
    assert task.title == "标准任务A-01"


@pytest.mark.parametrize(
    ("code", "area", "said"),
    [
        ("A-01", Area.DEPARTMENT, "已有标准任务"),
        ("A-02", Area.DEPARTMENT, "已停用"),
        ("B-09", Area.DEPARTMENT, "应为 A-01 至 A-99"),
        ("A-9", Area.DEPARTMENT, "应为 A-01 至 A-99"),
        ("A-09", Area.FACULTY, "应为 E-01 至 E-99"),
    ],
)
def test_new_task_needs_a_free_code_of_its_area(
    session: Session, code: str, area: Area, said: str
) -> None:
    scene = make_scene()
    draft = draft_edition(scene)
    services.leave_out(standard(draft, "A-02"), actor=scene.centre)
    entry = entry_of(standard(draft), code=code, area=area)
    with pytest.raises(Rejected, match=said):
        services.add_standard_task(draft, entry, actor=scene.centre)


def test_added_and_left_out_tasks_are_told_and_can_be_taken_back(session: Session) -> None:
    scene = make_scene()
    draft = draft_edition(scene)
    entry = entry_of(standard(draft), code="A-09", title="新任务")
    services.add_standard_task(draft, entry, actor=scene.centre)
    services.leave_out(standard(draft, "B-01"), actor=scene.centre)
    found = {(one.code, one.fate) for one in changes_of(draft).changes}
    assert found == {("A-09", Fate.ADDED), ("B-01", Fate.LEFT_OUT)}
    services.take_back(draft, "B-01", actor=scene.centre)
    assert [one.code for one in changes_of(draft).changes] == ["A-09"]
    with pytest.raises(NotVisible):
        services.take_back(draft, "A-09", actor=scene.centre)


def test_changed_task_is_taken_back_to_the_published_text(session: Session) -> None:
    scene = make_scene()
    draft = changed_draft(scene)
    services.take_back(draft, "A-01", actor=scene.centre)
    assert changes_of(draft).changes == []


@pytest.mark.parametrize(
    ("code", "steps", "order"),
    [
        ("A-03", -1, ["A-01", "A-03", "A-02"]),
        ("A-01", 1, ["A-02", "A-01", "A-03"]),
        ("A-01", 1000, ["A-02", "A-03", "A-01"]),
        ("A-01", -1, ["A-01", "A-02", "A-03"]),
    ],
)
def test_task_moves_within_its_area(
    session: Session, code: str, steps: int, order: list[str]
) -> None:
    scene = make_scene()
    make_library(each=3)
    draft = draft_edition(scene)
    services.move_task(standard(draft, code), steps, actor=scene.centre)
    after = library_tasks(edition=draft.edition)
    assert [one.code for one in after if one.area is Area.DEPARTMENT] == order
    assert [one.code for one in after][3:] == [one.code for one in library_tasks()][3:]
    moved = ["全科医学科建设"] if order != ["A-01", "A-02", "A-03"] else []
    assert changes_of(draft).new_order == moved


def test_later_of_two_editors_is_told(session: Session) -> None:
    scene = make_scene()
    task = standard(draft_edition(scene))
    seen = task.version
    first = entry_of(task, title="先改")
    services.edit_standard_task(task, first, seen_version=seen, actor=scene.other_centre)
    second = entry_of(task, title="后改")
    with pytest.raises(StaleEdit):
        services.edit_standard_task(task, second, seen_version=seen, actor=scene.centre)
    assert task.title == "先改"


def test_published_edition_is_never_changed(session: Session) -> None:
    scene = make_scene()
    task = make_library()[0]
    for attempt in (
        lambda: services.edit_standard_task(
            task, entry_of(task, title="改"), seen_version=None, actor=scene.centre
        ),
        lambda: services.leave_out(task, actor=scene.centre),
        lambda: services.move_task(task, 1, actor=scene.centre),
    ):
        with pytest.raises(StepRefused, match="已经发布"):
            attempt()


# Publishing


@pytest.mark.parametrize("who", ["commission", "other_centre"])
def test_somebody_else_publishes_and_the_old_edition_stays_readable(
    session: Session, who: str
) -> None:
    scene = make_scene()
    draft = changed_draft(scene)
    library_editions.publish_edition(
        draft, note="验收标准更明确。", seen_version=draft.version, actor=getattr(scene, who)
    )
    old = session.query(LibraryEdition).filter_by(edition="2020-1").one()
    assert (draft.state, old.state) == (EditionState.PUBLISHED, EditionState.RETIRED)
    assert (draft.note, draft.published_by) == ("验收标准更明确。", getattr(scene, who))
    assert library_tasks()[0].criteria == "新的验收标准。"
    assert library_tasks(edition="2020-1")[0].criteria == "达到标准要求。"
    assert titles(draft)[-1] == "发布新版标准任务库"
    assert titles(old) == ["新版发布，本版停用"]


@pytest.mark.parametrize("who", ["centre", "city", "supporting_coordinator", "expert", "auditor"])
def test_last_editor_and_outsiders_do_not_publish(session: Session, who: str) -> None:
    scene = make_scene()
    draft = changed_draft(scene)
    with pytest.raises(Forbidden):
        library_editions.publish_edition(
            draft, note="说明", seen_version=None, actor=getattr(scene, who)
        )
    assert draft.state is EditionState.DRAFT


def test_earlier_editor_does_not_publish_what_another_edited_last(session: Session) -> None:
    scene = make_scene()
    draft = draft_edition(scene)
    for actor in (scene.other_centre, scene.centre):
        task = standard(draft)
        entry = entry_of(task, criteria=f"标准由{actor.name}修改。")
        services.edit_standard_task(task, entry, seen_version=None, actor=actor)
    for actor in (scene.other_centre, scene.centre):
        with pytest.raises(Forbidden, match="起草或编辑过这一版"):
            library_editions.publish_edition(draft, note="说明", seen_version=None, actor=actor)
    library_editions.publish_edition(draft, note="说明", seen_version=None, actor=scene.commission)
    assert draft.state is EditionState.PUBLISHED


def test_publication_needs_a_note_a_change_and_the_draft_as_seen(session: Session) -> None:
    scene = make_scene()
    draft = draft_edition(scene)
    publish = library_editions.publish_edition
    with pytest.raises(StepRefused) as refusal:
        publish(draft, note="说明", seen_version=None, actor=scene.commission)
    assert refusal.value.missing == ["与现行版本还没有差别"]
    seen = draft.version
    task = standard(draft)
    entry = entry_of(task, title="改")
    services.edit_standard_task(task, entry, seen_version=None, actor=scene.centre)
    with pytest.raises(StaleEdit):
        publish(draft, note="说明", seen_version=seen, actor=scene.commission)
    with pytest.raises(Rejected):
        publish(draft, note=" ", seen_version=None, actor=scene.commission)
    states = {one.edition: one.state for one in session.query(LibraryEdition)}
    assert states == {"2020-1": EditionState.PUBLISHED, draft.edition: EditionState.DRAFT}


def test_area_without_a_task_keeps_a_draft_back(session: Session) -> None:
    scene = make_scene()
    make_library(each=1)
    draft = draft_edition(scene)
    services.leave_out(standard(draft, "C-01"), actor=scene.centre)
    with pytest.raises(StepRefused) as refusal:
        library_editions.publish_edition(
            draft, note="说明", seen_version=None, actor=scene.commission
        )
    assert refusal.value.missing == ["“激励机制”没有标准任务"]


def test_published_edition_is_not_published_again(session: Session) -> None:
    scene = make_scene()
    draft = changed_draft(scene)
    library_editions.publish_edition(draft, note="说明", seen_version=None, actor=scene.commission)
    with pytest.raises(StepRefused, match="当前状态为“现行”"):
        library_editions.publish_edition(
            draft, note="再次", seen_version=None, actor=scene.commission
        )
    assert draft.note == "说明"


# Whom it reaches


def test_changes_name_open_plans_and_count_those_in_force(session: Session) -> None:
    scene = make_scene()
    source = make_library()
    made_from(drafting_plan(scene.pairing, scene), source[0])
    made_from(plan_in_force(scene.foreign, scene), source[0])
    draft = changed_draft(scene, ["A-01", "A-02"])
    page = changes_of(draft)
    assert [(one.plan.pairing, one.codes) for one in page.open_plans] == [(scene.pairing, ["A-01"])]
    assert page.closed_plans == 1
    assert changes_of(make_edition("空", EditionState.RETIRED)).open_plans == []


# Pages


def test_centre_edits_a_task_on_its_page(client: PageClient) -> None:
    scene = make_scene()
    make_library()
    client.login(scene.centre, PASSWORD)
    page = client.get("/library")
    client.submit(page, 'form[action="/library/editions"]')
    draft = db.session.query(LibraryEdition).filter_by(state=EditionState.DRAFT).one()
    task = standard(draft)
    address = f"/library/editions/{draft.id}/tasks/{task.id}"
    page = client.get(address)
    answer = client.submit(
        page,
        f'form.form[action="{address}"]',
        criteria="床位不少于30张。",
        milestones="选址|3\n开诊 ｜ 6",
        measures="派驻医师。",
    )
    assert answer.status == 303
    assert (task.criteria, task.milestones) == ("床位不少于30张。", [["选址", 3], ["开诊", 6]])
    changes = client.get(f"/library/editions/{draft.id}/changes")
    row = changes.texts("#change-A-01 tbody tr")
    assert "验收标准达到标准要求。床位不少于30张。" in row
    assert "您起草或编辑过这一版" in changes.text
    assert changes.select("#publish form") == []


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"title": ""}, "请填写任务名称。"),
        ({"milestones": "没有月数"}, "第 1 行请写成"),
        ({"due_months": "0"}, "完成月数应为 1 至 60"),
        ({"evidence": "长" * 101}, "第 1 项最多 100 个字"),
        ({"evidence": "\n".join("项" for _ in range(21))}, "最多 20 项"),
        ({"weight": "9"}, "请检查此项"),
    ],
)
def test_refused_form_keeps_what_was_typed(
    client: PageClient, typed: dict[str, str], said: str
) -> None:
    scene = make_scene()
    draft = draft_edition(scene)
    task = standard(draft)
    client.login(scene.centre, PASSWORD)
    address = f"/library/editions/{draft.id}/tasks/{task.id}"
    page = client.submit(
        client.get(address), f'form.form[action="{address}"]', **{"criteria": "我写的标准", **typed}
    )
    assert page.status == 422
    if said != "请检查此项":
        assert said in page.text
    assert page.one("#criteria").get_text().strip() == "我写的标准"
    assert task.criteria == "达到标准要求。"


def test_stale_form_lays_both_texts_side_by_side(client: PageClient) -> None:
    scene = make_scene()
    draft = draft_edition(scene)
    task = standard(draft)
    client.login(scene.centre, PASSWORD)
    address = f"/library/editions/{draft.id}/tasks/{task.id}"
    page = client.get(address)
    entry = entry_of(task, criteria="别人写的")
    services.edit_standard_task(task, entry, seen_version=None, actor=scene.other_centre)
    answer = client.submit(page, f'form.form[action="{address}"]', criteria="我写的")
    assert answer.status == 409
    assert answer.texts(".conflict-sides dd") == ["我写的", "别人写的"]


def test_centre_adds_moves_and_leaves_out_by_buttons(client: PageClient) -> None:
    scene = make_scene()
    draft = draft_edition(scene)
    base = f"/library/editions/{draft.id}"
    client.login(scene.centre, PASSWORD)
    new = client.get(f"{base}/tasks/new", {"area": "incentives"})
    assert new.one("#area option[selected]")["value"] == "incentives"
    typed = {"title": "新", "criteria": "标准", "evidence": "文件", "due_months": "6"}
    form = f'form.form[action="{base}/tasks/new"]'
    refused = client.submit(new, form, task_code="a-3", **typed)
    assert "“激励机制”的编号应为 C-01 至 C-99" in refused.text
    assert client.submit(new, form, task_code="c-03", **typed).status == 303
    first = standard(draft, "C-01")
    client.post(f"{base}/tasks/{first.id}/move", {"to": "down"})
    client.post(f"{base}/tasks/{first.id}/move", {"to": "sideways"})
    order = [one.code for one in library_tasks(edition=draft.edition)]
    assert order[4:7] == ["C-02", "C-01", "D-01"]
    address = f"{base}/tasks/{first.id}/leave-out"
    assert client.post(address).status == 303
    assert client.post(address).status == 404
    assert client.post(f"{base}/take-back", {"code": "C-01"}).status == 303
    assert client.post(f"{base}/take-back", {"code": "Z-01"}).status == 404
    assert standard(draft, "C-01")


def test_publication_by_the_commission_on_the_page(client: PageClient) -> None:
    scene = make_scene()
    draft = changed_draft(scene)
    client.login(scene.commission, PASSWORD)
    page = client.get(f"/library/editions/{draft.id}/changes")
    assert client.submit(page, "#publish form", note="").status == 422
    answer = client.submit(page, "#publish form", note="更明确。")
    assert answer.status == 303
    shown = client.get("/library")
    assert f"{draft.edition} 版" in shown.text
    assert "更明确。" in shown.text
    again = client.submit(page, "#publish form", note="更明确。")
    assert again.status == 303
    assert db.session.query(Event).filter_by(action="publish").count() == 1


def test_retitled_draft_keeps_its_number(client: PageClient) -> None:
    scene = make_scene()
    draft = draft_edition(scene)
    client.login(scene.centre, PASSWORD)
    page = client.get(f"/library/editions/{draft.id}")
    form = "details.disclose form"
    assert client.submit(page, form, title="").status == 422
    assert client.submit(page, form, title="第二版").status == 303
    assert client.submit(page, form, title="第三版", _once="another").status == 409
    assert (draft.title, draft.edition) == ("第二版", draft.edition)


def test_hospital_reads_published_and_retired_editions_but_no_draft(client: PageClient) -> None:
    scene = make_scene()
    draft = changed_draft(scene)
    library_editions.publish_edition(draft, note="说明", seen_version=None, actor=scene.commission)
    next_one = library_editions.start_draft(actor=scene.centre)
    client.login(scene.supported_leader, PASSWORD)
    page = client.get("/library/editions")
    assert page.texts("tbody th .sub") == [draft.edition, "2020-1"]
    for edition in db.session.query(LibraryEdition):
        status = 404 if edition.id == next_one.id else 200
        assert client.get(f"/library/editions/{edition.id}").status == status
        assert client.get(f"/library/editions/{edition.id}/changes").status == status
    in_draft = standard(next_one)
    assert client.get(f"/library/tasks/{in_draft.id}").status == 404
    old = db.session.query(LibraryTask).filter_by(edition="2020-1", code="A-01").one()
    shown = client.get(f"/library/tasks/{old.id}")
    assert "现行版本已修改这项标准任务" in shown.text
    assert "验收标准有修改" in shown.text


def test_survey_items_are_offered_and_old_ones_kept(client: PageClient) -> None:
    scene = make_scene()
    load_survey_template()
    item = db.session.query(SurveyItem).first()
    assert item is not None
    draft = draft_edition(scene)
    task = standard(draft)
    task.item_keys = ["没有的项目"]
    db.session.commit()
    client.login(scene.centre, PASSWORD)
    address = f"/library/editions/{draft.id}/tasks/{task.id}"
    page = client.get(address)
    assert "没有的项目（现行调研表已无此项）" in page.text
    client.submit(page, f'form.form[action="{address}"]', item_keys=[item.key])
    assert task.item_keys == [item.key]
    changes = client.get(f"/library/editions/{draft.id}/changes")
    assert item.label in changes.one("#change-A-01").get_text()


@pytest.mark.parametrize("path", ["", "/changes"])
def test_pages_of_an_edition_ask_a_fixed_number_of_questions(client: PageClient, path: str) -> None:
    scene = make_scene()
    source = make_library(each=5)
    plan = drafting_plan(scene.pairing, scene)
    draft = changed_draft(scene, [one.code for one in source[:9]])
    for one in source:
        made_from(plan, one)
    address = f"/library/editions/{draft.id}{path}"
    client.login(scene.commission, PASSWORD)
    with count_queries() as queries:
        client.get(address)
    queries.at_most(10)
