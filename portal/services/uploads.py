"""Files on their way in: begun, received in pieces, looked into, asked about, stored.

The bytes wait in the store's incoming area; what has arrived is told by the store, because a
connection may break anywhere. Looking into a file may take long and happens outside of any
transaction (``inspect``); what follows from it is one short write (``settle``, ``answer``).
"""

import secrets
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import BinaryIO

import sqlalchemy as sa

from portal import clock, look_in, storage
from portal.after_commit import after_commit
from portal.errors import Rejected, StepRefused
from portal.extensions import db
from portal.models import Evidence, Task, Upload, UploadLink, UploadState, User
from portal.policies.decision import require
from portal.policies.uploads import (
    MAX_UNFINISHED,
    UNFINISHED,
    Destination,
    can_upload,
    own_unfinished,
    why_closed,
)
from portal.services import upload_storing as storing
from portal.services.evidence import same_file, told_of_rejected
from portal.services.evidence_changes import why_wrong_day
from portal.services.files import (
    FIELD,
    Checked,
    accepted_type,
    check,
    check_size,
    checked_name,
)
from portal.storage.base import Stored, digest_of

TOO_MANY = f"您有 {MAX_UNFINISHED} 个文件还没有传完或等待确认，请先处理后再上传。"
MAY_KEEP = "请先遮盖无关的个人信息；是否仍要保存？"
PARTS_MISSING = "这个文件没有完整收到，请重新选择它，从头上传。"
NOT_ASKED = "这个文件已经处理，没有等待确认的问题。"


@dataclass(frozen=True)
class Findings:
    """What a look at all bytes of an upload told: why it is refused, or what it is."""

    refusal: str = ""
    checked: Checked | None = None
    stored: Stored | None = None

    @property
    def sha256(self) -> str:
        """The hash of the bytes; empty for a refused file."""
        return self.stored.sha256 if self.stored else ""


class PartsMissing(StepRefused):
    """Not every byte of an upload is there any more; it begins anew (:func:`start_over`)."""


def check_date(evidence_on: date) -> None:
    """Raise Rejected for a day to come, and for one that can only be a slip of the finger."""
    if sentence := why_wrong_day(evidence_on):
        raise Rejected({"evidence_on": sentence})


def require_open(place: Destination, actor: User) -> None:
    """Raise Forbidden when ``actor`` never sends files there, StepRefused when nobody can now."""
    require(can_upload(actor, place))
    if sentence := why_closed(place):
        raise StepRefused(sentence)


def new_token() -> str:
    """Return a name for an upload that nobody can guess."""
    return secrets.token_urlsafe(24)


def begin(
    place: Destination,
    *,
    filename: str,
    size: int,
    evidence_on: date,
    actor: User,
    link: UploadLink | None = None,
    token: str = "",
) -> Upload:
    """Begin an upload of ``size`` bytes; what is wrong already is refused before a byte is sent.

    ``token`` names parts that are in the store already. Raises Forbidden, StepRefused, or
    Rejected (file, evidence_on).
    """
    require_open(place, actor)
    name = checked_name(filename)
    accepted_type(name)
    check_size(name, size)
    check_date(evidence_on)
    unfinished = sa.select(sa.func.count(Upload.id)).where(own_unfinished(actor))
    if (db.session.scalar(unfinished) or 0) >= MAX_UNFINISHED:
        raise Rejected({FIELD: TOO_MANY})
    upload = Upload(
        token=token or new_token(),
        user_id=actor.id,
        user=actor,
        pairing=place.pairing,
        task=place.task,
        meeting=place.meeting,
        requirement=place.requirement,
        link=link,
        name=name,
        evidence_on=evidence_on,
        size=size,
        created_at=clock.now(),
        touched_at=clock.now(),
    )
    db.session.add(upload)
    db.session.flush()
    return upload


def note_received(upload: Upload, received: int) -> None:
    """Write down how many bytes have arrived, when a connection has ended.

    Says nothing of an upload that was decided about or given up meanwhile.
    """
    _hold(upload)
    if upload.state is not UploadState.RECEIVING:
        return
    upload.received = min(received, upload.size)
    upload.touched_at = clock.now()
    db.session.flush()


def inspect(name: str, stream: BinaryIO) -> Findings:
    """Look at all bytes of ``stream`` (seekable): checks, virus scan, numbers of people, hash.

    Asks nothing of the database, and may take long. Never raises for a bad file.
    """
    try:
        checked = check(name, stream)
    except Rejected as refusal:
        return Findings(refusal="".join(refusal.fields.values()))
    stream.seek(0)
    return Findings(checked=checked, stored=digest_of(stream))


def inspect_received(upload: Upload) -> Findings:
    """The same for an upload of which every byte has arrived.

    What will be stored is kept under its hash already: should that come to nothing, the sweep
    finds it. Raises PartsMissing.
    """
    token, size, asked = upload.token, upload.size, upload.state is UploadState.ASKING
    try:
        with storage.store().assembled(token) as stream:
            if stream.seek(0, 2) != size:
                raise PartsMissing(PARTS_MISSING)
            found = inspect(upload.name, stream)
        if found.checked and (asked or not found.checked.finding):
            storage.store().keep(token, expected=found.sha256)
    except FileNotFoundError as error:
        raise PartsMissing(PARTS_MISSING) from error
    return found


def start_over(upload: Upload) -> None:
    """Let an upload whose bytes are not all there begin anew, at byte 0."""
    _hold(upload)
    if upload.state in UNFINISHED:
        storage.store().discard(upload.token)
        upload.received, upload.same_as = 0, None
        _become(upload, UploadState.RECEIVING)


def settle(upload: Upload, found: Findings) -> None:
    """Decide about an upload that is whole: stored, refused, or asked about.

    Of two who settle at once the second finds it settled. Raises Forbidden or StepRefused when
    nothing may be sent there any more: then everything stays as it was, and can be tried again.
    """
    _hold(upload)
    if upload.state is not UploadState.RECEIVING:
        return
    place = hold_place(upload)
    upload.received = upload.size
    if found.refusal:
        _refuse(upload, found.refusal)
        return
    require_open(place, upload.user)
    known = same_file(place.pairing, found.sha256)
    if known is not None and not known.stands:
        _refuse(upload, told_of_rejected(known, upload.name, viewer=upload.user))
    elif known is not None and storing.backs(known, upload):
        upload.same_as, upload.evidence = known, known
        storage.store().discard(upload.token)
        _become(upload, UploadState.STORED, storing.told_of_own(known, upload))
    elif known is not None:
        upload.same_as = known
        _become(upload, UploadState.ASKING, storing.told_of(known, upload, viewer=upload.user))
    elif found.checked and found.checked.finding:
        _become(upload, UploadState.ASKING, found.checked.finding + MAY_KEEP)
    else:
        _store(upload, found)


def keep(upload: Upload, found: Findings) -> None:
    """Store an upload in spite of the numbers of people in it, which is written down.

    Raises Forbidden, or StepRefused when this is not the question, or no longer.
    """
    place = _asked(upload)
    if upload.same_as_id is not None:
        raise StepRefused("佐证库中已有内容相同的材料，请直接选用，不必重复保存。")
    require_open(place, upload.user)
    if found.refusal:
        _refuse(upload, found.refusal)
        return
    _store(upload, found)


def reuse(upload: Upload) -> Evidence:
    """Use the piece of the library that holds the same bytes, instead of storing them again.

    Raises Forbidden, or StepRefused when this is not the question, or no longer.
    """
    place = _asked(upload)
    known = upload.same_as
    if known is None:
        raise StepRefused(NOT_ASKED)
    require_open(place, upload.user)
    storing.use(place, known, upload)
    upload.evidence = known
    storage.store().discard(upload.token)
    _become(upload, UploadState.STORED)
    return known


def cancel(upload: Upload) -> None:
    """Give an upload up, and forget its bytes. Raises StepRefused for one that is over."""
    _hold(upload)
    if upload.state not in UNFINISHED:
        raise StepRefused(NOT_ASKED)
    storage.store().discard(upload.token)
    _become(upload, UploadState.CANCELLED)


def take_date(upload: Upload, taken_on: date | None) -> None:
    """Date a stored photograph by the day it was taken, which was offered.

    Raises Forbidden, StepRefused, or Rejected for a day that cannot be.
    """
    _hold(upload)
    if not upload.offers_day or upload.evidence is None or taken_on is None:
        raise StepRefused(NOT_ASKED)
    storing.date_again(upload.evidence, taken_on, actor=upload.user)
    dismiss(upload)


def day_of_photograph(upload: Upload) -> date | None:
    """Return the day a stored photograph was taken, from its own data.

    Asks little of the database, and may take long. Raises StepRefused when there is none that
    may be opened.
    """
    file = upload.evidence.file if upload.evidence else None
    if upload.state is not UploadState.STORED or file is None or not file.usable:
        raise StepRefused(NOT_ASKED)
    try:
        with storage.store().open(file.sha256) as stream:
            return look_in.look(stream, accepted_type(file.name).content).taken_on
    except OSError as error:
        raise StepRefused("文件库中暂时读不到这张照片，材料日期没有改。请稍后再试。") from error


def dismiss(upload: Upload) -> None:
    """Say no more about a stored upload. Raises StepRefused for one that is not stored."""
    _hold(upload)
    if upload.state is not UploadState.STORED:
        raise StepRefused(NOT_ASKED)
    upload.answer = ""
    db.session.flush()


def hold_place(upload: Upload) -> Destination:
    """Return where ``upload`` is bound for, its task locked and read anew."""
    if upload.task is not None:
        db.session.refresh(upload.task, with_for_update={"of": Task})
    elif upload.meeting is not None:
        db.session.refresh(upload.meeting, ["state"])
    return Destination.of(upload)


def _asked(upload: Upload) -> Destination:
    """Lock an upload that asks something, and return where it is bound for."""
    _hold(upload)
    if upload.state is not UploadState.ASKING:
        raise StepRefused(NOT_ASKED)
    return hold_place(upload)


def _hold(upload: Upload) -> None:
    """Lock the upload's row until the end of the transaction, and read what is in it now."""
    db.session.refresh(upload, with_for_update={"of": Upload})


def _store(upload: Upload, found: Findings) -> None:
    """Make bytes that are under their hash a piece of the library that backs its place.

    The parts they came in are forgotten when that is certain.
    """
    if found.checked is None or found.stored is None:
        raise RuntimeError("only a checked file is stored")
    upload.evidence = storing.add(upload, found.stored, found.checked)
    after_commit(db.session(), partial(storage.store().discard, upload.token))
    _become(upload, UploadState.STORED, storing.offer_of_date(upload, found.checked.taken_on))


def _refuse(upload: Upload, sentence: str) -> None:
    """Turn the file away, and forget its bytes."""
    storage.store().discard(upload.token)
    _become(upload, UploadState.REFUSED, sentence)


def _become(upload: Upload, state: UploadState, answer: str = "") -> None:
    """Put the upload into its next state. It has no history of its own: the evidence has."""
    upload.state = state
    upload.answer = answer
    upload.touched_at = clock.now()
    db.session.flush()
