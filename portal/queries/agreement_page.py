"""Everything the page of one agreement shows, gathered once."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from portal import clock
from portal.errors import NotVisible
from portal.extensions import db
from portal.models import (
    Agreement,
    AgreementRemark,
    AgreementRevision,
    AgreementState,
    AgreementTermination,
    AnnexKind,
    Event,
    Pairing,
    User,
)
from portal.policies.agreement_checks import Point, filing_check
from portal.policies.agreement_remarks import remarks_on
from portal.policies.agreement_text import Article, articles, with_blanks
from portal.policies.agreements import (
    BEING_MADE,
    EDITABLE,
    IN_FORCE,
    Waiting,
    can_review,
    late_of,
    renewal_due_since,
    waits_for,
)
from portal.policies.annexes import Content
from portal.queries.agreement_diff import (
    AnnexChange,
    Change,
    ClauseChange,
    compare_annexes,
    compare_revisions,
)
from portal.queries.agreement_now import (
    OPEN_TERMINATIONS,
    Gap,
    Signing,
    actions_of,
    gaps_of,
    signing_of,
    standing_of,
    steps_of,
)
from portal.queries.agreements import scan_is_intact
from portal.queries.agreements_at_hand import AtHand, agreements_at_hand
from portal.queries.history import history_of
from portal.workdays import workdays_between
from portal.workflow.annexes import annexes_today, kept_annexes


@dataclass(frozen=True)
class AgreementPage:
    """One agreement as one viewer sees it, showing one of its revisions."""

    agreement: Agreement
    revision: AgreementRevision
    before: AgreementRevision | None
    changes: list[ClauseChange]
    annexes: dict[AnnexKind, Content]
    annex_changes: list[AnnexChange]
    remarks: dict[str, AgreementRemark]
    articles: list[Article]
    points: list[Point]
    gaps: list[Gap]
    steps: list[dict[str, str]]
    actions: frozenset[str]
    signing: Signing
    waiting: Waiting | None
    late: int
    events: list[Event]
    at_hand: AtHand
    termination: AgreementTermination | None

    @property
    def pairing(self) -> Pairing:
        """The pairing whose tab this is."""
        return self.agreement.pairing

    @property
    def waiting_days(self) -> int | None:
        """For how many working days somebody has been waited for; None when nobody is."""
        if self.waiting is None:
            return None
        return workdays_between(clock.local_date(self.waiting.since), clock.today())

    @property
    def is_current(self) -> bool:
        """Whether the revision shown is the one being worked on."""
        return self.revision is self.agreement.current

    @property
    def annexes_kept(self) -> bool:
        """Whether the annexes shown are those kept for signing, not a preview."""
        return bool(self.revision.annexes)

    @property
    def other(self) -> Agreement | None:
        """The agreement that is to replace this one, or that this one is to replace."""
        if self.agreement.state is IN_FORCE:
            return self.at_hand.being_made
        return self.agreement.replaces

    def against(self, revision: AgreementRevision) -> list[AgreementRevision]:
        """What ``revision`` can be shown beside: every earlier one, else the replaced text."""
        earlier = [one for one in self.agreement.revisions if one.number < revision.number]
        fallback = compared_with(self.agreement, revision)
        return earlier or ([fallback] if fallback else [])

    @property
    def is_on_paper(self) -> bool:
        """Whether the text is fixed, so that it can be printed for signature and seal."""
        return self.agreement.state not in EDITABLE

    @property
    def renewal_due(self) -> bool:
        """Whether it is time to renew it."""
        return renewal_due_since(self.agreement, clock.today()) is not None

    @property
    def days_left(self) -> int:
        """Days until the last day of its term; negative once that is over."""
        return (self.agreement.current.ends_on - clock.today()).days

    @property
    def returned(self) -> Event | None:
        """The return that still has to be answered."""
        mending = self.agreement.return_reason and self.agreement.state in EDITABLE
        return self._last_return if mending else None

    @property
    def blanks(self) -> list[Article]:
        """The articles with something left to fill in: worth a word, no bar to signing."""
        return with_blanks(self.agreement.current.clauses)

    @property
    def returned_before(self) -> Event | None:
        """The last return, once what it asked for is mended and on its way again."""
        on_its_way = self.agreement.state in BEING_MADE - EDITABLE
        return self._last_return if on_its_way else None

    @property
    def _last_return(self) -> Event | None:
        return next((event for event in self.events if event.action == "return"), None)


def agreement_page(
    agreement: Agreement,
    *,
    viewer: User,
    number: int | None = None,
    compared: bool | None = None,
    against: int | None = None,
) -> AgreementPage:
    """Gather the page of ``agreement`` (loaded in scope by get_agreement).

    ``number`` picks a revision, by default the last one; ``compared`` asks for it beside the
    one before, by default only when there is something to compare and to review; ``against``
    picks an earlier one to show it beside.
    Raises NotVisible for a revision that does not exist.
    """
    revision = _revision(agreement, number)
    before = _before(agreement, revision, against)
    annexes = annexes_of(agreement, revision)
    changes, annex_changes = _changes(agreement, before, revision, annexes, compared)
    standing = standing_of(agreement.pairing)
    at_hand = agreements_at_hand([agreement.pairing_id]).get(agreement.pairing_id, AtHand())
    termination = last_termination(agreement)
    signing = signing_of(agreement, viewer)
    events = _events(agreement, termination)
    return AgreementPage(
        agreement=agreement,
        revision=revision,
        before=before,
        changes=changes,
        annexes=annexes,
        annex_changes=annex_changes,
        remarks=remarks_for(agreement, revision),
        articles=articles(revision.clauses),
        points=filing_check(
            agreement,
            revision,
            annexes=kept_annexes(revision),
            plan=standing.plan,
            task_areas=standing.counts,
            group_gaps=standing.group_gaps,
            late=late_of(agreement, clock.today()),
            scan_intact=_scan_intact(agreement, revision, viewer),
            recorded=_recorded(agreement, revision, events),
        ),
        gaps=gaps_of(agreement, standing),
        steps=steps_of(agreement),
        actions=actions_of(
            agreement,
            viewer,
            signing=signing,
            changing=at_hand.being_made is not None,
            ending=_is_ending(termination),
        ),
        signing=signing,
        waiting=waits_for(agreement),
        late=late_of(agreement, clock.today()),
        events=events,
        at_hand=at_hand,
        termination=termination,
    )


def _is_ending(termination: AgreementTermination | None) -> bool:
    """Whether an early end was asked for and is not decided yet."""
    return termination is not None and termination.state in OPEN_TERMINATIONS


def _before(
    agreement: Agreement, revision: AgreementRevision, against: int | None
) -> AgreementRevision | None:
    """Return what the page shows ``revision`` beside: the earlier one asked for, if there is."""
    if against is not None and against < revision.number:
        return _revision(agreement, against)
    return compared_with(agreement, revision)


def compared_with(agreement: Agreement, revision: AgreementRevision) -> AgreementRevision | None:
    """Return what ``revision`` is shown beside: the last one that the centre returned, else the
    one before it, else the text that the agreement is to replace."""
    earlier = [one for one in agreement.revisions if one.number < revision.number]
    returned = [one for one in earlier if one.returned_at]
    if earlier:
        return (returned or earlier)[-1]
    return agreement.replaces.current if agreement.replaces else None


def annexes_of(agreement: Agreement, revision: AgreementRevision) -> dict[AnnexKind, Content]:
    """Return the annexes kept with ``revision``; of a draft, as they read today."""
    kept = kept_annexes(revision)
    if kept or agreement.state not in EDITABLE or revision is not agreement.current:
        return kept
    return annexes_today(agreement.pairing)


def remarks_for(agreement: Agreement, revision: AgreementRevision) -> dict[str, AgreementRemark]:
    """Return, by clause, what the centre asked for when it last returned an earlier revision."""
    return remarks_on(agreement, revision)


def last_termination(agreement: Agreement) -> AgreementTermination | None:
    """Return the last request to end a filed agreement early."""
    if agreement.filed_at is None:
        return None
    return db.session.scalar(
        sa.select(AgreementTermination)
        .where(AgreementTermination.agreement_id == agreement.id)
        .order_by(AgreementTermination.id.desc())
        .limit(1)
        .options(joinedload(AgreementTermination.requested_by))
    )


def _events(agreement: Agreement, termination: AgreementTermination | None) -> list[Event]:
    """Return the history, with that of the request to end it, newest first."""
    events = history_of("agreement", agreement.id)
    if termination is None:
        return events
    more = history_of("agreement_termination", termination.id)
    return sorted([*events, *more], key=lambda one: one.id, reverse=True)


def _revision(agreement: Agreement, number: int | None) -> AgreementRevision:
    if number is None:
        return agreement.current
    for revision in agreement.revisions:
        if revision.number == number:
            return revision
    raise NotVisible()


def _changes(
    agreement: Agreement,
    before: AgreementRevision | None,
    revision: AgreementRevision,
    annexes: dict[AnnexKind, Content],
    compared: bool | None,
) -> tuple[list[ClauseChange], list[AnnexChange]]:
    """Return what changed since ``before``; nothing where it is not to be shown."""
    if before is None or compared is False:
        return [], []
    changes = compare_revisions(before, revision)
    if compared is None and not _worth_comparing(agreement, changes):
        return [], []
    kept = kept_annexes(before)
    return changes, compare_annexes(kept, annexes) if kept and annexes else []


def _worth_comparing(agreement: Agreement, changes: list[ClauseChange]) -> bool:
    """Whether to open beside the revision before: for the reviewer always, that nothing
    changed is worth knowing too; later, and while nothing is written yet, the text itself."""
    if agreement.state is AgreementState.SUBMITTED:
        return True
    changed = any(one.change is not Change.SAME for one in changes)
    return changed and agreement.state in EDITABLE | {AgreementState.SIGNING}


def _recorded(
    agreement: Agreement, revision: AgreementRevision, events: list[Event]
) -> dict[str, str] | None:
    """Return what was found when ``revision`` was filed, by point; None before a filing."""
    if agreement.filed_at is None:
        return None
    filing = next((event for event in events if event.action == "file"), None)
    if filing is None or revision is not agreement.current:
        return {}
    return dict(filing.details)


def _scan_intact(agreement: Agreement, revision: AgreementRevision, viewer: User) -> bool | None:
    """Read the file again only for the one who is about to decide: it may be large."""
    deciding = agreement.state is AgreementState.SUBMITTED and can_review(viewer, agreement)
    return scan_is_intact(revision.scan) if deciding and revision.scan else None
