"""A meeting: planned → held → minutes approved; minutes may be returned, a plan called off.

A return leads back to ``planned`` with the reason kept: pages show it as 纪要退回修改.
"""

from collections.abc import Iterator

import sqlalchemy as sa

from portal import clock
from portal.models import (
    AttendanceStatus,
    GroupRole,
    Meeting,
    MeetingState,
    Plan,
    PlanState,
    Resolution,
)
from portal.policies.meetings import can_approve_minutes, can_edit_meeting, can_write_minutes
from portal.workflow.engine import Step, Workflow, session_of

HEADS = frozenset({GroupRole.LEADER.value, GroupRole.DEPUTY.value})
GROWING = frozenset({PlanState.DRAFTING, PlanState.IN_FORCE})
"""States of a plan in which a resolution can add a task to it."""


def missing_for_hold(meeting: Meeting) -> list[str]:
    """Return what the minutes still lack before they go to the leader (H-31, §9.2.6)."""
    return [*_missing_frame(meeting), *_missing_content(meeting), *_missing_plan(meeting)]


def _missing_frame(meeting: Meeting) -> Iterator[str]:
    """When, who led it, who was there."""
    if meeting.held_on is None:
        yield "填写召开日期"
    elif meeting.held_on > clock.today():
        yield "召开日期不能晚于今天"
    if not meeting.chair:
        yield "填写主持人"
    if not meeting.recorder:
        yield "填写记录人"
    present = [one for one in meeting.attendance if one.status is AttendanceStatus.PRESENT]
    if not present:
        yield "登记出席人员"
    elif meeting.of_leadership and not any(one.group_role in HEADS for one in present):
        yield "领导小组组长或副组长至少一人出席"


def _missing_content(meeting: Meeting) -> Iterator[str]:
    """What was talked about and what was resolved."""
    if not meeting.agenda:
        yield "至少填写一项议题"
    if not meeting.minutes and not any(item.discussion for item in meeting.agenda):
        yield "填写会议记录，或至少一项议题的讨论情况"
    for number, resolution in enumerate(meeting.resolutions, 1):
        for gap in _gaps_of(resolution):
            yield f"第 {number} 项议定事项：{gap}"


def _gaps_of(resolution: Resolution) -> Iterator[str]:
    if resolution.due_on is None:
        yield "填写完成时限"
    if resolution.task_id is None and resolution.area is None:
        yield "选择落实方式（生成任务或关联已有任务）"
    if creates_task(resolution):
        if not resolution.criteria:
            yield "填写新任务的验收标准"
        if not resolution.evidence:
            yield "填写新任务的佐证材料名称"


def creates_task(resolution: Resolution) -> bool:
    """Whether approval is to make a task of the resolution."""
    return resolution.area is not None and resolution.task_id is None


def _missing_plan(meeting: Meeting) -> Iterator[str]:
    """New tasks need a plan that can take them, and a due date within it."""
    wanted = [one for one in meeting.resolutions if creates_task(one)]
    if not wanted:
        return
    plan = (
        session_of(meeting)
        .execute(
            sa.select(Plan.state, Plan.starts_on, Plan.ends_on).where(
                Plan.pairing_id == meeting.pairing_id
            )
        )
        .first()
    )
    if plan is None:
        yield "本结对还没有三年帮扶工作计划，不能生成任务，请先制定计划"
        return
    if plan.state not in GROWING:
        yield f"三年帮扶工作计划当前为“{plan.state.label}”，不能生成任务，请改为关联已有任务"
    for one in wanted:
        if one.due_on and not plan.starts_on <= one.due_on <= plan.ends_on:
            term = f"{plan.starts_on} 至 {plan.ends_on}"
            yield f"第 {one.position} 项议定事项：完成时限应在计划期内（{term}）"


def missing_for_cancel(meeting: Meeting) -> list[str]:
    """Return why the meeting can no longer be called off: it took place."""
    return ["会议已经召开，只能修改纪要后重新提交"] if meeting.is_returned else []


WORKFLOW: Workflow[Meeting] = Workflow(
    "meeting",
    "会议",
    (
        Step(
            "hold",
            "提交纪要",
            "提交会议纪要",
            frozenset({MeetingState.PLANNED}),
            MeetingState.HELD,
            may=can_write_minutes,
            missing=missing_for_hold,
            tone="info",
        ),
        Step(
            "return_minutes",
            "退回纪要",
            "退回会议纪要",
            frozenset({MeetingState.HELD}),
            MeetingState.PLANNED,
            may=can_approve_minutes,
            comment_required=True,
            tone="warning",
        ),
        Step(
            "approve_minutes",
            "批准纪要",
            "批准会议纪要",
            frozenset({MeetingState.HELD}),
            MeetingState.APPROVED,
            may=can_approve_minutes,
            missing=missing_for_hold,
            tone="success",
        ),
        Step(
            "cancel",
            "取消会议",
            "取消会议",
            frozenset({MeetingState.PLANNED}),
            MeetingState.CANCELLED,
            may=can_edit_meeting,
            missing=missing_for_cancel,
            comment_required=True,
        ),
    ),
)
