"""Meetings and minutes on the workbench."""

from datetime import date
from typing import Any

import sqlalchemy as sa

from portal import clock
from portal.extensions import db
from portal.models import Meeting, MeetingState, Pairing, Plan, PlanState, Side, User
from portal.policies.scope import visible_pairings
from portal.queries.meetings import meeting_status
from portal.queries.pairings import pairings_seen_by
from portal.queries.workbench.items import (
    Button,
    Item,
    day_of,
    on_side,
    pairing_name,
    rows_with_hospitals,
)

COLUMNS = (
    Meeting.id,
    Meeting.title,
    Meeting.planned_at,
    Meeting.state_since,
    Meeting.return_reason,
    Meeting.version,
)
APPROVE = Button("批准", "meetings.approve_minutes", "确认批准这份会议纪要？批准后不能再修改。")


def _item(row: Any, kind: str, title: str, since: date, **more: Any) -> Item:
    return Item(
        kind,
        title,
        pairing_name(row),
        since,
        "meetings.show_meeting",
        {"meeting_id": row.id},
        **more,
    )


def minutes_to_approve(viewer: User) -> list[Item]:
    """Return the minutes that wait for the group's leader."""
    rows = rows_with_hospitals(
        COLUMNS,
        Meeting,
        visible_pairings(viewer),
        on_side(viewer, Side.SUPPORTING),
        Meeting.state == MeetingState.HELD,
        order=Meeting.state_since,
    )
    return [
        _item(
            row,
            "纪要待批准",
            f"批准会议纪要：{row.title}",
            day_of(row.state_since),
            tone="accent",
            button=APPROVE,
            version=row.version,
        )
        for row in rows
    ]


def minutes_to_write(viewer: User) -> list[Item]:
    """Return the meetings whose time has come and whose minutes are not handed in."""
    rows = rows_with_hospitals(
        COLUMNS,
        Meeting,
        visible_pairings(viewer),
        Meeting.state == MeetingState.PLANNED,
        Meeting.planned_at <= clock.now(),
        order=Meeting.planned_at,
    )
    return [
        _item(
            row,
            "纪要被退回" if row.return_reason else "会议待记录",
            f"填写会议纪要：{row.title}",
            day_of(row.state_since if row.return_reason else row.planned_at),
            detail=row.return_reason,
            tone="warning" if row.return_reason else "neutral",
        )
        for row in rows
    ]


def overdue(viewer: User) -> list[Item]:
    """Return the pairings whose leadership group has not met within the interval (H-31)."""
    pairings = _going_on(viewer)
    status = meeting_status(pairings)
    return [
        Item(
            "会议逾期",
            "召开帮扶领导小组会议",
            pairing.title,
            due_on,
            "meetings.plan_meeting",
            {"pairing_id": pairing.id},
            detail=f"应在 {due_on.isoformat()} 前召开",
            tone="danger",
        )
        for pairing in pairings
        if (found := status.get(pairing.id)) is not None
        and (due_on := found.next_due_on) is not None
        and found.overdue_days > 0
    ]


def _going_on(viewer: User) -> list[Pairing]:
    """Return the viewer's pairings but those that ended early: no meeting is due in them."""
    ended = set(
        db.session.scalars(sa.select(Plan.pairing_id).where(Plan.state == PlanState.TERMINATED))
    )
    return [pairing for pairing in pairings_seen_by(viewer) if pairing.id not in ended]


def with_others(viewer: User) -> list[Item]:
    """Return the minutes that lie with the leader."""
    rows = rows_with_hospitals(
        COLUMNS,
        Meeting,
        visible_pairings(viewer),
        Meeting.state == MeetingState.HELD,
        order=Meeting.state_since,
    )
    return [
        _item(row, "会议纪要", row.title, day_of(row.state_since), waits_for="组长批准")
        for row in rows
    ]
