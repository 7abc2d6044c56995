"""Planning a meeting in the browser."""

from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa

from portal.extensions import db
from portal.models import Meeting, Side, TaskState
from portal.services.minutes import ResolutionEntry
from tests.factories import PASSWORD, Scene
from tests.factories.meetings import (
    approved_meeting,
    planned_meeting,
)
from tests.factories.plans import plan_in_force
from tests.factories.tasks import make_task
from tests.support.meeting_pages import plan_path
from tests.support.pages import Page, PageClient


def lines_of(page: Page) -> list[str]:
    """The agenda as the form shows it."""
    return [str(tag.get("value") or "") for tag in page.select("#lines .line input[type=text]")]


def test_coordinator_plans_a_meeting_with_one_submit(client: PageClient, scene: Scene) -> None:
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(plan_path(scene))
    answer = client.submit(page, "main form", place="线上")
    meeting = db.session.scalars(sa.select(Meeting)).one()
    assert (answer.status, answer.location) == (303, f"/meetings/{meeting.id}")
    assert (meeting.title, meeting.place) == ("领导小组季度例会", "线上")
    # Three working days from Monday the 15th, at nine on Shanghai's clock.
    assert meeting.planned_at == datetime(2021, 3, 18, 1, tzinfo=UTC)
    assert len(meeting.agenda) == 5
    shown = client.get(answer.location)
    assert shown.h1 == "领导小组季度例会"
    assert "已安排“领导小组季度例会”" in shown.text


def test_agenda_comes_filled_with_what_is_overdue_returned_or_open(
    client: PageClient, scene: Scene
) -> None:
    plan = plan_in_force(scene.pairing, scene)
    for task in plan.tasks:
        task.due_on = task.first_due_on = date(2022, 1, 1)
    overdue = make_task(plan, title="建立师资库", due_on=date(2021, 3, 5))
    returned = make_task(
        plan,
        title="修订制度",
        due_on=date(2021, 9, 1),
        state=TaskState.IN_PROGRESS,
        is_returned=True,
    )
    make_task(plan, title="早已完成", due_on=date(2020, 9, 1), state=TaskState.CLOSED)
    still_open = make_task(plan, title="带教津贴", due_on=date(2021, 12, 1))
    entries = [
        ResolutionEntry("落实津贴", Side.SUPPORTED, date(2021, 12, 1), task_id=still_open.id),
        ResolutionEntry("催办师资库", Side.SUPPORTED, date(2021, 12, 1), task_id=overdue.id),
    ]
    approved_meeting(scene, resolutions=entries, on=date(2021, 2, 1))
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(plan_path(scene))
    assert lines_of(page)[5:] == [
        "研究逾期任务：建立师资库（已逾期 10 天）",
        "研究退回任务：修订制度",
        "督办上次会议议定事项：落实津贴",
        "",
        "",
    ]
    client.submit(page, "main form")
    meeting = db.session.scalars(sa.select(Meeting).order_by(Meeting.id.desc())).first()
    assert meeting is not None
    assert [item.task_id for item in meeting.agenda[5:]] == [overdue.id, returned.id, still_open.id]


def test_one_more_line_keeps_what_was_typed_and_saves_nothing(
    client: PageClient, scene: Scene
) -> None:
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(plan_path(scene))
    values = {"lines-5-title": "第六项", "lines-6-title": "第七项", "place": "三楼", "do": "line"}
    once = page.one("main form input[name=_once]")["value"]
    again = client.submit(page, "main form", **values)
    assert again.status == 200
    assert lines_of(again)[5:] == ["第六项", "第七项", ""]
    assert again.one("#place")["value"] == "三楼"
    assert again.select("#lines-7-title[autofocus]")
    assert db.session.scalar(sa.select(sa.func.count(Meeting.id))) == 0
    # The key of the first page is still free: drawing it again was no submission.
    assert client.submit(page, "main form", _once=once).location.startswith("/meetings/")


def test_other_kind_brings_its_agenda_and_keeps_own_lines(client: PageClient, scene: Scene) -> None:
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(plan_path(scene))
    again = client.submit(
        page, "main form", kind="kick_off", do="kind", **{"lines-5-title": "研究门诊楼改造"}
    )
    assert lines_of(again)[:6] == [
        "传达结对帮扶通知精神",
        "宣布帮扶领导小组成员名单及职责分工",
        "部署实地调研工作",
        "明确联络员和日常沟通机制",
        "确定协议签订与备案时间安排",
        "研究门诊楼改造",
    ]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"planned_at": ""}, "请填写会议日期和时间。"),
        ({"planned_at": "2201-03-01T09:00"}, "会议时间应在帮扶周期内"),
        ({"place": "长" * 101}, "最多 100 个字，现有 101 个字。"),
        ({"title": "长" * 101}, "最多 100 个字"),
        ({"kind": "party"}, "会议类型"),
        ({"lines-0-title": "长" * 201}, "最多 200 个字"),
    ],
)
def test_bad_plan_is_explained_and_keeps_what_was_typed(
    client: PageClient, scene: Scene, values: dict[str, str], sentence: str
) -> None:
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(plan_path(scene))
    answer = client.submit(page, "main form", **{"lines-6-title": "打好的字", **values})
    assert answer.status == 422
    assert sentence in answer.text
    assert "打好的字" in lines_of(answer)
    assert db.session.scalar(sa.select(sa.func.count(Meeting.id))) == 0


def test_meeting_without_agenda_is_rejected(client: PageClient, scene: Scene) -> None:
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(plan_path(scene))
    nothing = {f"lines-{number}-title": "" for number in range(5)}
    answer = client.submit(page, "main form", place="三楼", **nothing)
    assert answer.status == 422
    assert "请至少填写一项议题。" in answer.one("#lines .error").get_text()
    assert answer.one("#place")["value"] == "三楼"


def test_double_click_on_save_plans_one_meeting(client: PageClient, scene: Scene) -> None:
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(plan_path(scene))
    first = client.submit(page, "main form")
    second = client.submit(page, "main form")
    assert second.location == first.location
    assert db.session.scalar(sa.select(sa.func.count(Meeting.id))) == 1


def test_coordinator_edits_the_plan(client: PageClient, scene: Scene) -> None:
    meeting = planned_meeting(scene)
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(f"/meetings/{meeting.id}/edit")
    assert page.one("#planned_at")["value"] == "2021-03-15T09:00"
    again = client.submit(page, "main form", do="line")
    answer = client.submit(
        again, "main form", **{"lines-0-title": "改过的", "lines-2-title": "新的"}
    )
    assert (answer.status, answer.location) == (303, f"/meetings/{meeting.id}")
    assert [item.title for item in meeting.agenda] == ["改过的", "部署下季度工作", "新的"]


def test_stale_edit_shows_both_plans(client: PageClient, scene: Scene) -> None:
    meeting = planned_meeting(scene)
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(f"/meetings/{meeting.id}/edit")
    client.submit(page, "main form", place="先保存的地点")
    late = client.submit(
        page,
        "main form",
        place="后保存的地点",
        _once="another-key",
        **{"lines-0-title": "我的议题"},
    )
    assert late.status == 409
    assert late.texts(".conflict-sides section")[0].count("后保存的地点") == 1
    assert "先保存的地点" in late.texts(".conflict-sides section")[1]
    assert "我的议题" in lines_of(late)
    saved = client.submit(late, "main form")
    assert saved.status == 303
    assert meeting.place == "后保存的地点"
