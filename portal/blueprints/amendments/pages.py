"""What several views of an amendment share."""

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.blueprints.amendments.forms import ApproveForm, SendBackForm
from portal.errors import PortalError
from portal.models import PlanAmendment, Side
from portal.policies.amendments import can_edit_amendment
from portal.policies.decision import require
from portal.queries import amendments as queries
from portal.web.accounts import actor
from portal.web.refusals import Refused
from portal.web.requests import leave_to


def seen_version() -> int | None:
    """Return the version of the page from which the step was asked for."""
    return request.form.get("version", type=int)


def amendment_url(amendment: PlanAmendment) -> str:
    """Return the address of an amendment."""
    return url_for("amendments.show_amendment", amendment_id=amendment.id)


def done(amendment: PlanAmendment, message: str) -> Response:
    """Say ``message`` on the amendment's page."""
    flash(message, "success")
    return leave_to(amendment_url(amendment))


def own_amendment(amendment_id: int) -> PlanAmendment:
    """Load an amendment that the viewer writes. Raises NotVisible or Forbidden."""
    amendment = queries.get_amendment(amendment_id, viewer=actor())
    require(can_edit_amendment(actor(), amendment))
    return amendment


def answer_amendment(
    amendment: PlanAmendment,
    *,
    approve: ApproveForm | None = None,
    send_back: SendBackForm | None = None,
    refusal: PortalError | None = None,
    status: int = 200,
) -> tuple[str, int]:
    """Render the page of ``amendment``, with the small forms as they were sent."""
    page = queries.amendment_page(amendment, viewer=actor())
    refused = Refused(refusal.sentence, refusal.sentences[1:], "") if refusal else None
    return (
        render_template(
            "amendments/show.html",
            pairing=amendment.pairing,
            amendment=amendment,
            page=page,
            sides=list(Side),
            resolution=queries.resolution_title(amendment.resolution)
            if amendment.resolution
            else "",
            approve=approve or ApproveForm(formdata=None),
            send_back=send_back or SendBackForm(formdata=None),
            refused=refused,
        ),
        status,
    )
