"""Issuing the accounts of several people of one hospital at once, from a pasted list."""

from dataclasses import dataclass

import sqlalchemy as sa

from portal import passwords
from portal.errors import Rejected
from portal.extensions import db
from portal.models import Organisation, OrganisationKind, User
from portal.policies import accounts as policy
from portal.policies.account_lines import MOST_LINES, AccountLine, read_lines
from portal.policies.decision import require
from portal.services import users
from portal.services.invitations import Sent, invite
from portal.services.users import Issued, UserEntry


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
    lines = [line for line in text.splitlines() if line.strip()]
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
            taken=db.session.scalars(sa.select(User.username)),
            known_names=db.session.scalars(names),
        ),
    )


def issue_by_links(batch: Batch, *, actor: User) -> list[Sent]:
    """Issue every account of the list with a link. Raises Forbidden or Rejected: all or none."""
    # Nobody knows the password behind it, so that one hash may stand for all.
    unknown = passwords.nobodys_hash()
    return [
        invite(users.issue_with_hash(line.username, entry, unknown, actor=actor), actor=actor)
        for line, entry in _entries(batch, actor)
    ]


def issue_by_passwords(batch: Batch, *, actor: User) -> list[Issued]:
    """Issue every account of the list with an initial password. Raises as above."""
    return [
        users.issue_account(line.username, entry, actor=actor)
        for line, entry in _entries(batch, actor)
    ]


def _entries(batch: Batch, actor: User) -> list[tuple[AccountLine, UserEntry]]:
    """Return what each line asks for; refuse the list while one of them is faulty."""
    if batch.faulty:
        raise Rejected({"lines": f"名单中有 {len(batch.faulty)} 行需要修改。"})
    entries = []
    for line in batch.lines:
        if line.role is None:
            raise Rejected({"lines": f"第 {line.number} 行没有角色。"})
        require(policy.can_issue(actor, line.role))
        entry = UserEntry(line.name, line.position, line.role, batch.organisation)
        entries.append((line, entry))
    return entries
