"""Issuing the accounts of several people of one hospital at once, from a pasted list."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

import sqlalchemy as sa

from portal import passwords
from portal.errors import Rejected
from portal.extensions import db
from portal.models import Organisation, OrganisationKind, User
from portal.policies import accounts as policy
from portal.policies.account_lines import MOST_LINES, AccountLine, filled_rows, read_lines
from portal.policies.decision import require
from portal.services import users
from portal.services.invitations import Sent, invite
from portal.services.users import Issued, UserEntry

Made = TypeVar("Made", Sent, Issued)


@dataclass(frozen=True)
class Batch:
    """A list as it would be issued."""

    organisation: Organisation
    lines: list[AccountLine]

    @property
    def faulty(self) -> list[AccountLine]:
        """The lines that must be mended first."""
        return [line for line in self.lines if line.faults]


def read_batch(text: str, organisation: Organisation) -> Batch:
    """Read the list for one hospital. Raises Rejected for a list that is empty or too long."""
    if organisation.kind is not OrganisationKind.HOSPITAL:
        raise Rejected({"organisation": "只能为医院批量发放账号。"})
    lines = filled_rows(text)
    if not lines:
        raise Rejected({"lines": "请粘贴名单，每行一人。"})
    if len(lines) > MOST_LINES:
        raise Rejected({"lines": f"一次最多 {MOST_LINES} 人，现有 {len(lines)} 人，请分批发放。"})
    names = sa.select(User.name).where(User.organisation_id == organisation.id, User.is_active)
    return Batch(
        organisation,
        read_lines(
            text,
            prefix=f"yy{organisation.id:02d}-",
            taken=db.session.scalars(sa.select(User.username)).all(),
            known_names=db.session.scalars(names).all(),
        ),
    )


def issue_by_links(batch: Batch, *, actor: User) -> list[Sent]:
    """Issue every account of the list with a link. Raises Forbidden or Rejected: all or none."""
    # Nobody knows the password behind it, so that one hash may stand for all.
    unknown = passwords.nobodys_hash()

    def issue(username: str, entry: UserEntry) -> Sent:
        user = users.issue_with_hash(username, entry, unknown, actor=actor)
        return invite(user, actor=actor)

    return [_named(line, issue, entry) for line, entry in _entries(batch, actor)]


def issue_by_passwords(batch: Batch, *, actor: User) -> list[Issued]:
    """Issue every account of the list with an initial password. Raises as above."""

    def issue(username: str, entry: UserEntry) -> Issued:
        return users.issue_account(username, entry, actor=actor)

    return [_named(line, issue, entry) for line, entry in _entries(batch, actor)]


def _named(line: AccountLine, issue: Callable[[str, UserEntry], Made], entry: UserEntry) -> Made:
    """Issue one line; a refusal says which line, and whose."""
    try:
        return issue(line.username, entry)
    except Rejected as refusal:
        raise Rejected({"lines": _told(line, refusal.fields.values())}) from refusal


def _told(line: AccountLine, sentences: Iterable[str]) -> str:
    """Say what is wrong with one line."""
    return f"第 {line.number} 行（{line.name or '没有姓名'}）：{''.join(sentences)}"


def _entries(batch: Batch, actor: User) -> list[tuple[AccountLine, UserEntry]]:
    """Return what each line asks for; refuse the list while one of them is faulty."""
    if batch.faulty:
        first = _told(batch.faulty[0], batch.faulty[0].faults)
        raise Rejected({"lines": f"名单中有 {len(batch.faulty)} 行需要修改。{first}"})
    entries = []
    for line in batch.lines:
        if line.role is None:
            raise Rejected({"lines": f"第 {line.number} 行没有角色。"})
        require(policy.can_issue(actor, line.role))
        entry = UserEntry(line.name, line.position, line.role, batch.organisation)
        entries.append((line, entry))
    return entries
