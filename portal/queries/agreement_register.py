"""The register of agreements 协议登记簿: what waits for the centre first, then everything else."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import aliased, contains_eager, selectinload

from portal import clock
from portal.errors import NotVisible
from portal.extensions import db
from portal.models import (
    Agreement,
    AgreementClause,
    AgreementKind,
    AgreementRevision,
    AgreementState,
    Organisation,
    Pairing,
    Programme,
    User,
)
from portal.policies.agreements import (
    RENEWAL_DAYS,
    is_in_force,
    late_days,
    late_of,
    opens_agreements,
    renewal_due_since,
    waits_for,
)
from portal.policies.scope import visible_pairings
from portal.workdays import workdays_between

PAGE = 50
EXPORTED = 5000
"""The most lines of one workbook: far more than a province has."""

NOT_DRAFTED = "none"
"""The filter's word for a pairing that has no agreement yet."""
LATE, OVERDUE, EXPIRING = "late", "overdue", "expiring"
"""Submitted after the deadline; not submitted though it has passed; to be renewed."""

Supporting, Supported = aliased(Organisation), aliased(Organisation)


@dataclass(frozen=True)
class RegisterFilter:
    """What the register's address asks for; empty means everything."""

    state: str = ""
    programme_id: int | None = None
    timing: str = ""
    kind: str = ""
    text: str = ""
    page: int = 1

    @property
    def narrows(self) -> bool:
        """Whether it leaves anything out."""
        return bool(self.state or self.programme_id or self.timing or self.kind or self.text)


@dataclass(frozen=True)
class RegisterRow:
    """A pairing in the register, with its agreement if there is one."""

    pairing: Pairing
    agreement: Agreement | None
    late: int
    waiting_for: str
    waiting_since: datetime | None
    waiting_days: int | None
    # Days until an agreement to be renewed ends, negative once it has.
    days_left: int | None = None

    @property
    def submitted(self) -> bool:
        """Whether it has ever been submitted, so that it is late and not merely overdue."""
        return self.agreement is not None and self.agreement.first_submitted_at is not None

    @property
    def withdrawn(self) -> AgreementRevision | None:
        """The revision that the hospitals took back and have not sent in again."""
        if self.agreement is None or len(self.agreement.revisions) < 2:
            return None
        if self.agreement.state not in (AgreementState.DRAFT, AgreementState.SIGNING):
            return None
        last = self.agreement.revisions[-2]
        return last if last.withdrawn_at else None


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
    programmes = _programmes(viewer)
    page = max(1, wanted.page)
    found = db.session.execute(
        _select(wanted, programmes, viewer).limit(PAGE + 1).offset((page - 1) * PAGE)
    ).all()
    rows = [_row(pairing, agreement) for pairing, agreement in found[:PAGE]]
    return Register(rows, programmes, page, len(found) > PAGE)


def register_rows(wanted: RegisterFilter, *, viewer: User) -> Iterable[RegisterRow]:
    """Return every line that the filter leaves, all pages of it, for the workbook."""
    found = db.session.execute(_select(wanted, _programmes(viewer), viewer).limit(EXPORTED)).all()
    return [_row(pairing, agreement) for pairing, agreement in found]


def _programmes(viewer: User) -> list[Programme]:
    """Return the programmes the viewer has pairings in. Raises NotVisible."""
    if not opens_agreements(viewer):
        raise NotVisible()
    return list(
        db.session.scalars(
            sa.select(Programme)
            .where(Programme.pairings.any(visible_pairings(viewer)))
            .order_by(Programme.starts_on.desc(), Programme.id)
        )
    )


def _select(
    wanted: RegisterFilter, programmes: Sequence[Programme], viewer: User
) -> sa.Select[Pairing, Agreement]:
    submitted = Agreement.state == AgreementState.SUBMITTED
    return (
        sa.select(Pairing, Agreement)
        .join(Pairing.programme)
        .join(Supporting, Supporting.id == Pairing.supporting_id)
        .join(Supported, Supported.id == Pairing.supported_id)
        .outerjoin(Agreement, Agreement.pairing_id == Pairing.id)
        .where(visible_pairings(viewer), *_conditions(wanted, programmes))
        .options(
            contains_eager(Pairing.programme),
            contains_eager(Pairing.supporting.of_type(Supporting)),
            contains_eager(Pairing.supported.of_type(Supported)),
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


def _conditions(
    wanted: RegisterFilter, programmes: Sequence[Programme]
) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if wanted.state == NOT_DRAFTED:
        found.append(Agreement.id.is_(None))
    elif wanted.state:
        found.append(Agreement.state == wanted.state)
    if wanted.kind:
        found.append(Agreement.kind == wanted.kind)
    if wanted.programme_id is not None:
        found.append(Pairing.programme_id == wanted.programme_id)
    if wanted.timing:
        found.append(_timing(wanted.timing, programmes))
    if wanted.text:
        found.append(_said(wanted.text))
    return found


def _said(text: str) -> sa.ColumnElement[bool]:
    """Return the condition for a hospital, a filing number or a word of the text.

    Of the text only the last revision counts: it is the one a reader of the register opens.
    """
    places = (
        Supporting.name,
        Supporting.short_name,
        Supported.name,
        Supported.short_name,
        Agreement.filing_number,
        Agreement.kind_reason,
    )
    in_text = sa.exists().where(
        AgreementClause.revision_id == _last_revision(),
        AgreementClause.body.icontains(text, autoescape=True),
    )
    return sa.or_(in_text, *(one.icontains(text, autoescape=True) for one in places))


def _last_revision() -> sa.ScalarSelect[int]:
    """Return the id of the agreement's last revision, as a part of the query."""
    one = aliased(AgreementRevision)
    return (
        sa.select(sa.func.max(one.id))
        .where(one.agreement_id == Agreement.id)
        .correlate(Agreement)
        .scalar_subquery()
    )


def _timing(timing: str, programmes: Sequence[Programme]) -> sa.ColumnElement[bool]:
    """Return the condition for late or overdue: each programme has a deadline of its own.

    A change has one from its own signing; what is to be renewed is known by its last day.
    """
    if timing == EXPIRING:
        last = clock.today() + timedelta(days=RENEWAL_DAYS)
        ends = sa.select(AgreementRevision.id).where(
            AgreementRevision.agreement_id == Agreement.id, AgreementRevision.ends_on <= last
        )
        latest = AgreementRevision.id == _last_revision()
        return sa.and_(is_in_force(), sa.exists(ends.where(latest).correlate(Agreement)))
    first = sa.or_(Agreement.id.is_(None), Agreement.kind == AgreementKind.ORIGINAL)
    conditions: list[sa.ColumnElement[bool]] = [
        Agreement.id.in_(_late_changes(is_sent=timing == LATE))
    ]
    for programme in programmes:
        of_programme = sa.and_(Pairing.programme_id == programme.id, first)
        if timing == LATE:
            late = Agreement.first_submitted_at >= _day_after(programme)
            conditions.append(sa.and_(of_programme, late))
        elif clock.today() > programme.filing_deadline:
            unsent = Agreement.first_submitted_at.is_(None)
            conditions.append(sa.and_(of_programme, unsent))
    return sa.or_(sa.false(), *conditions)


def _late_changes(*, is_sent: bool) -> list[int]:
    """Return the changes past their deadline, sent in or not: working days are counted here."""
    sent = Agreement.first_submitted_at.is_not(None)
    changes = db.session.scalars(
        sa.select(Agreement)
        .where(Agreement.kind != AgreementKind.ORIGINAL, sent if is_sent else sa.not_(sent))
        .options(selectinload(Agreement.revisions).selectinload(AgreementRevision.signatures))
    )
    return [one.id for one in changes if late_of(one, clock.today())]


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
    left = (agreement.current.ends_on - today).days if renewal_due_since(agreement, today) else None
    if waiting is None:
        return RegisterRow(pairing, agreement, late, "", None, None, left)
    days = workdays_between(clock.local_date(waiting.since), today)
    return RegisterRow(pairing, agreement, late, waiting.who, waiting.since, days, left)


def _is_submitted(row: RegisterRow) -> bool:
    return row.agreement is not None and row.agreement.state is AgreementState.SUBMITTED
