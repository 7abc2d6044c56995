"""One row of a plan, edited in place."""

from datetime import date

import pytest
from bs4 import BeautifulSoup

from portal.extensions import db
from portal.models import (
    PlanState,
)
from tests.factories import make_scene
from tests.factories.plans import agreed_plan, drafting_plan, plan_in_force
from tests.support.fragments import apply_fragment, assert_same
from tests.support.pages import Page, PageClient
from tests.support.plan_builder import address, enter, send, tab


def page_with(document: BeautifulSoup, page: Page) -> Page:
    """The same page holding another document, to send a form of it."""
    page.html = str(document)
    page.__dict__.pop("soup", None)
    return page


def test_row_edited_in_place_is_what_a_reload_shows(client: PageClient) -> None:
    scene = make_scene()
    plan = agreed_plan(scene.pairing, scene)
    task = plan.tasks[0]
    enter(client, scene)
    page = tab(client, scene.pairing)
    opened = client.get(address(plan, task), htmx=True)
    open_page = apply_fragment(page, opened, f"#task-{task.id} th a")
    assert len(open_page.select(f"tr#task-{task.id} form")) == 1
    form = f'form[action="{address(plan, task)}"]'
    saved = send(
        client,
        opened,
        form,
        title="独立建科",
        weight="3",
        due_on="第8个月",
        supporting_owner="外聘王某",
        supported_owner=scene.supported_contributor.name,
        milestones="第3个月 选址\n2020-12-31 挂牌",
    )
    assert saved.status == 200
    page = page_with(open_page, page)
    assert_same(apply_fragment(page, saved, form), tab(client, scene.pairing), within="#standing")
    after = apply_fragment(page, saved, form)
    assert_same(after, tab(client, scene.pairing), within=f"#task-{task.id}")
    assert_same(after, tab(client, scene.pairing), within="#plan-lead")
    db.session.expire_all()
    assert (task.title, task.weight, task.due_on) == ("独立建科", 3, date(2021, 1, 21))
    assert (task.supporting_person, task.supporting_owner) == ("外聘王某", None)
    assert (task.supported_person, task.supported_owner) == ("", scene.supported_contributor)
    assert [(one.due_on, one.title) for one in task.milestones] == [
        (date(2020, 8, 21), "选址"),
        (date(2020, 12, 31), "挂牌"),
    ]
    assert plan.state is PlanState.DRAFTING


def test_row_left_without_saving_is_what_it_was(client: PageClient) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    task = plan.tasks[0]
    enter(client, scene)
    page = tab(client, scene.pairing)
    opened = apply_fragment(
        page, client.get(address(plan, task), htmx=True), f"#task-{task.id} th a"
    )
    row = client.get(f"{address(plan, task)}/row", htmx=True)
    assert_same(
        apply_fragment(page_with(opened, page), row, f"#task-{task.id} .button-quiet"),
        tab(client, scene.pairing),
        within=f"#task-{task.id}",
    )
    assert client.get(f"{address(plan, task)}/row").location == (
        f"/pairings/{scene.pairing_id}/plan#task-{task.id}"
    )


def test_row_refused_in_place_keeps_everything_typed(client: PageClient) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    task = plan.tasks[0]
    enter(client, scene)
    opened = client.get(address(plan, task), htmx=True)
    answer = send(client, opened, "form", due_on="尽快", measures="写了很久", supporting_owner="")
    assert answer.status == 422
    assert "看不出是哪一天" in answer.one(f"#t{task.id}-due_on-error").get_text()
    assert answer.one(f"#t{task.id}-due_on")["value"] == "尽快"
    assert answer.one(f"#t{task.id}-measures").get_text().strip() == "写了很久"
    assert task.due_on == date(2020, 11, 22)


@pytest.mark.parametrize("htmx", [True, False])
def test_later_editor_of_a_row_gets_both_texts(client: PageClient, htmx: bool) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    task = plan.tasks[0]
    enter(client, scene)
    page = client.get(address(plan, task), htmx=htmx)
    form = "form" if htmx else "#task-form"
    send(client, page, form, htmx=htmx, title="先保存的")
    stale = send(client, page, form, htmx=htmx, title="后提交的", _once="another-key")
    assert stale.status == 409
    said = stale.texts(".conflict dd")
    assert (said[0], "先保存的" in said) == ("后提交的", True)
    assert send(client, stale, form, htmx=htmx).status == (200 if htmx else 303)
    db.session.expire_all()
    assert task.title == "后提交的"


def test_row_of_a_plan_in_force_does_not_open(client: PageClient) -> None:
    scene = make_scene()
    plan = plan_in_force(scene.pairing, scene)
    enter(client, scene)
    assert client.get(address(plan, plan.tasks[0]), htmx=True).status == 409
    assert tab(client, scene.pairing).select("[hx-get]") == []
