"""Recording the minutes in the browser, and the leader's decision."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from portal.extensions import db
from portal.models import Area, Meeting, MeetingState, Side, Task
from portal.services.meetings import AgendaEntry
from portal.services.minutes import ResolutionEntry, record_minutes
from tests.factories import PASSWORD, Scene
from tests.factories.meetings import (
    approved_meeting,
    cancelled_meeting,
    held_meeting,
    leadership_group,
    minutes_entry,
    planned_meeting,
    returned_meeting,
)
from tests.factories.plans import plan_in_force
from tests.factories.tasks import make_task
from tests.support.pages import Page, PageClient


def fields_of(page: Page) -> dict[str, Any]:
    """What the page's form would send as it stands."""
    return {
        str(tag["name"]): tag.get_text(strip=True) if tag.name == "textarea" else tag.get("value")
        for tag in page.select("main form input[name], main form textarea[name]")
    }


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
