"""The sheet that hands new accounts over: a link or an initial password each, shown this once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import make_response, render_template, url_for
from werkzeug.wrappers import Response

from portal.documents.qr import qr_image
from portal.models import User
from portal.services.invitations import Sent
from portal.services.users import Issued


@dataclass(frozen=True)
class Slip:
    """What one person gets: either a link with its picture, or a password."""

    user: User
    link: str = ""
    picture: str = ""
    expires_at: datetime | None = None
    password: str = ""


def slip_of(made: Sent | Issued) -> Slip:
    """Return the slip of a link or an initial password, both of which exist only now."""
    if isinstance(made, Issued):
        return Slip(made.user, password=made.password)
    link = url_for("invitations.accept_invitation", secret=made.secret, _external=True)
    return Slip(made.user, link, qr_image(link), made.invitation.expires_at)


def slips_page(made: Sequence[Sent | Issued], *, back: str) -> Response:
    """Answer with the sheet. A form sent twice is led to ``back``: nothing is shown again."""
    page = render_template(
        "admin/slips.html",
        slips=[slip_of(one) for one in made],
        login_address=url_for("auth.log_in", _external=True),
        back_url=back,
    )
    response: Response = make_response(page)
    response.headers["Content-Location"] = back
    return response
