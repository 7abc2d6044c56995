"""Agreements as their pages show them: one agreement, and the register."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from portal import clock, storage
from portal.errors import NotVisible
from portal.extensions import db
from portal.models import (
    Agreement,
    AgreementRemark,
    AgreementRevision,
    AgreementState,
    Event,
    Pairing,
    Programme,
    StoredFile,
    User,
)
from portal.policies.agreements import (
    late_days,
    late_of,
    opens_agreements,
    visible_agreements,
    waits_for,
)
from portal.policies.scope import visible_pairings
from portal.queries.agreements_at_hand import AtHand, agreements_at_hand
from portal.workdays import workdays_between

PAGE = 50
NOT_DRAFTED = "none"
"""The filter's word for a pairing that has no agreement yet."""
LATE, OVERDUE = "late", "overdue"
"""Submitted after the deadline; not submitted though the deadline has passed."""

_CHUNK = 256 * 1024


def get_agreement(agreement_id: int, *, viewer: User) -> Agreement:
    """Return an agreement that ``viewer`` may see, with revisions, clauses and signatures.

    Raises NotVisible for any other id, whether it exists or not.
    """
    agreement = db.session.scalar(
        sa.select(Agreement)
        .where(Agreement.id == agreement_id, visible_agreements(viewer))
        .options(
            joinedload(Agreement.filed_by),
            joinedload(Agreement.submitted_by),
            joinedload(Agreement.pairing).options(
                joinedload(Pairing.programme),
                joinedload(Pairing.supporting),
                joinedload(Pairing.supported),
            ),
            selectinload(Agreement.revisions).options(
                joinedload(AgreementRevision.scan).joinedload(StoredFile.uploaded_by),
                selectinload(AgreementRevision.clauses),
                selectinload(AgreementRevision.signatures),
                selectinload(AgreementRevision.annexes),
                selectinload(AgreementRevision.remarks).joinedload(AgreementRemark.made_by),
            ),
        )
    )
    if agreement is None:
        raise NotVisible()
    return agreement


def tab_agreement(pairing: Pairing, *, viewer: User) -> Agreement | None:
    """Return the agreement that the pairing's tab leads to: the one in force, else the one
    being made, else the one that ended early.

    Raises NotVisible for a viewer who sees the pairing but no agreements.
    """
    if not opens_agreements(viewer):
        raise NotVisible()
    return agreements_at_hand([pairing.id]).get(pairing.id, AtHand()).shown


def last_edit(agreement: Agreement) -> Event | None:
    """Return who saved the text last, for the one who saves too late."""
    return db.session.scalar(
        sa.select(Event)
        .where(
            Event.object_type == "agreement",
            Event.object_id == agreement.id,
            Event.action.in_(["edited", "drafted"]),
        )
        .order_by(Event.id.desc())
        .limit(1)
    )


def scan_is_intact(file: StoredFile) -> bool:
    """Read the stored bytes and say whether they still have the registered hash."""
    digest = hashlib.sha256()
    try:
        with storage.store().open(file.sha256) as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
    except FileNotFoundError:
        return False
    return digest.hexdigest() == file.sha256


@dataclass(frozen=True)
class RegisterFilter:
    """What the register's address asks for; empty means everything."""

    state: str = ""
    programme_id: int | None = None
    timing: str = ""
    page: int = 1


@dataclass(frozen=True)
class RegisterRow:
    """A pairing in the register, with its agreement if there is one."""

    pairing: Pairing
    agreement: Agreement | None
    late: int
    waiting_for: str
    waiting_since: datetime | None
    waiting_days: int | None

    @property
    def submitted(self) -> bool:
        """Whether it has ever been submitted, so that it is late and not merely overdue."""
        return self.agreement is not None and self.agreement.first_submitted_at is not None


@dataclass(frozen=True)
class Register:
    """One page of the register."""

    rows: list[RegisterRow]
    programmes: list[Programme]
    page: int
    has_next: bool

    @property
    def queue(self) -> list[RegisterRow]:
        """What waits for the centre, oldest first."""
        return [row for row in self.rows if _is_submitted(row)]

    @property
    def rest(self) -> list[RegisterRow]:
        """Everything else, in the order of the pairing table."""
        return [row for row in self.rows if not _is_submitted(row)]


def register(wanted: RegisterFilter, *, viewer: User) -> Register:
    """Return a page of the register: what waits for the centre first, oldest first.

    Five statements however many agreements there are. Raises NotVisible for a viewer who has
    no business with agreements.
    """
    if not opens_agreements(viewer):
        raise NotVisible()
    programmes = list(
        db.session.scalars(
            sa.select(Programme)
            .where(Programme.pairings.any(visible_pairings(viewer)))
            .order_by(Programme.starts_on.desc(), Programme.id)
        )
    )
    page = max(1, wanted.page)
    found = db.session.execute(
        _register_select(wanted, programmes, viewer).limit(PAGE + 1).offset((page - 1) * PAGE)
    ).all()
    rows = [_row(pairing, agreement) for pairing, agreement in found[:PAGE]]
    return Register(rows, programmes, page, len(found) > PAGE)


def _register_select(
    wanted: RegisterFilter, programmes: Sequence[Programme], viewer: User
) -> sa.Select[Pairing, Agreement]:
    submitted = Agreement.state == AgreementState.SUBMITTED
    statement = (
        sa.select(Pairing, Agreement)
        .join(Pairing.programme)
        .outerjoin(Agreement, Agreement.pairing_id == Pairing.id)
        .where(visible_pairings(viewer))
        .options(
            contains_eager(Pairing.programme),
            joinedload(Pairing.supporting),
            joinedload(Pairing.supported),
            selectinload(Agreement.revisions).selectinload(AgreementRevision.signatures),
        )
        .order_by(
            sa.case((submitted, 0), else_=1),
            sa.case((submitted, Agreement.submitted_at)),
            Programme.starts_on.desc(),
            Pairing.programme_id,
            Pairing.sequence,
            Agreement.id,
        )
    )
    if wanted.state == NOT_DRAFTED:
        statement = statement.where(Agreement.id.is_(None))
    elif wanted.state:
        statement = statement.where(Agreement.state == wanted.state)
    if wanted.programme_id is not None:
        statement = statement.where(Pairing.programme_id == wanted.programme_id)
    if wanted.timing:
        statement = statement.where(_timing(wanted.timing, programmes))
    return statement


def _timing(timing: str, programmes: Sequence[Programme]) -> sa.ColumnElement[bool]:
    """Return the condition for late or overdue: each programme has a deadline of its own."""
    conditions = []
    for programme in programmes:
        of_programme = Pairing.programme_id == programme.id
        if timing == LATE:
            late = Agreement.first_submitted_at >= _day_after(programme)
            conditions.append(sa.and_(of_programme, late))
        elif clock.today() > programme.filing_deadline:
            unsent = Agreement.first_submitted_at.is_(None)
            conditions.append(sa.and_(of_programme, unsent))
    return sa.or_(sa.false(), *conditions)


def _day_after(programme: Programme) -> datetime:
    """Return the first moment that is late: midnight in Shanghai after the deadline."""
    day = programme.filing_deadline + timedelta(days=1)
    return datetime.combine(day, time(), clock.SHANGHAI).astimezone(UTC)


def _row(pairing: Pairing, agreement: Agreement | None) -> RegisterRow:
    today = clock.today()
    if agreement is None:
        late = late_days(None, pairing.programme.filing_deadline, today)
        return RegisterRow(pairing, None, late, "双方基地管理员", None, None)
    late = late_of(agreement, today)
    waiting = waits_for(agreement)
    if waiting is None:
        return RegisterRow(pairing, agreement, late, "", None, None)
    days = workdays_between(clock.local_date(waiting.since), today)
    return RegisterRow(pairing, agreement, late, waiting.who, waiting.since, days)


def _is_submitted(row: RegisterRow) -> bool:
    return row.agreement is not None and row.agreement.state is AgreementState.SUBMITTED
