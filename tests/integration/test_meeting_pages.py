"""The pages of meetings, through a real client: plan, record, approve, print."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine

from portal.extensions import db
from portal.models import Area, Meeting, MeetingState, Side, Task, TaskState
from portal.services.meetings import AgendaEntry
from portal.services.minutes import ResolutionEntry, record_minutes
from tests.factories import PASSWORD, Scene, make_scene
from tests.factories.meetings import (
    approved_meeting,
    cancelled_meeting,
    draft_minutes,
    held_meeting,
    leadership_group,
    minutes_entry,
    planned_meeting,
    returned_meeting,
)
from tests.factories.plans import plan_in_force
from tests.factories.tasks import make_task
from tests.support.pages import Page, PageClient
from tests.support.queries import count_queries

NINE = datetime(2021, 3, 15, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def march_2021() -> Iterator[None]:
    """Ten months into the programme."""
    with time_machine.travel(NINE):
        yield


@pytest.fixture
def scene(client: PageClient) -> Scene:
    return make_scene()


def plan_path(scene: Scene) -> str:
    return f"/pairings/{scene.pairing_id}/meetings/new"


def fields_of(page: Page) -> dict[str, Any]:
    """What the page's form would send as it stands."""
    return {
        str(tag["name"]): tag.get_text(strip=True) if tag.name == "textarea" else tag.get("value")
        for tag in page.select("main form input[name], main form textarea[name]")
    }


def lines_of(page: Page) -> list[str]:
    """The agenda as the form shows it."""
    return [str(tag.get("value") or "") for tag in page.select("#lines .line input[type=text]")]


# Planning.


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


# Recording.


def test_page_of_minutes_is_filled_with_what_is_known(client: PageClient, scene: Scene) -> None:
    task = make_task(plan_in_force(scene.pairing, scene), title="建立师资库")
    leadership_group(scene)
    meeting = planned_meeting(scene, agenda=[AgendaEntry("研究师资库", task.id)])
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(f"/meetings/{meeting.id}/minutes")
    assert page.one("#held_on")["value"] == "2021-03-15"
    assert page.one("#chair")["value"] == "林一川"
    assert page.one("#recorder")["value"] == scene.supporting_coordinator.name
    checked = page.select("#seats input[type=radio][checked]")
    assert [tag["value"] for tag in checked] == ["present"] * 4
    assert "林一川（组长，海口帮扶医院院长）" in page.text
    assert page.one("#resolutions-0-landing option[selected]")["value"] == f"task:{task.id}"
    assert page.one("#resolutions-0-side option[selected]")["value"] == "supported"
    groups = [str(tag["label"]) for tag in page.select("#resolutions-1-landing optgroup")]
    assert groups == ["生成新任务", "关联已有任务"]


def test_coordinator_records_and_sends_minutes_with_one_submit(
    client: PageClient, scene: Scene
) -> None:
    task = make_task(plan_in_force(scene.pairing, scene), title="建立师资库")
    leadership_group(scene)
    meeting = planned_meeting(scene)
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(f"/meetings/{meeting.id}/minutes")
    page = client.submit(page, "main form", do="resolution", **{"seats-3-status": "absent"})
    assert page.status == 200
    answer = client.submit(
        page,
        "main form",
        **{
            "do": "send",
            "agenda-0-discussion": "双方科教科汇报进度。",
            "guests-0-name": "陈听雨",
            "guests-0-job_title": "省中心",
            "resolutions-0-body": "设置独立病房",
            "resolutions-0-due_on": "2021-06-30",
            "resolutions-0-landing": "create:department_building",
            "resolutions-0-criteria": "床位不少于20张",
            "resolutions-0-evidence": "设置文件",
            "resolutions-1-body": "加快师资库建设",
            "resolutions-1-due_on": "2021-05-31",
            "resolutions-1-side": "supporting",
            "resolutions-1-landing": f"task:{task.id}",
            "minutes": "会议强调抓紧落实。",
        },
    )
    assert (answer.status, answer.location) == (303, f"/meetings/{meeting.id}")
    assert (meeting.state, meeting.minutes_by_id) == (
        MeetingState.HELD,
        scene.supported_coordinator.id,
    )
    assert [(one.name, one.status.value) for one in meeting.attendance] == [
        ("林一川", "present"),
        ("苏望海", "present"),
        ("符清越", "present"),
        ("邢北辰", "absent"),
        ("陈听雨", "observer"),
    ]
    first, second = meeting.resolutions
    assert (first.area is not None, first.task_id) == (True, None)
    assert (second.task_id, second.responsible_side) == (task.id, Side.SUPPORTING)


@pytest.mark.parametrize(
    ("wish", "css"),
    [
        ("guest", "#guests-1-name[autofocus]"),
        ("point", "#agenda-2-title[autofocus]"),
        ("resolution", "#resolutions-1-body[autofocus]"),
    ],
)
def test_one_more_line_of_minutes_saves_nothing(
    client: PageClient, scene: Scene, wish: str, css: str
) -> None:
    leadership_group(scene)
    meeting = planned_meeting(scene)
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(f"/meetings/{meeting.id}/minutes")
    again = client.submit(page, "main form", do=wish, minutes="写了一半", chair="苏望海")
    assert again.status == 200
    assert len(again.select(css)) == 1
    assert again.one("#minutes").get_text(strip=True) == "写了一半"
    assert again.one("#chair")["value"] == "苏望海"
    assert meeting.minutes == ""


def test_draft_is_saved_and_shown_again(client: PageClient, scene: Scene) -> None:
    leadership_group(scene)
    meeting = planned_meeting(scene)
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(f"/meetings/{meeting.id}/minutes")
    values = {
        "do": "save",
        "minutes": "写了一半",
        "resolutions-0-body": "待定事项",
        "guests-0-name": "陈听雨",
        "agenda-0-discussion": "讨论",
    }
    answer = client.submit(page, "main form", **values)
    assert answer.location == f"/meetings/{meeting.id}/minutes"
    shown = client.get(answer.location)
    assert "纪要草稿已保存" in shown.text
    held = fields_of(shown)
    assert held["minutes"] == "写了一半"
    assert held["resolutions-0-body"] == "待定事项"
    assert held["guests-0-name"] == "陈听雨"
    assert held["agenda-0-discussion"] == "讨论"
    assert meeting.state is MeetingState.PLANNED
    assert "还差 2 项" in client.get(f"/meetings/{meeting.id}").text


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"held_on": ""}, "请填写召开日期。"),
        ({"held_on": "2021-03-16"}, "召开日期不能晚于今天。"),
        ({"chair": "长" * 41}, "最多 40 个字"),
        ({"resolutions-0-due_on": "2021-06-30"}, "请填写议定事项的内容。"),
        (
            {"resolutions-0-body": "推进", "resolutions-0-due_on": "2021-03-01"},
            "完成时限不能早于召开日期。",
        ),
        ({"resolutions-0-body": "推进", "resolutions-0-landing": "task:99999"}, "议定事项"),
        ({"guests-0-name": "长" * 41}, "最多 40 个字"),
        ({"seats-0-status": "asleep"}, "领导小组成员出席情况"),
    ],
)
def test_bad_minutes_are_explained_and_keep_what_was_typed(
    client: PageClient, scene: Scene, values: dict[str, str], sentence: str
) -> None:
    plan_in_force(scene.pairing, scene)
    leadership_group(scene)
    meeting = planned_meeting(scene)
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(f"/meetings/{meeting.id}/minutes")
    answer = client.submit(page, "main form", do="send", minutes="打好的字", **values)
    assert answer.status == 422
    assert sentence in answer.text
    assert fields_of(answer)["minutes"] == "打好的字"
    assert (meeting.state, meeting.minutes) == (MeetingState.PLANNED, "")


def test_new_point_wants_a_title(client: PageClient, scene: Scene) -> None:
    leadership_group(scene)
    meeting = planned_meeting(scene)
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.submit(client.get(f"/meetings/{meeting.id}/minutes"), "main form", do="point")
    refused = client.submit(page, "main form", do="save", **{"agenda-2-discussion": "当场提出"})
    assert refused.status == 422
    assert "请填写议题名称。" in refused.text
    client.submit(refused, "main form", do="save", **{"agenda-2-title": "临时议题"})
    assert [item.title for item in meeting.agenda][2:] == ["临时议题"]


def test_sending_incomplete_minutes_lists_what_is_missing(client: PageClient, scene: Scene) -> None:
    leadership_group(scene)
    meeting = planned_meeting(scene)
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(f"/meetings/{meeting.id}/minutes")
    answer = client.submit(page, "main form", do="send", **{"guests-0-name": "陈听雨"})
    assert answer.status == 409
    assert "填写会议记录，或至少一项议题的讨论情况" in answer.text
    assert fields_of(answer)["guests-0-name"] == "陈听雨"
    assert meeting.attendance == []
    # The same form can be sent once the gap is filled.
    assert client.submit(answer, "main form", do="send", minutes="已补充").status == 303


def test_stale_minutes_show_both_texts_and_can_be_saved_again(
    client: PageClient, scene: Scene
) -> None:
    leadership_group(scene)
    meeting = planned_meeting(scene)
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(f"/meetings/{meeting.id}/minutes")
    record_minutes(
        meeting,
        minutes_entry(meeting, minutes="对方的文字"),
        send=False,
        seen_version=None,
        actor=scene.supported_coordinator,
    )
    late = client.submit(page, "main form", do="save", minutes="我的文字")
    assert late.status == 409
    mine, theirs = late.texts(".conflict-sides section")
    assert "我的文字" in mine
    assert "对方的文字" in theirs
    assert scene.supported_coordinator.name in late.one(".conflict .notice-title").get_text()
    assert fields_of(late)["minutes"] == "我的文字"
    assert client.submit(late, "main form", do="save").status == 303
    assert meeting.minutes == "我的文字"


def test_minutes_sent_by_somebody_else_meanwhile_lose_no_text(
    client: PageClient, scene: Scene
) -> None:
    leadership_group(scene)
    meeting = planned_meeting(scene)
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(f"/meetings/{meeting.id}/minutes")
    record_minutes(
        meeting,
        minutes_entry(meeting),
        send=True,
        seen_version=None,
        actor=scene.supported_coordinator,
    )
    late = client.submit(page, "main form", do="send", minutes="我的文字")
    assert late.status == 409
    assert "会议当前状态为“待批准纪要”" in late.text
    assert fields_of(late)["minutes"] == "我的文字"


def test_double_click_on_send_is_one_submission(client: PageClient, scene: Scene) -> None:
    leadership_group(scene)
    meeting = planned_meeting(scene)
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(f"/meetings/{meeting.id}/minutes")
    first = client.submit(page, "main form", do="send", minutes="记录")
    second = client.submit(page, "main form", do="send", minutes="记录")
    assert (first.status, second.status) == (303, 303)
    assert first.location == second.location == f"/meetings/{meeting.id}"


def test_without_a_group_the_page_says_where_to_make_one(client: PageClient, scene: Scene) -> None:
    meeting = planned_meeting(scene)
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(f"/meetings/{meeting.id}/minutes")
    assert page.select(f"#seats a[href='/pairings/{scene.pairing_id}/group']")


# The leader's decision.


def test_leader_approves_with_one_click_and_prints(client: PageClient, scene: Scene) -> None:
    plan_in_force(scene.pairing, scene)
    entry = ResolutionEntry(
        "设置独立病房",
        Side.SUPPORTED,
        date(2021, 6, 30),
        area=Area.DEPARTMENT,
        criteria="不少于20张床",
        evidence="文件",
    )
    meeting = held_meeting(scene, resolutions=[entry])
    client.login(scene.supporting_leader, PASSWORD)
    page = client.get(f"/meetings/{meeting.id}")
    assert "纪要应于 2021-03-29 前批准" in page.text
    assert "并生成 1 项任务" in page.text
    answer = client.submit(page, f"form[action='/meetings/{meeting.id}/approve']")
    assert answer.status == 303
    task = db.session.scalars(sa.select(Task).where(Task.title == "设置独立病房")).one()
    shown = client.get(answer.location)
    assert "纪要已批准，编号 〔2021〕1号，已生成 1 项任务。" in shown.text
    assert task.code in shown.text
    assert not shown.select("form[action$='/approve']")
    sheet = client.get(f"/meetings/{meeting.id}/print")
    for words in (
        "领导小组季度例会纪要",
        "〔2021〕1号",
        "时间：2021年3月15日",
        "主持：林一川",
        "出席：林一川（海口帮扶医院院长）、",
        "（一）通报任务进度",
        "责任单位：文昌受援医院；协同单位：海口帮扶医院；完成时限：2021年6月30日",
        f"对应任务：{task.code}",
        f"负责人 {scene.supporting_leader.name} 于 2021-03-15",
    ):
        assert words in sheet.text, words


def test_unapproved_minutes_print_as_a_proof(client: PageClient, scene: Scene) -> None:
    meeting = held_meeting(scene)
    client.login(scene.supported_leader, PASSWORD)
    sheet = client.get(f"/meetings/{meeting.id}/print")
    assert "（送批稿）" in sheet.text
    assert "本纪要尚未批准，仅供核对。" in sheet.text


@pytest.mark.parametrize("make", [planned_meeting, returned_meeting, cancelled_meeting])
def test_nothing_prints_before_minutes_are_sent(
    client: PageClient, scene: Scene, make: Callable[[Scene], Meeting]
) -> None:
    meeting = make(scene)
    client.login(scene.supporting_coordinator, PASSWORD)
    assert client.get(f"/meetings/{meeting.id}/print").status == 409


def test_leader_returns_with_a_reason_that_stands_on_top(client: PageClient, scene: Scene) -> None:
    meeting = held_meeting(scene)
    client.login(scene.supporting_leader, PASSWORD)
    page = client.get(f"/meetings/{meeting.id}")
    form = f"form[action='/meetings/{meeting.id}/return']"
    refused = client.submit(page, form, comment=" ")
    assert refused.status == 422
    assert "请填写理由。" in refused.text
    too_long = client.submit(page, form, comment="长" * 1001, _once="second-key")
    assert too_long.status == 422
    assert too_long.one("textarea[name=comment]").get_text(strip=True) == "长" * 1001
    answer = client.submit(refused, form, comment="请补充完成时限。")
    assert answer.status == 303
    client.logout()
    client.login(scene.supporting_coordinator, PASSWORD)
    for path in (f"/meetings/{meeting.id}", f"/meetings/{meeting.id}/minutes"):
        banner = client.get(path).one(".returned").get_text()
        assert "请补充完成时限。" in banner
        assert scene.supporting_leader.name in banner
    assert "纪要退回修改" in client.get(f"/pairings/{scene.pairing_id}/meetings").text


@pytest.mark.parametrize("verb", ["approve", "return"])
def test_decision_on_an_older_page_is_refused(client: PageClient, scene: Scene, verb: str) -> None:
    meeting = held_meeting(scene)
    client.login(scene.supporting_leader, PASSWORD)
    stale = {"version": meeting.version - 1, "comment": "请补充"}
    assert client.post(f"/meetings/{meeting.id}/{verb}", stale).status == 409
    assert meeting.state is MeetingState.HELD


def test_second_approval_is_refused(client: PageClient, scene: Scene) -> None:
    meeting = approved_meeting(scene)
    client.login(scene.supporting_leader, PASSWORD)
    assert client.post(f"/meetings/{meeting.id}/approve").status == 409


def test_coordinator_cancels_with_a_reason(client: PageClient, scene: Scene) -> None:
    meeting = planned_meeting(scene)
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(f"/meetings/{meeting.id}")
    form = f"form[action='/meetings/{meeting.id}/cancel']"
    assert client.submit(page, form, comment="").status == 422
    answer = client.submit(page, form, comment="防疫需要，延期。", _once="second-key")
    assert answer.status == 303
    shown = client.get(answer.location)
    assert "已取消" in shown.text
    assert "防疫需要，延期。" in shown.text
    assert not shown.select("main form")


# Who may open what.

READERS = {
    "commission",
    "centre",
    "city",
    "supporting_coordinator",
    "supporting_leader",
    "supported_coordinator",
    "supported_leader",
}
OUTSIDERS = {
    "supporting_contributor",
    "supported_contributor",
    "foreign_coordinator",
    "foreign_leader",
    "expert",
    "administrator",
    "auditor",
}


@pytest.mark.parametrize("who", sorted(READERS | OUTSIDERS))
def test_pages_open_to_readers_and_do_not_exist_for_others(
    client: PageClient, scene: Scene, who: str
) -> None:
    plan = plan_in_force(scene.pairing, scene)
    # Contributors see the pairing through a task of theirs, but not its meetings.
    make_task(
        plan,
        supporting_owner=scene.supporting_contributor,
        supported_owner=scene.supported_contributor,
    )
    meeting, planned = approved_meeting(scene), planned_meeting(scene)
    client.login(getattr(scene, who), PASSWORD)
    expected = 200 if who in READERS else 404
    for path in (
        f"/pairings/{scene.pairing_id}/meetings",
        f"/meetings/{meeting.id}",
        f"/meetings/{meeting.id}/print",
    ):
        assert client.get(path).status == expected, path
    writers = READERS - {"commission", "centre", "city"}
    for path, allowed in (
        (plan_path(scene), writers),
        (f"/meetings/{planned.id}/edit", writers),
        (f"/meetings/{planned.id}/minutes", writers - {"supporting_leader"}),
    ):
        status = 200 if who in allowed else (403 if who in READERS else 404)
        assert client.get(path).status == status, path
        if status != 200:
            assert client.post(path).status == status, path
    for verb, allowed in (
        ("cancel", writers),
        ("approve", {"supporting_leader"}),
        ("return", {"supporting_leader"}),
    ):
        if who not in allowed:
            answer = client.post(f"/meetings/{planned.id}/{verb}", {"comment": "理由"})
            assert answer.status == (403 if who in READERS else 404), verb
    assert planned.state is MeetingState.PLANNED


@pytest.mark.parametrize(
    "path", ["/meetings/99999", "/meetings/99999/minutes", "/meetings/99999/print"]
)
def test_guessed_meeting_does_not_exist(client: PageClient, scene: Scene, path: str) -> None:
    client.login(scene.centre, PASSWORD)
    assert client.get(path).status == 404


def test_minutes_of_a_sent_or_approved_meeting_cannot_be_opened(
    client: PageClient, scene: Scene
) -> None:
    for meeting in (held_meeting(scene), approved_meeting(scene), cancelled_meeting(scene)):
        client.login(scene.supporting_coordinator, PASSWORD)
        assert client.get(f"/meetings/{meeting.id}/minutes").status == 409
        client.logout()


# Lists and budgets.


def test_pairing_without_meetings_is_told_what_belongs_there(
    client: PageClient, scene: Scene
) -> None:
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(f"/pairings/{scene.pairing_id}/meetings")
    assert "还没有会议" in page.text
    assert page.select(f".empty a[href='{plan_path(scene)}']")
    # Never met since 2020-05-22: due on 2020-08-22.
    assert "领导小组会议已逾期 205 天" in page.text
    client.logout()
    client.login(scene.centre, PASSWORD)
    assert not client.get(f"/pairings/{scene.pairing_id}/meetings").select(".empty a")


def test_pairing_that_met_in_time_is_told_when_to_meet_next(
    client: PageClient, scene: Scene
) -> None:
    held_meeting(scene, on=date(2021, 2, 1))
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(f"/pairings/{scene.pairing_id}/meetings")
    assert "上次召开于 2021年2月1日，下次应于 2021年5月1日前召开" in page.text
    assert "逾期" not in page.text


def test_list_shows_all_in_scope_and_the_pairings_that_are_overdue(
    client: PageClient, scene: Scene
) -> None:
    planned_meeting(scene, title="本结对的会议")
    planned_meeting(scene, pairing=scene.foreign, title="别人的会议")
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get("/meetings")
    assert "本结对的会议" in page.text
    assert "别人的会议" not in page.text
    assert page.select(f"#overdue a[href='{plan_path(scene)}']")
    client.logout()
    client.login(scene.commission, PASSWORD)
    everything = client.get("/meetings")
    assert "别人的会议" in everything.text
    assert len(everything.select("#overdue tbody tr")) == 2
    assert not everything.select("#overdue a[href$='/new']")


def test_list_is_narrowed_by_the_address(client: PageClient, scene: Scene) -> None:
    planned_meeting(scene, title="今天的会议")
    planned_meeting(scene, title="过期未记录", on=date(2021, 3, 1))
    held_meeting(scene, title="刚提交的纪要")
    planned_meeting(scene, pairing=scene.foreign, title="别人的会议")
    client.login(scene.centre, PASSWORD)

    def titles(**query: Any) -> list[str]:
        page = client.get("/meetings", query)
        return [text.split()[0] for text in page.texts(".page main > .table-scroll tbody th a")]

    assert titles(state="held") == ["刚提交的纪要"]
    assert titles(pairing=scene.foreign.id) == ["别人的会议"]
    assert titles(overdue=1) == ["过期未记录"]
    assert titles(state="held", overdue=1) == []
    # What is no filter narrows nothing.
    assert len(titles(state="nonsense", pairing="x", after="garbage")) == 4


def test_empty_lists_say_what_belongs_there(client: PageClient, scene: Scene) -> None:
    client.login(scene.centre, PASSWORD)
    assert "还没有会议" in client.get("/meetings").text
    assert "没有符合条件的会议" in client.get("/meetings", {"state": "held"}).text


@pytest.mark.parametrize("who", ["supporting_contributor", "expert", "administrator", "auditor"])
def test_list_does_not_exist_for_those_without_meetings(
    client: PageClient, scene: Scene, who: str
) -> None:
    client.login(getattr(scene, who), PASSWORD)
    assert client.get("/meetings").status == 404


@pytest.mark.parametrize("many", [2, 30])
def test_pages_keep_their_number_of_queries(client: PageClient, scene: Scene, many: int) -> None:
    plan = plan_in_force(scene.pairing, scene)
    for number in range(many):
        make_task(plan, title=f"逾期任务{number}", due_on=date(2021, 1, 1))
        planned_meeting(scene, on=date(2021, 3, 1))
    tasks = list(db.session.scalars(sa.select(Task).order_by(Task.id)))
    entries = [
        ResolutionEntry("推进", Side.SUPPORTED, date(2021, 6, 30), task_id=task.id)
        for task in tasks[:many]
    ]
    agenda = [AgendaEntry(task.title, task.id) for task in tasks[:many]]
    approved = approved_meeting(scene, resolutions=entries, agenda=agenda)
    draft = draft_minutes(scene, resolutions=entries, agenda=agenda)
    client.login(scene.supporting_coordinator, PASSWORD)
    for path, budget in (
        ("/meetings", 4),
        (f"/pairings/{scene.pairing_id}/meetings", 4),
        (f"/meetings/{approved.id}", 7),
        (f"/meetings/{approved.id}/print", 6),
        (plan_path(scene), 5),
        (f"/meetings/{draft.id}/minutes", 10),
    ):
        with count_queries() as queries:
            assert client.get(path).status == 200
        queries.at_most(budget)
