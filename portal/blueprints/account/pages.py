"""One's own account and the places where it is logged in."""

from flask import flash, render_template, url_for
from werkzeug.wrappers import Response

from portal.blueprints.account import bp
from portal.policies.second_factor import can_turn_off
from portal.queries.second_factor import demanded_roles, unused_codes
from portal.queries.sessions import get_own_session, live_sessions
from portal.services import sessions
from portal.web.accounts import actor, present_session, session_limits
from portal.web.requests import leave_to, writes
from portal.web.sign_in import leave


@bp.get("")
def show_account() -> str:
    """Show the account, its second factor and its sessions."""
    user = actor()
    return render_template(
        "account/show.html",
        user=user,
        here=present_session(),
        sessions=live_sessions(user, limits=session_limits()),
        codes_left=unused_codes(user) if user.totp_since else 0,
        can_turn_off=can_turn_off(user, demanded_roles()),
    )


@bp.post("/sessions/<int:session_id>/end")
@writes
def end_session(session_id: int) -> Response:
    """Log out one of one's sessions; the one at hand is an ordinary log-out."""
    user, here = actor(), present_session()
    there = get_own_session(session_id, viewer=user)
    if here is not None and here.id == there.id:
        leave()
        return leave_to(url_for("auth.log_in"))
    sessions.leave_elsewhere(user, here=there, there=there)
    flash("已退出该设备上的登录。", "success")
    return leave_to(url_for("account.show_account"))


@bp.post("/sessions/end-others")
@writes
def end_other_sessions() -> Response:
    """Log out everywhere but here."""
    here = present_session()
    if here is not None:
        sessions.leave_elsewhere(actor(), here=here)
    flash("已退出其他设备上的登录。", "success")
    return leave_to(url_for("account.show_account"))
