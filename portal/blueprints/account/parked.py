"""What was typed when the log-in ran out: shown to its owner, sent again or dropped."""

from flask import flash, render_template
from werkzeug.wrappers import Response

from portal.blueprints.account import bp
from portal.queries.parked_forms import get_parked
from portal.services.parked_forms import drop_parked
from portal.web.accounts import actor
from portal.web.parking import readable
from portal.web.requests import leave_to, writes


@bp.get("/parked/<secret:secret>")
def show_parked_form(secret: str) -> str:
    """Show what was typed, with one button that sends it to where it was going."""
    parked = get_parked(secret, viewer=actor())
    return render_template(
        "account/parked_form.html",
        parked=parked,
        secret=secret,
        texts=readable(parked.path, parked.fields),
        kept=[(name, text) for name, text in parked.fields if text is not None],
        choosers=[name for name, text in parked.fields if text is None],
    )


@bp.post("/parked/<secret:secret>/drop")
@writes
def drop_parked_form(secret: str) -> Response:
    """Forget what was typed and go back to the page it was typed on."""
    parked = get_parked(secret, viewer=actor())
    page = parked.page
    drop_parked(parked)
    flash("暂存的内容已放弃。", "info")
    return leave_to(page)
