"""Setting up the second factor, renewing its recovery codes, turning it off."""

from flask import flash, make_response, render_template, url_for
from werkzeug.wrappers import Response

from portal.blueprints.account import bp
from portal.blueprints.auth.forms import CodeForm, FirstCodeForm
from portal.documents.qr import qr_image
from portal.errors import Rejected
from portal.policies.second_factor import can_turn_off
from portal.queries.second_factor import demanded_roles, unused_codes
from portal.services import second_factor as service
from portal.web.accounts import (
    actor,
    before_second_factor,
    owes_second_factor,
    present_session,
)
from portal.web.ownership import owner_form, prove_owner
from portal.web.requests import leave_to, writes, writes_refusals_too


@bp.get("/second-factor")
@before_second_factor
def second_factor() -> Response | str:
    """Show the steps of setting up, or what can be done once it is on."""
    if actor().totp_since is None:
        return _setting_up(owner_form(FirstCodeForm))
    return _page(CodeForm())


@bp.post("/second-factor/begin")
@before_second_factor
@writes
def begin_second_factor() -> Response:
    """Draw a key and show it."""
    service.begin(actor())
    return leave_to(url_for("account.second_factor"))


@bp.post("/second-factor/confirm")
@before_second_factor
@writes_refusals_too
def confirm_second_factor() -> Response | tuple[str, int]:
    """Turn it on with the first code, and show the recovery codes, this once."""
    form = owner_form(FirstCodeForm)
    if form.validate():
        try:
            prove_owner(form)
            codes = service.confirm(actor(), form.code.data, here=present_session())
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        else:
            return _codes_page(codes)
    return _setting_up(form), 422


@bp.post("/second-factor/codes")
@writes_refusals_too
def renew_recovery_codes() -> Response | tuple[str, int]:
    """Show ten new recovery codes, this once; the old ones are worthless."""
    form = CodeForm()
    if form.validate():
        try:
            return _codes_page(service.renew_codes(actor(), form.code.data))
        except Rejected as refusal:
            form.add_errors(refusal.fields)
    return _page(form), 422


@bp.post("/second-factor/off")
@writes_refusals_too
def turn_off_second_factor() -> Response | tuple[str, int]:
    """Turn it off, with a code, unless it is demanded."""
    form = CodeForm()
    if form.validate():
        try:
            service.turn_off(actor(), form.code.data)
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        else:
            flash("两步验证已关闭。", "success")
            return leave_to(url_for("account.show_account"))
    return _page(form), 422


def _setting_up(form: FirstCodeForm) -> str:
    """Render the steps: the key once it was drawn, and the form for its first code."""
    user = actor()
    key = service.key_of(user)
    return render_template(
        "account/second_factor_new.html",
        form=form,
        key=" ".join(key[at : at + 4] for at in range(0, len(key), 4)) if key else "",
        image=qr_image(service.address_of(user, key)) if key else "",
        owed=owes_second_factor(),
    )


def _page(form: CodeForm) -> str:
    """Render what can be done with a second factor that is on."""
    user = actor()
    return render_template(
        "account/second_factor.html",
        form=form,
        user=user,
        codes_left=unused_codes(user),
        can_turn_off=can_turn_off(user, demanded_roles()),
    )


def _codes_page(codes: list[str]) -> Response:
    """Answer with the recovery codes: they are kept nowhere in clear and never shown again."""
    response: Response = make_response(render_template("account/recovery_codes.html", codes=codes))
    response.headers["Content-Location"] = url_for("account.show_account")
    return response
