"""Safety of accounts, for the security administrator: who must show a second factor, who is in."""

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.blueprints.admin import bp
from portal.blueprints.admin.forms import SecurityForm
from portal.errors import NotVisible
from portal.models import Role
from portal.policies.second_factor import can_demand
from portal.queries import accounts as queries
from portal.queries.second_factor import accounts_without, demanded_roles
from portal.services import second_factor, sessions
from portal.web.accounts import actor
from portal.web.requests import leave_to, writes


@bp.route("/security", methods=["GET", "POST"])
@writes
def edit_security() -> Response | str | tuple[str, int]:
    """Show and change of which roles the second factor is demanded."""
    if not can_demand(actor()):
        raise NotVisible()
    form, demanded = SecurityForm(), demanded_roles()
    if request.method == "GET":
        form.roles.data = [role.value for role in demanded]
    elif form.validate():
        chosen = {Role(value) for value in form.roles.data or []}
        if second_factor.demand_of(chosen, actor=actor()):
            flash("安全设置已保存，这些角色尚未开启的，下一次操作时先完成设置。", "success")
        return leave_to(url_for("admin.edit_security"))
    page = render_template(
        "admin/security.html", form=form, without=accounts_without(demanded), roles=Role
    )
    return page, 422 if form.errors else 200


@bp.post("/users/<int:user_id>/sessions/end")
@writes
def end_user_sessions(user_id: int) -> Response:
    """Log an account out everywhere."""
    user = queries.get_user(user_id, viewer=actor())
    sessions.put_out(user, actor=actor())
    flash(f"账号“{user.name}”的登录已全部退出。", "success")
    return leave_to(url_for("admin.edit_user", user_id=user.id))


@bp.post("/users/<int:user_id>/second-factor/reset")
@writes
def reset_second_factor(user_id: int) -> Response:
    """Take off the second factor of somebody who lost telephone and paper."""
    user = queries.get_user(user_id, viewer=actor())
    second_factor.reset(user, actor=actor())
    flash(f"账号“{user.name}”的两步验证已重置，登录已全部退出。", "success")
    return leave_to(url_for("admin.edit_user", user_id=user.id))
