"""The way to a hospital's log-in service and back."""

from flask import flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.blueprints.sso import bp
from portal.errors import Forbidden, Gone, NotVisible, PortalError, StepRefused
from portal.services import identities
from portal.services.identities import NotLinked
from portal.sso import Provider
from portal.web import audit
from portal.web import single_sign_on as sso
from portal.web.accounts import actor, present_session, public
from portal.web.requests import leave_to, safe_next, writes_on_return
from portal.web.sign_in import come_in
from portal.web.single_sign_on import Errand, NotProved, Proof, ProviderDown, provider_called

Answer = Response | tuple[str, int]


@bp.get("/sso/<slug:slug>")
@public
def start(slug: str) -> Answer:
    """Send the browser to the log-in service of a hospital."""
    provider = provider_called(slug)
    wanted = safe_next(request.args.get("next"), default="")
    try:
        return redirect(away_to(provider, Errand("log_in", next=wanted)))
    except ProviderDown as problem:
        return problem_page(provider, problem)


def away_to(provider: Provider, errand: Errand) -> str:
    """Return the address of the service for ``errand``. Raises ProviderDown."""
    back = url_for("sso.come_back", slug=provider.slug, _external=True)
    return sso.send_away(provider, errand, back=back)


@bp.get("/sso/<slug:slug>/callback")
@public
@writes_on_return
def come_back(slug: str) -> Answer:
    """Take the browser back from the service, and do what it was sent for."""
    provider = provider_called(slug)
    try:
        # First of all: nothing is read from the database while the service is asked.
        proof = sso.come_back(provider)
        return ERRANDS[proof.errand.purpose](provider, proof)
    except (Gone, NotVisible) as closed:
        page = render_template("invitations/closed.html", sentence=closed.sentence)
        return page, closed.status
    except (ProviderDown, NotProved, Forbidden, StepRefused) as problem:
        return problem_page(provider, problem)


def problem_page(provider: Provider, problem: PortalError) -> tuple[str, int]:
    """Say kindly what went wrong on the way, and what to do."""
    audit.note_refusal(problem.sentence)
    page = render_template(
        "sso/problem.html",
        provider=provider,
        sentence=problem.sentence,
        not_linked=isinstance(problem, NotLinked),
        down=isinstance(problem, ProviderDown),
    )
    return page, problem.status


def _log_in(provider: Provider, proof: Proof) -> Answer:
    """Log in the account that the identity opens. Raises NotLinked."""
    user = identities.come_in(provider, proof.subject)
    wanted = safe_next(proof.errand.next, default="")
    return come_in(user, wanted=wanted, way=provider.slug, both_shown=proof.second_factor)


def _link(provider: Provider, proof: Proof) -> Answer:
    """Link the identity with the account that asked for it, if that is still who is here."""
    if not current_user.is_authenticated or actor().id != proof.errand.user_id:
        raise NotProved("登录已更换或已退出，没有关联。请登录后在“统一身份登录”页面重新关联。")
    identities.link(actor(), provider, proof.subject, actor=actor(), here=present_session())
    flash(f"已关联{provider.label}，以后可以用它登录。", "success")
    return leave_to(url_for("sso.list_identities"))


def _accept(provider: Provider, proof: Proof) -> Answer:
    """Come in for the first time. Raises NotVisible, Gone, Forbidden or StepRefused."""
    user = identities.accept(proof.errand.invitation_id or 0, provider, proof.subject)
    answer = come_in(user, way=provider.slug, both_shown=proof.second_factor)
    flash(f"账号已启用，以后请用{provider.label}登录。", "success")
    return answer


ERRANDS = {"log_in": _log_in, "link": _link, "invitation": _accept}
