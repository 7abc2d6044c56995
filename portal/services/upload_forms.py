"""Files of a plain form, without JavaScript: they go the same way as those sent in pieces."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import BinaryIO

from portal import storage
from portal.errors import Rejected
from portal.models import EvidenceRequirement, Meeting, Pairing, Task, Upload, UploadLink, User
from portal.models import UploadState as State
from portal.policies.uploads import Destination
from portal.services import uploads

Sent = tuple[EvidenceRequirement | None, str, BinaryIO]
"""What one file is for (None: nothing in particular), its name, and its bytes (seekable)."""


@dataclass
class Taken:
    """What became of the files of one form; ``faults`` are sentences by the field's name."""

    stored: list[Upload] = field(default_factory=list)
    asking: list[Upload] = field(default_factory=list)
    faults: dict[str, str] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether everything that was sent is in the library."""
        return not self.asking and not self.faults


def take_in(
    where: Task | Meeting | Pairing,
    files: Sequence[Sent],
    *,
    evidence_on: date,
    actor: User,
    link: UploadLink | None = None,
) -> Taken:
    """Take in the files of one form for a task, a meeting, or the library of a pairing.

    Good ones are stored, those with a question wait for its answer, and for the others
    ``faults`` says why not, under ``file-<requirement id>``. Raises Forbidden, StepRefused, or
    Rejected for a day that cannot be; then nothing was taken.
    """
    uploads.require_open(_destination(where, None), actor)
    uploads.check_date(evidence_on)
    taken = Taken()
    for requirement, filename, stream in files:
        key = f"file-{requirement.id if requirement else 'other'}"
        place = _destination(where, requirement)
        try:
            upload = _take(place, filename, stream, evidence_on, actor, link)
        except Rejected as refusal:
            taken.faults[key] = taken.faults.get(key, "") + refusal.sentence
            continue
        (taken.stored if upload.state is State.STORED else taken.asking).append(upload)
    return taken


def _take(
    place: Destination,
    filename: str,
    stream: BinaryIO,
    evidence_on: date,
    actor: User,
    link: UploadLink | None,
) -> Upload:
    """Look at one file, and let it arrive in one piece. Raises Rejected for a bad one."""
    found = uploads.inspect(filename, stream)
    if found.refusal:
        raise Rejected({"file": found.refusal})
    size = stream.seek(0, 2)
    upload = uploads.begin(
        place, filename=filename, size=size, evidence_on=evidence_on, actor=actor, link=link
    )
    stream.seek(0)
    storage.store().append(upload.token, 0, stream)
    uploads.settle(upload, found)
    return upload


def _destination(
    where: Task | Meeting | Pairing, requirement: EvidenceRequirement | None
) -> Destination:
    if isinstance(where, Task):
        return Destination(where.pairing, task=where, requirement=requirement)
    if isinstance(where, Meeting):
        return Destination(where.pairing, meeting=where)
    return Destination(where)
