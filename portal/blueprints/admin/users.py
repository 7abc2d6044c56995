"""Accounts: list, issue, edit, disable, reset the password."""

from flask import flash, make_response, render_template, request, url_for
from werkzeug.wrappers import Response

from portal import clock
from portal.blueprints.admin import bp
from portal.blueprints.admin.forms import BY_LINK, DisableUserForm, EditUserForm, IssueUserForm
from portal.blueprints.admin.slips import slips_page
from portal.errors import Rejected, StaleEdit
from portal.models import Organisation, Role, User, UserSession
from portal.policies import accounts as policy
from portal.policies.decision import require
from portal.policies.handovers import can_hand_over
from portal.policies.invitations import can_invite
from portal.policies.scope import has_pairings
from portal.policies.second_factor import can_reset as can_reset_second_factor
from portal.queries import accounts as queries
from portal.queries.handovers import past_handovers
from portal.queries.history import history_of
from portal.queries.identities import identities_of
from portal.queries.invitations import latest_invitation
from portal.queries.open_work import open_work_of, tasks_left_behind
from portal.queries.sessions import live_sessions
from portal.services import users
from portal.services.accounts import is_locked
from portal.web.accounts import actor, session_limits
from portal.web.address import id_of, kept_of, member_of, text_of
from portal.web.requests import leave_to, writes
from portal.web.single_sign_on import label_of


@bp.get("/users")
def list_users() -> str:
    """List the accounts the viewer keeps, narrowed by the filters in the address."""
    viewer = actor()
    page = queries.users_page(
        _filter_from_address(),
        viewer=viewer,
        before=text_of(request.args, "before", 64) or None,
        after=text_of(request.args, "after", 64) or None,
    )
    return render_template(
        "admin/users.html",
        page=page,
        roles=policy.issuable_roles(viewer),
        keeps_organisations=policy.keeps_organisations(viewer),
        organisations=queries.organisations(viewer=viewer),
        locked={user.id for user in page.rows if is_locked(user)},
        kept=kept_of(request.args, FILTERS),
    )


FILTERS = ("role", "organisation", "q", "active")


def _filter_from_address() -> queries.UserFilter:
    """Return the filters in the address; what makes no sense does not narrow."""
    return queries.UserFilter(
        role=member_of(Role, request.args.get("role")),
        organisation_id=id_of(request.args, "organisation"),
        text=text_of(request.args, "q", 64),
        active={"1": True, "0": False}.get(request.args.get("active", "")),
    )


@bp.route("/users/new", methods=["GET", "POST"])
@writes
def issue_user() -> Response | str | tuple[str, int]:
    """Issue an account; the answer shows its link or initial password, this once."""
    viewer = actor()
    queries.demand_keeper(viewer)
    organisations = queries.organisations(viewer=viewer)
    form = IssueUserForm()
    form.offer(policy.issuable_roles(viewer), organisations)
    if form.validate_on_submit():
        try:
            return _issue(form, form.entry(organisations))
        except Rejected as refusal:
            form.add_errors(refusal.fields)
    return render_template("admin/user_new.html", form=form), 422 if form.errors else 200


def _issue(form: IssueUserForm, entry: users.UserEntry) -> Response:
    """Issue the account in the way that was chosen. Raises Forbidden or Rejected."""
    if form.way.data == BY_LINK:
        sent = users.issue_by_link(form.username.data, entry, actor=actor())
        return slips_page([sent], back=url_for("admin.edit_user", user_id=sent.user.id))
    return _password_page(users.issue_account(form.username.data, entry, actor=actor()))


@bp.route("/users/<int:user_id>", methods=["GET", "POST"])
@writes
def edit_user(user_id: int) -> Response | str | tuple[str, int]:
    """Show one account with its history, and change it."""
    viewer = actor()
    user = queries.get_user(user_id, viewer=viewer)
    organisations = queries.organisations(viewer=viewer)
    form = EditUserForm()
    _prepare(form, user, organisations)
    if request.method == "GET":
        form.show(user)
    elif form.validate():
        try:
            seen = request.form.get("version", type=int)
            users.edit_account(user, form.entry(organisations), seen=seen, actor=viewer)
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        except StaleEdit as stale:
            return _user_page(user, form, DisableUserForm(), stale=stale.sentence), 409
        else:
            flash("账号信息已保存。", "success")
            return leave_to(url_for("admin.edit_user", user_id=user.id))
    return _user_page(user, form, DisableUserForm()), 422 if form.errors else 200


def _prepare(form: EditUserForm, user: User, organisations: list[Organisation]) -> None:
    """Offer role and organisation to those who may move the account, else leave them out."""
    if policy.can_reassign(actor(), user):
        form.offer(policy.roles_to_move_to(actor()), organisations)
    else:
        form.fix(user)


def _user_page(user: User, form: EditUserForm, disable: DisableUserForm, stale: str = "") -> str:
    """Render one account with whatever the viewer may do to it."""
    viewer = actor()
    can_switch_off, may_hand_over = policy.can_switch_off(viewer, user), can_hand_over(viewer, user)
    return render_template(
        "admin/user.html",
        user=user,
        form=form,
        disable=disable,
        stale=stale,
        edition=users.edition_of(user),
        locked=is_locked(user),
        role_is_fixed=policy.can_reassign(viewer, user).reason,
        sessions=_sessions_of(user),
        can_reset_second_factor=user.totp_since and can_reset_second_factor(viewer, user),
        can_switch_off=can_switch_off,
        can_reset_password=policy.can_reset_password(viewer, user),
        can_invite=can_invite(viewer, user),
        invitation=latest_invitation(user),
        open_work=open_work_of(user) if can_switch_off or may_hand_over else [],
        reads_titles=has_pairings(viewer),
        left_behind=tasks_left_behind(user),
        can_hand_over=may_hand_over,
        past=past_handovers(viewer=viewer, of=user),
        identities=identities_of(user),
        label_of=label_of,
        now=clock.now(),
        events=history_of("user", user.id, limit=50),
    )


def _sessions_of(user: User) -> list[UserSession] | None:
    """Return where ``user`` is logged in, for the security administrator alone."""
    if not policy.can_end_sessions(actor(), user):
        return None
    return live_sessions(user, limits=session_limits())


@bp.post("/users/<int:user_id>/disable")
@writes
def disable_user(user_id: int) -> Response | tuple[str, int]:
    """Close an account, saying why."""
    viewer = actor()
    user = queries.get_user(user_id, viewer=viewer)
    require(policy.can_switch_off(viewer, user))
    form = DisableUserForm()
    if not form.validate():
        # The page's other form was not sent with this one: it shows the account as it is.
        edit = EditUserForm(formdata=None)
        _prepare(edit, user, queries.organisations(viewer=viewer))
        edit.show(user)
        return _user_page(user, edit, form), 422
    users.disable_account(user, reason=form.reason.data, actor=viewer)
    flash(f"账号“{user.name}”已停用。", "success")
    return leave_to(url_for("admin.edit_user", user_id=user.id))


@bp.post("/users/<int:user_id>/enable")
@writes
def enable_user(user_id: int) -> Response:
    """Open a disabled account again."""
    viewer = actor()
    user = queries.get_user(user_id, viewer=viewer)
    users.enable_account(user, actor=viewer)
    flash(f"账号“{user.name}”已启用。", "success")
    return leave_to(url_for("admin.edit_user", user_id=user.id))


@bp.post("/users/<int:user_id>/unlock")
@writes
def unlock_user(user_id: int) -> Response:
    """Lift the lock that failed log-ins have put on an account; its password stays."""
    viewer = actor()
    user = queries.get_user(user_id, viewer=viewer)
    users.unlock_account(user, actor=viewer)
    flash(f"账号“{user.name}”已解除锁定，可用原密码登录。", "success")
    return leave_to(url_for("admin.edit_user", user_id=user.id))


@bp.post("/users/<int:user_id>/password")
@writes
def reset_password(user_id: int) -> Response:
    """Give the account a new initial password and show it, this once."""
    viewer = actor()
    user = queries.get_user(user_id, viewer=viewer)
    return _password_page(users.reset_password(user, actor=viewer))


def _password_page(issued: users.Issued) -> Response:
    """Answer with the initial password: it is kept nowhere and never shown again."""
    page = render_template("admin/user_password.html", user=issued.user, password=issued.password)
    response: Response = make_response(page)
    response.headers["Content-Location"] = url_for("admin.edit_user", user_id=issued.user.id)
    return response
