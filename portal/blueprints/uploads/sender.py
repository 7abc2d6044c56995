"""Who sends files: somebody who is logged in, or a phone by the link of somebody who was."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from flask import url_for
from werkzeug.datastructures import MultiDict

from portal import clock
from portal.errors import NotVisible, Rejected
from portal.models import EvidenceRequirement, Task, Upload, UploadLink, User
from portal.policies.uploads import Destination
from portal.queries.meetings import get_meeting
from portal.queries.pairings import get_pairing
from portal.queries.tasks import get_task
from portal.queries.uploads import get_link, get_upload
from portal.web.accounts import actor
from portal.web.address import day_of, id_of
from portal.web.audit import acts_as


@dataclass(frozen=True)
class Sender:
    """Whose files they are. Through a link everything happens in its person's name."""

    user: User
    link: UploadLink | None = None
    secret: str = ""

    def upload(self, token: str) -> Upload:
        """Return this sender's upload. Raises NotVisible for anybody else's."""
        return get_upload(token, viewer=self.user, link=self.link)

    def judge_again(self) -> None:
        """Raise NotVisible when the link has ended since the request came in."""
        if self.link is not None:
            get_link(self.secret)

    def address(self, upload: Upload) -> str:
        """Return where the pieces of ``upload`` are sent to."""
        if self.link is not None:
            return url_for("uploads.send_part_by_phone", secret=self.secret, token=upload.token)
        return url_for("uploads.send_part", token=upload.token)

    def destination(self, said: Mapping[str, str]) -> Destination:
        """Return what ``said`` names (task, requirement, meeting, pairing), loaded in scope.

        Through a link, its own task and nothing else. Raises NotVisible.
        """
        named: MultiDict[str, str] = MultiDict(said)
        if self.link is not None:
            return _task(get_task(self.link.task_id, viewer=self.user), named)
        if (task_id := id_of(named, "task")) is not None:
            return _task(get_task(task_id, viewer=self.user), named)
        if (meeting_id := id_of(named, "meeting")) is not None:
            meeting = get_meeting(meeting_id, viewer=self.user)
            return Destination(meeting.pairing, meeting=meeting)
        if (pairing_id := id_of(named, "pairing")) is not None:
            return Destination(get_pairing(pairing_id, viewer=self.user))
        raise NotVisible()


def signed_in() -> Sender:
    """Return whoever is logged in."""
    return Sender(actor())


def by_phone(secret: str) -> Sender:
    """Return the person of the link. Raises NotVisible once it does not work any more."""
    link = get_link(secret)
    acts_as(link.user)
    return Sender(link.user, link, secret)


def day_said(said: Mapping[str, str], name: str = "evidence_on") -> date:
    """Return the day of the evidence, today unless said. Raises Rejected for nonsense."""
    if not said.get(name):
        return clock.today()
    day = day_of(MultiDict(said), name)
    if day is None:
        raise Rejected({name: "请填写材料日期，如 2021-03-15。"})
    return day


def place_address(upload: Upload, *, secret: str = "") -> str:
    """Return the page on which an upload is shown."""
    if secret:
        return url_for("uploads.show_phone_page", secret=secret)
    if upload.task_id is not None:
        return url_for("tasks.show_task", task_id=upload.task_id, _anchor="materials")
    if upload.meeting_id is not None:
        return url_for("meetings.show_meeting", meeting_id=upload.meeting_id, _anchor="attachments")
    return url_for("evidence.list_for_pairing", pairing_id=upload.pairing_id)


def _task(task: Task, named: MultiDict[str, str]) -> Destination:
    return Destination(task.pairing, task=task, requirement=_requirement(task, named))


def _requirement(task: Task, named: MultiDict[str, str]) -> EvidenceRequirement | None:
    """Return the requirement that is named; none, or 0, is further material."""
    if named.get("requirement", "") in ("", "0", "other"):
        return None
    wanted = id_of(named, "requirement")
    found = next((one for one in task.requirements if one.id == wanted), None)
    if found is None:
        raise Rejected({"requirement": "材料要求已变动，请刷新页面后重新选择文件。"})
    return found
