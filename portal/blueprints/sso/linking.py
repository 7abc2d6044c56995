"""Linking one's account with a hospital's log-in service, and parting them again."""

from flask import flash, render_template, url_for
from werkzeug.wrappers import Response

from portal.blueprints.sso import bp
from portal.blueprints.sso.routes import away_to, problem_page
from portal.errors import Gone, NotVisible, Rejected
from portal.policies.decision import require
from portal.policies.identities import can_use
from portal.queries import identities as queries
from portal.queries.invitations import open_invitation
from portal.services import identities
from portal.sso import Provider
from portal.web.accounts import actor, public
from portal.web.ownership import OwnerForm, owner_form, prove_owner
from portal.web.requests import (
    begin_writing,
    leave_to,
    let_go,
    only_looks,
    writes,
    writes_refusals_too,
)
from portal.web.single_sign_on import (
    Errand,
    ProviderDown,
    label_of,
    provider_called,
    providers_here,
)


@bp.get("/account/identities")
def list_identities() -> str:
    """Show which log-in services open one's account, and which could."""
    return _identities_page(owner_form(OwnerForm))


def _identities_page(form: OwnerForm) -> str:
    """Render the services, with the password's field where one can be linked."""
    user = actor()
    linked = {one.provider: one for one in queries.identities_of(user)}
    mine = [one for one in providers_here() if can_use(user, one)]
    known = {one.slug for one in mine}
    return render_template(
        "sso/identities.html",
        user=user,
        providers=mine,
        linked=linked,
        others=[one for slug, one in linked.items() if slug not in known],
        label_of=label_of,
        form=form,
    )


@bp.post("/account/identities/<slug:slug>/link")
@writes_refusals_too
def link_identity(slug: str) -> str | tuple[str, int]:
    """Begin to link one's account with a service: it is asked who one is there."""
    provider, user, form = provider_called(slug), actor(), owner_form(OwnerForm)
    require(can_use(user, provider))
    if not form.validate():
        return _identities_page(form), 422
    try:
        prove_owner(form)
    except Rejected as refusal:
        form.add_errors(refusal.fields)
        return _identities_page(form), 422
    # Nothing of the database is held while the service is asked about itself.
    let_go()
    answer = _leave(provider, Errand("link", user_id=user.id))
    begin_writing()
    return answer


@bp.post("/account/identities/<int:identity_id>/unlink")
@writes
def unlink_identity(identity_id: int) -> Response:
    """Part an account from a service: one's own, or one that one keeps."""
    viewer = actor()
    identity = queries.get_identity(identity_id, viewer=viewer)
    owner, label = identity.user, label_of(identity.provider)
    identities.unlink(identity, label, actor=viewer)
    flash(f"已解除关联{label}。", "success")
    if owner.id == viewer.id:
        return leave_to(url_for("sso.list_identities"))
    return leave_to(url_for("admin.edit_user", user_id=owner.id))


@bp.post("/invitation/<secret:secret>/sso/<slug:slug>")
@public
@only_looks
def accept_by_identity(secret: str, slug: str) -> str | tuple[str, int]:
    """Begin to use an invitation with the hospital's service instead of a password."""
    provider = provider_called(slug)
    try:
        invitation = open_invitation(secret)
    except (Gone, NotVisible) as closed:
        page = render_template("invitations/closed.html", sentence=closed.sentence)
        return page, closed.status
    require(can_use(invitation.user, provider))
    return _leave(provider, Errand("invitation", invitation_id=invitation.id))


def _leave(provider: Provider, errand: Errand) -> str | tuple[str, int]:
    """Answer a form with a page that leads to the service by itself.

    A redirect would not do: the policy of our pages lets no form lead elsewhere.
    """
    try:
        away = away_to(provider, errand)
    except ProviderDown as problem:
        return problem_page(provider, problem)
    return render_template("sso/leaving.html", provider=provider, away=away)
