"""Opening an invitation and setting the first password."""

from flask import flash, render_template
from werkzeug.wrappers import Response

from portal.blueprints.invitations import bp
from portal.blueprints.invitations.forms import FirstPasswordForm
from portal.errors import Gone, NotVisible, Rejected
from portal.policies.identities import can_use
from portal.queries.invitations import open_invitation
from portal.services import invitations
from portal.web.accounts import public
from portal.web.requests import writes
from portal.web.sign_in import come_in
from portal.web.single_sign_on import providers_here


@bp.route("/invitation/<secret:secret>", methods=["GET", "POST"])
@public
@writes
def accept_invitation(secret: str) -> Response | str | tuple[str, int]:
    """Show who is invited, and set the first password: its owner is then logged in."""
    try:
        return _accept(secret)
    except (Gone, NotVisible) as closed:
        page = render_template("invitations/closed.html", sentence=closed.sentence)
        return page, closed.status


def _accept(secret: str) -> Response | tuple[str, int]:
    """Draw the form, or take it. Raises NotVisible or Gone."""
    invitation, form = open_invitation(secret), FirstPasswordForm()
    if form.validate_on_submit():
        try:
            user = invitations.accept(secret, password=form.new.data)
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        else:
            answer = come_in(user)
            flash("密码已设置，欢迎使用。以后请用用户名和密码登录。", "success")
            return answer
    page = render_template(
        "invitations/accept.html",
        invitation=invitation,
        user=invitation.user,
        form=form,
        providers=[one for one in providers_here() if can_use(invitation.user, one)],
    )
    return page, 422 if form.errors else 200
