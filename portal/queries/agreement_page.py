"""Everything the page of one agreement shows, gathered once."""

from collections.abc import Mapping
from dataclasses import dataclass

from portal import clock
from portal.errors import NotVisible
from portal.models import (
    Agreement,
    AgreementRevision,
    AgreementState,
    Area,
    Event,
    Pairing,
    Plan,
    User,
)
from portal.policies.agreement_checks import Point, filing_check
from portal.policies.agreement_text import Article, articles
from portal.policies.agreements import EDITABLE, Waiting, can_review, can_sign, late_days, waits_for
from portal.policies.scope import side_of
from portal.queries.agreement_diff import Change, ClauseChange, compare_revisions
from portal.queries.agreements import scan_is_intact
from portal.queries.history import history_of
from portal.workdays import workdays_between
from portal.workflow.agreements import (
    WORKFLOW,
    group_missing,
    missing_for_filing,
    plan_missing,
    plan_of,
    signatures_missing,
    task_counts,
    text_missing,
)


@dataclass(frozen=True)
class Gap:
    """Something still missing, and where it is mended: group, plan, tasks, text or signing."""

    text: str
    place: str


@dataclass(frozen=True)
class Standing:
    """What group and plan of a pairing say at the moment."""

    group_gaps: list[str]
    plan: Plan | None
    counts: Mapping[Area, int]

    @property
    def gaps(self) -> list[Gap]:
        """What group and plan lack for an agreement."""
        return [
            *(Gap(text, "group") for text in self.group_gaps),
            *(Gap(text, "plan") for text in plan_missing(self.plan, dict(self.counts))),
        ]


@dataclass(frozen=True)
class AgreementPage:
    """One agreement as one viewer sees it, showing one of its revisions."""

    agreement: Agreement
    revision: AgreementRevision
    before: AgreementRevision | None
    changes: list[ClauseChange]
    articles: list[Article]
    points: list[Point]
    gaps: list[Gap]
    steps: list[dict[str, str]]
    actions: frozenset[str]
    waiting: Waiting | None
    waiting_days: int | None
    late: int
    events: list[Event]

    @property
    def pairing(self) -> Pairing:
        """The pairing whose tab this is."""
        return self.agreement.pairing

    @property
    def is_current(self) -> bool:
        """Whether the revision shown is the one being worked on."""
        return self.revision is self.agreement.current

    @property
    def returned(self) -> Event | None:
        """The return that still has to be answered."""
        if not self.agreement.return_reason:
            return None
        return next((event for event in self.events if event.action == "return"), None)


def standing_of(pairing: Pairing) -> Standing:
    """Return what group and plan of ``pairing`` say; the caller has loaded it in scope."""
    plan = plan_of(pairing)
    return Standing(group_missing(pairing), plan, task_counts(plan))


def agreement_page(
    agreement: Agreement, *, viewer: User, number: int | None = None, compared: bool | None = None
) -> AgreementPage:
    """Gather the page of ``agreement`` (loaded in scope by get_agreement).

    ``number`` picks a revision, by default the last one; ``compared`` asks for it beside the
    one before, by default only when there is something to compare and to review.
    Raises NotVisible for a revision that does not exist.
    """
    revision = _revision(agreement, number)
    before = next((r for r in agreement.revisions if r.number == revision.number - 1), None)
    changes = compare_revisions(before, revision) if before and compared is not False else []
    if compared is None and not _worth_comparing(agreement, changes):
        changes = []
    standing = standing_of(agreement.pairing)
    today = clock.today()
    deadline = agreement.pairing.programme.filing_deadline
    late = late_days(agreement.first_submitted_at, deadline, today)
    waiting = waits_for(agreement)
    return AgreementPage(
        agreement=agreement,
        revision=revision,
        before=before,
        changes=changes,
        articles=articles(revision.clauses),
        points=filing_check(
            revision,
            pairing=agreement.pairing,
            plan=standing.plan,
            task_areas=standing.counts,
            group_gaps=standing.group_gaps,
            late=late,
            scan_intact=_scan_intact(agreement, revision, viewer),
        ),
        gaps=_gaps(agreement, standing),
        steps=_steps(agreement),
        actions=_actions(agreement, viewer),
        waiting=waiting,
        waiting_days=(
            workdays_between(clock.local_date(waiting.since), today) if waiting else None
        ),
        late=late,
        events=history_of("agreement", agreement.id),
    )


def _revision(agreement: Agreement, number: int | None) -> AgreementRevision:
    if number is None:
        return agreement.current
    for revision in agreement.revisions:
        if revision.number == number:
            return revision
    raise NotVisible()


def _worth_comparing(agreement: Agreement, changes: list[ClauseChange]) -> bool:
    """Whether to open beside the revision before: for the reviewer always, that nothing
    changed is worth knowing too; later, and while nothing is written yet, the text itself."""
    if agreement.state is AgreementState.SUBMITTED:
        return True
    changed = any(one.change is not Change.SAME for one in changes)
    return changed and agreement.state is not AgreementState.FILED


def _scan_intact(agreement: Agreement, revision: AgreementRevision, viewer: User) -> bool | None:
    """Read the file again only for the one who is about to decide: it may be large."""
    deciding = agreement.state is AgreementState.SUBMITTED and can_review(viewer, agreement)
    return scan_is_intact(revision.scan) if deciding and revision.scan else None


def _gaps(agreement: Agreement, standing: Standing) -> list[Gap]:
    """Return what the next step lacks."""
    if agreement.state is AgreementState.SUBMITTED:
        return [Gap(text, "plan") for text in missing_for_filing(agreement)]
    if agreement.state is AgreementState.FILED:
        return []
    text = [Gap(one, "text") for one in text_missing(agreement, dict(standing.counts))]
    if agreement.state in EDITABLE:
        return [*standing.gaps, *text]
    signing = [Gap(one, "signing") for one in signatures_missing(agreement)]
    return [*signing, *standing.gaps, *text]


def _actions(agreement: Agreement, viewer: User) -> frozenset[str]:
    """Return the names of what ``viewer`` may do now, checklist or not."""
    actions = {step.action for step in WORKFLOW.open_to(agreement, viewer)}
    if "open_signing" in actions:
        actions.add("edit")
    if "submit" in actions:
        actions.add("attach")
    side = side_of(viewer, agreement.pairing)
    signing = agreement.state is AgreementState.SIGNING and can_sign(viewer, agreement)
    if signing and side and agreement.current.signature_of(side) is None:
        actions.add("sign")
    return frozenset(actions)


def _steps(agreement: Agreement) -> list[dict[str, str]]:
    """Return the way an agreement goes, with where this one stands."""
    state = agreement.state
    order = [AgreementState.DRAFT, AgreementState.SIGNING, AgreementState.SUBMITTED]
    order.append(AgreementState.FILED)
    labels = ["起草", "双方签署", "省中心审核", "备案"]
    if state is AgreementState.RETURNED:
        return [{"label": "退回修改", "state": "returned"}] + [
            {"label": label, "state": "todo"} for label in labels[1:]
        ]
    here = order.index(state) if state in order else len(order)
    if state is AgreementState.FILED:
        here = len(order)
    return [
        {
            "label": label,
            "state": "done" if at < here else "current" if at == here else "todo",
        }
        for at, label in enumerate(labels)
    ]
