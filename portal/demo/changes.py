"""What moves after a plan is in force: extensions asked for, granted and waiting."""

from datetime import date

from portal import clock
from portal.demo.story import Story
from portal.models import ExtensionReason, ExtensionRequest
from portal.services import extensions


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
