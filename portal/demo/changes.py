"""What moves after a plan is in force: extensions, and amendments of the plan."""

from collections.abc import Mapping, Sequence
from datetime import date

from portal import clock
from portal.demo.story import Story
from portal.models import (
    ChangeKind,
    ExtensionReason,
    ExtensionRequest,
    PlanAmendment,
    Resolution,
    Task,
)
from portal.services import amendment_decisions, amendment_drafts, extensions


def ask_for_time(
    story: Story, code: str, day: date, until: date, why: ExtensionReason, reason: str
) -> ExtensionRequest:
    """Let the supported hospital ask for a task to be due on ``until``."""
    with clock.at(day, 9, 30):
        return extensions.request_extension(
            story.task(code),
            reason_class=why,
            reason=reason,
            to_due_on=until,
            actor=story.supported.coordinator,
        )


def grant(story: Story, request: ExtensionRequest, day: date, comment: str) -> None:
    """Let the centre grant an extension."""
    with clock.at(day, 16):
        extensions.grant_extension(request, actor=story.reviewer, comment=comment)


def draft_amendment(
    story: Story,
    day: date,
    reason: str,
    texts: Mapping[str, Mapping[str, str]],
    *,
    resting: Sequence[Task] = (),
    resolution: Resolution | None = None,
) -> PlanAmendment:
    """Let the supported hospital propose other texts by code, and tasks that shall rest."""
    actor = story.supported.coordinator
    first = story.task(next(iter(texts)))
    with clock.at(day, 9):
        amendment = amendment_drafts.start_amendment(first.plan, actor=actor)
        amendment_drafts.save_reason(
            amendment,
            reason=reason,
            resolution_id=resolution.id if resolution else None,
            actor=actor,
        )
        for code, changed in texts.items():
            amendment_drafts.change_task(amendment, story.task(code), changed, actor=actor)
        if resting:
            amendment_drafts.rest_tasks(amendment, ChangeKind.SUSPEND, resting, actor=actor)
    with clock.at(day, 11):
        amendment_decisions.propose_amendment(amendment, actor=actor)
    return amendment


def consent(story: Story, amendment: PlanAmendment, day: date) -> None:
    """Let both leaders consent."""
    with clock.at(day, 10):
        amendment_decisions.consent_to_amendment(amendment, actor=story.supported.leader)
    with clock.at(day, 15):
        amendment_decisions.consent_to_amendment(amendment, actor=story.supporting.leader)


def approve(story: Story, amendment: PlanAmendment, day: date) -> None:
    """Let the centre approve: the plan changes, and is kept as it then stands."""
    with clock.at(day, 16):
        amendment_decisions.approve_amendment(
            amendment, comment="理由充分，同意调整。", actor=story.reviewer
        )
