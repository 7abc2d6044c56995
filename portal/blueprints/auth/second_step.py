"""The second step of logging in: a code of the authenticator app, or one from paper."""

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.blueprints.auth import bp
from portal.blueprints.auth.forms import CodeForm
from portal.errors import Rejected
from portal.services import second_factor
from portal.services.accounts import is_locked
from portal.web import audit
from portal.web.accounts import public
from portal.web.landing import landing_for
from portal.web.requests import leave_to, safe_next, writes_refusals_too
from portal.web.sign_in import half_in, let_in


@bp.route("/login/code", methods=["GET", "POST"])
@public
@writes_refusals_too
def second_step() -> Response | str | tuple[str, int]:
    """Ask for the code of whoever has shown the password, and let them in."""
    wanted = safe_next(request.values.get("next"), default="")
    begun = half_in()
    if begun is None:
        if request.method == "POST":
            flash("验证超时，请重新登录。", "warning")
        return redirect(url_for("auth.log_in", next=wanted or None), code=303)
    user, way = begun
    form = CodeForm()
    if form.validate_on_submit():
        try:
            second_factor.check(user, form.code.data, inside=False)
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        else:
            let_in(user, way=way)
            return leave_to(landing_for(user, wanted))
    if is_locked(user):
        audit.refuses("账号锁定期间输入验证码", user)
        flash("验证码连续输错，账号已暂时锁定，请稍后再登录。", "warning")
        return redirect(url_for("auth.log_in", next=wanted or None), code=303)
    status = 422 if form.errors else 200
    return render_template("auth/second_step.html", form=form, next=wanted), status
