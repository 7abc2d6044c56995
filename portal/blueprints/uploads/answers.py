"""What the uploader decides about a file that was asked about, or was left half-way."""

import json

from flask import flash, make_response, request
from werkzeug.wrappers import Response

from portal.blueprints.uploads import bp
from portal.blueprints.uploads.protocol import look_into, looked_into, received_of
from portal.blueprints.uploads.sender import Sender, place_address, signed_in
from portal.errors import NotVisible, StepRefused
from portal.models import Upload, UploadState
from portal.policies.uploads import Destination
from portal.queries.uploads import date_offers
from portal.services import uploads as services
from portal.services.upload_storing import offered_day
from portal.web.address import text_of
from portal.web.htmx import is_htmx
from portal.web.requests import begin_writing, leave_to, reads_first, writes


@bp.post("/uploads/<secret:token>/answer")
@reads_first
@writes
def answer_upload(token: str) -> Response:
    """Keep, reuse or give up a file; look at a whole one again; date a photograph."""
    return answer(signed_in(), token)


def answer(sender: Sender, token: str) -> Response:
    """Take the decision of ``sender`` and lead back; to htmx, have the page's lists renewed."""
    upload = sender.upload(token)
    said = text_of(request.form, "answer", 20)
    if said in _FOR_ALL:
        told = _FOR_ALL[said](date_offers(upload, link=sender.link))
    else:
        told = _DECISIONS.get(said, _nonsense)(sender, upload)
    if is_htmx():
        response: Response = make_response("", 204)
        news: dict[str, object] = {"portal:refresh": True}
        if told:
            news["portal:message"] = {"text": told, "tone": _tone(upload)}
        response.headers["HX-Trigger"] = json.dumps(news)
        return response
    if told:
        flash(told, _tone(upload))
    return leave_to(place_address(upload, secret=sender.secret))


def _tone(upload: Upload) -> str:
    return "success" if upload.state is UploadState.STORED else "info"


def _keep(_sender: Sender, upload: Upload) -> str:
    if upload.state is not UploadState.ASKING:
        raise StepRefused(services.NOT_ASKED)
    found = looked_into(upload)
    services.keep(upload, found)
    return upload.answer or f"“{upload.name}”已保存。"


def _reuse(_sender: Sender, upload: Upload) -> str:
    begin_writing()
    known = services.reuse(upload)
    need = upload.requirement
    where = f"用于“{need.name}”，" if need else ""
    return f"已选用佐证库中的“{known.title}”，{where}没有重复保存。"


def _cancel(_sender: Sender, upload: Upload) -> str:
    begin_writing()
    services.cancel(upload)
    return f"已放弃“{upload.name}”，没有保存。"


def _check(sender: Sender, upload: Upload) -> str:
    """Look again at a file that is whole but was not decided about: a broken-off end."""
    if upload.state is not UploadState.RECEIVING or received_of(upload) < upload.size:
        raise StepRefused("这个文件还没有传完，请先继续上传。")
    services.require_open(Destination.of(upload), upload.user)
    look_into(upload, sender)
    return upload.answer or f"“{upload.name}”已保存。"


def _date(_sender: Sender, upload: Upload) -> str:
    day = services.day_of_photograph(upload)
    begin_writing()
    services.take_date(upload, day)
    return f"“{upload.name}”的材料日期已改为拍摄日期。"


def _date_all(offers: list[Upload]) -> str:
    """Date every photograph of the box by the day that it was offered."""
    begin_writing()
    for one in offers:
        services.take_date(one, offered_day(one))
    return f"{len(offers)} 张照片的材料日期已改为拍摄日期。"


def _dismiss_all(offers: list[Upload]) -> str:
    """Leave the days of all of them as they are."""
    begin_writing()
    for one in offers:
        services.dismiss(one)
    return f"{len(offers)} 张照片的材料日期不改。"


def _dismiss(_sender: Sender, upload: Upload) -> str:
    begin_writing()
    services.dismiss(upload)
    return ""


def _nonsense(_sender: Sender, _upload: Upload) -> str:
    raise NotVisible()


_DECISIONS = {
    "keep": _keep,
    "reuse": _reuse,
    "cancel": _cancel,
    "check": _check,
    "date": _date,
    "dismiss": _dismiss,
}
_FOR_ALL = {"date-all": _date_all, "dismiss-all": _dismiss_all}
