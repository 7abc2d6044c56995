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
from portal.services.files import HoldsPersonalData

Sent = tuple[EvidenceRequirement | None, str, BinaryIO]
"""What one file is for (None: nothing in particular), its name, and its bytes (seekable)."""


@dataclass(frozen=True)
class Looked:
    """A file of a form that was looked into; a good one is in the store already."""

    requirement: EvidenceRequirement | None
    name: str
    found: uploads.Findings
    token: str

    @property
    def size(self) -> int:
        """How many bytes it has; 0 for a refused one, which nobody needs any more."""
        return self.found.stored.size if self.found.stored else 0


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


def look_at(files: Sequence[Sent], *, despite_warning: bool = False) -> list[Looked]:
    """Look into the files of one form, and put the good ones into the store.

    With ``despite_warning`` those with numbers of people are stored without a question.
    Asks nothing of the database, and may take long. Should nobody take them in, the sweep
    finds them.
    """
    return [_looked(*one, despite_warning) for one in files]


def _looked(
    requirement: EvidenceRequirement | None, name: str, stream: BinaryIO, despite_warning: bool
) -> Looked:
    looked = Looked(requirement, name, uploads.inspect(name, stream), uploads.new_token())
    if checked := looked.found.checked:
        stream.seek(0)
        if checked.finding and not despite_warning:
            # It waits for an answer, like one that arrived in pieces.
            storage.store().append(looked.token, 0, stream)
        else:
            storage.store().save(stream, expected=looked.found.sha256)
    return looked


def take_in(
    where: Task | Meeting | Pairing,
    files: Sequence[Looked],
    *,
    evidence_on: date,
    actor: User,
    link: UploadLink | None = None,
) -> Taken:
    """Take in files that :func:`look_at` saw, for a task, a meeting, or a pairing's library.

    Good ones are stored, those with a question wait for its answer, and for the others
    ``faults`` says why not, under ``file-<requirement id>``. Raises Forbidden, StepRefused, or
    Rejected for a day that cannot be; then nothing was taken.
    """
    uploads.require_open(_destination(where, None), actor)
    uploads.check_date(evidence_on)
    taken = Taken()
    for looked in files:
        requirement = looked.requirement
        key = f"file-{requirement.id if requirement else 'other'}"
        try:
            upload = _take(_destination(where, requirement), looked, evidence_on, actor, link)
        except Rejected as refusal:
            taken.faults[key] = taken.faults.get(key, "") + refusal.sentence
            continue
        (taken.stored if upload.state is State.STORED else taken.asking).append(upload)
    return taken


def take_whole(
    task: Task,
    files: Sequence[Looked],
    *,
    evidence_on: date,
    actor: User,
    despite_warning: bool = False,
) -> list[Upload]:
    """Take in all files of one form for ``task``, or none: nothing waits for an answer.

    What the library holds already is used. Raises as :func:`take_in` does, and Rejected naming
    every file that cannot be taken; HoldsPersonalData where that is all, unless
    ``despite_warning``. The caller's transaction must then be undone.
    """
    taken = take_in(task, files, evidence_on=evidence_on, actor=actor)
    faults, found = dict(taken.faults), {one.token: one.found for one in files}
    for upload in taken.asking:
        if upload.same_as is not None:
            uploads.reuse(upload)
        elif despite_warning:
            uploads.keep(upload, found[upload.token])
        else:
            key = f"file-{upload.requirement_id or 'other'}"
            faults[key] = faults.get(key, "") + upload.answer
    if faults:
        raise (Rejected if taken.faults else HoldsPersonalData)(faults)
    return taken.stored + taken.asking


def _take(
    place: Destination, looked: Looked, evidence_on: date, actor: User, link: UploadLink | None
) -> Upload:
    """Make an upload of one file, and decide about it. Raises Rejected for a bad one."""
    if looked.found.refusal:
        raise Rejected({"file": looked.found.refusal})
    upload = uploads.begin(
        place,
        filename=looked.name,
        size=looked.size,
        evidence_on=evidence_on,
        actor=actor,
        link=link,
        token=looked.token,
    )
    uploads.settle(upload, looked.found)
    if upload.state is State.REFUSED:
        raise Rejected({"file": upload.answer})
    return upload


def _destination(
    where: Task | Meeting | Pairing, requirement: EvidenceRequirement | None
) -> Destination:
    if isinstance(where, Task):
        return Destination(where.pairing, task=where, requirement=requirement)
    if isinstance(where, Meeting):
        return Destination(where.pairing, meeting=where)
    return Destination(where)
