"""Keeping a leadership group: members join, change and leave; the record stays."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from portal import clock
from portal.errors import Rejected
from portal.extensions import db
from portal.models import Duty, GroupMember, GroupRole, LeadershipGroup, Pairing, Side, User
from portal.policies.decision import require
from portal.policies.pairings import can_copy_group, can_edit_group
from portal.workflow import check_version, record


@dataclass(frozen=True)
class MemberEntry:
    """One line of the group's form."""

    name: str
    side: Side
    job_title: str
    role: GroupRole
    duty: Duty


def save_group(
    pairing: Pairing,
    entries: Sequence[MemberEntry],
    *,
    established_on: date | None,
    seen_version: int | None,
    actor: User,
) -> LeadershipGroup:
    """Make the pairing's group consist of ``entries``; who is no longer listed leaves today.

    ``seen_version`` is 0 for a page drawn before there was a group, None to ask for nothing.
    Raises Forbidden, StaleEdit, or Rejected for two leaders, two deputies or one name twice.
    """
    require(can_edit_group(actor, pairing))
    _check_entries(entries)
    group = _lock_group(pairing)
    if group is None:
        group = LeadershipGroup(pairing=pairing, updated_at=clock.now())
        db.session.add(group)
        db.session.flush()
    else:
        check_version(group, seen_version)
    changes = _apply(group, entries)
    if established_on != group.established_on:
        changes.append(("成立日期", established_on.isoformat() if established_on else "未填"))
        group.established_on = established_on
    group.updated_at = clock.now()
    db.session.flush()
    if changes:
        record(group, "group", action="saved", title="更新领导小组", actor=actor, details=changes)
    return group


def _lock_group(pairing: Pairing) -> LeadershipGroup | None:
    """Return the group as it is now; two people who make the first one go one after the other."""
    db.session.execute(
        sa.select(Pairing.id).where(Pairing.id == pairing.id).with_for_update(key_share=True)
    )
    return db.session.scalar(
        sa.select(LeadershipGroup)
        .where(LeadershipGroup.pairing_id == pairing.id)
        .options(selectinload(LeadershipGroup.members))
        .execution_options(populate_existing=True)
    )


def copy_group(source: Pairing, targets: Sequence[Pairing], *, actor: User) -> int:
    """Copy the supporting side's members of ``source`` into the groups of ``targets``.

    The supported side of a target keeps its own people. Returns how many groups changed.
    Raises Forbidden, StaleEdit when a target's group was saved in the same moment, or Rejected
    when there is nothing to copy, when a target belongs to another supporting hospital, or
    when the result is no possible group.
    """
    require(can_copy_group(actor, source))
    if any(target.supporting_id != source.supporting_id for target in targets):
        raise Rejected({"targets": "只能复制到本单位作为帮扶方的结对。"})
    members = source.group.current_members if source.group else []
    ours = [_entry(member) for member in members if member.side is Side.SUPPORTING]
    if not ours:
        raise Rejected({"targets": "帮扶方还没有填写成员，没有可复制的内容。"})
    for target in targets:
        theirs = target.group.current_members if target.group else []
        kept = [_entry(member) for member in theirs if member.side is Side.SUPPORTED]
        try:
            save_group(
                target,
                [*ours, *kept],
                established_on=target.group.established_on if target.group else None,
                seen_version=target.group.version if target.group else 0,
                actor=actor,
            )
        except Rejected as refusal:
            name = target.supported.short_name
            raise Rejected({"targets": f"不能复制到{name}：{refusal.sentence}"}) from refusal
    return len(targets)


def _entry(member: GroupMember) -> MemberEntry:
    return MemberEntry(member.name, member.side, member.job_title, member.role, member.duty)


def _check_entries(entries: Sequence[MemberEntry]) -> None:
    """Refuse what no group can be."""
    for role in (GroupRole.LEADER, GroupRole.DEPUTY):
        if sum(entry.role is role for entry in entries) > 1:
            raise Rejected({"members": f"{role.label}只能有一人。"})
    seen: set[tuple[str, Side]] = set()
    for entry in entries:
        if (entry.name, entry.side) in seen:
            raise Rejected({"members": f"{entry.name}重复填写。"})
        seen.add((entry.name, entry.side))


def _apply(group: LeadershipGroup, entries: Sequence[MemberEntry]) -> list[tuple[str, str]]:
    """Bring the members in line with ``entries`` and return what changed, in words."""
    changes: list[tuple[str, str]] = []
    staying = {(member.name, member.side): member for member in group.current_members}
    for position, entry in enumerate(entries):
        member = staying.pop((entry.name, entry.side), None)
        if member is None:
            member = GroupMember(
                name=entry.name,
                side=entry.side,
                job_title=entry.job_title,
                role=entry.role,
                duty=entry.duty,
                joined_on=clock.today(),
            )
            group.members.append(member)
            changes.append(("加入", f"{entry.role.label} {entry.name}"))
        elif _entry(member) != entry:
            changes.append(("调整", f"{entry.role.label} {entry.name}"))
            member.job_title, member.role, member.duty = entry.job_title, entry.role, entry.duty
        member.position = position
    for member in staying.values():
        member.left_on = clock.today()
        changes.append(("离任", f"{member.role.label} {member.name}"))
    return changes
