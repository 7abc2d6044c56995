"""Going to a hospital's log-in service and coming back: code flow with state, nonce and PKCE.

Authlib speaks the protocol; here stands what it is told to demand, what is remembered
meanwhile, and what every failure is called.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from flask import Flask, current_app, request, session

from portal import clock
from portal.config import ConfigurationError
from portal.errors import NotVisible, PortalError
from portal.services.identities import LONGEST_SUBJECT
from portal.sso import Provider, WrongProvider, read_providers

log = logging.getLogger("portal.sso")

EXTENSION = "portal_sso"
REMEMBERED = "sso"
TIMEOUT_SECONDS = 8
CONNECT_SECONDS = 2
DOWN_SECONDS = 30
"""How long a service that did not answer about itself is not asked again."""
LEEWAY_SECONDS = 60
MINUTES_ON_THE_WAY = 15
METADATA_SECONDS = 3600
ALGORITHMS = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"}
"""Signatures by a key that only the service has; never a shared secret, never none."""
ALGORITHMS_OFFERED = "id_token_signing_alg_values_supported"


class ProviderDown(PortalError):
    """The service does not answer, or answers with nonsense."""

    status = 503

    def __init__(self, provider: Provider) -> None:
        super().__init__(f"{provider.label}暂时没有响应，请稍后再试，或先用用户名和密码登录。")


class NotProved(PortalError):
    """What came back does not prove who it is."""

    status = 403


@dataclass(frozen=True)
class Errand:
    """Why somebody was sent to the service, remembered in the signed session."""

    purpose: str
    next: str = ""
    invitation_id: int | None = None
    user_id: int | None = None
    at: float = 0.0


@dataclass(frozen=True)
class Proof:
    """Who came back, and for what."""

    subject: str
    errand: Errand
    second_factor: bool


class SingleSignOn:
    """The services of this portal, with an Authlib client each."""

    def __init__(self, app: Flask, providers: dict[str, Provider]) -> None:
        self.providers = providers
        self._oauth = _registered(app, providers) if providers else None
        self._down: dict[str, float] = {}

    def client(self, provider: Provider) -> Any:
        """Return Authlib's client; what the service says of itself is asked anew each hour."""
        client: Any = self._oauth.create_client(provider.slug) if self._oauth else None
        loaded = client.server_metadata.get("_loaded_at", 0)
        if loaded and time.time() - loaded > METADATA_SECONDS:
            for name in ("_loaded_at", "jwks"):
                client.server_metadata.pop(name, None)
        return client

    def metadata(self, provider: Provider, client: Any) -> dict[str, Any]:
        """Return what the service says of itself. Raises RequestException while it is down."""
        from requests import ConnectionError, Timeout

        if time.monotonic() - self._down.get(provider.slug, -DOWN_SECONDS) < DOWN_SECONDS:
            raise ConnectionError("it did not answer a moment ago")
        try:
            found: dict[str, Any] = client.load_server_metadata()
        except (ConnectionError, Timeout):
            self._down[provider.slug] = time.monotonic()
            raise
        self._down.pop(provider.slug, None)
        return found


def _registered(app: Flask, providers: dict[str, Provider]) -> Any:
    """Return Authlib's registry. Raises ConfigurationError where Authlib is not installed."""
    try:
        from authlib.integrations.flask_client import OAuth
    except ImportError as error:
        raise ConfigurationError("PORTAL_OIDC_FILE needs the extra 'sso' (Authlib).") from error
    oauth = OAuth(app)
    for provider in providers.values():
        oauth.register(
            provider.slug,
            client_id=provider.client_id,
            client_secret=provider.client_secret,
            server_metadata_url=provider.discovery,
            client_kwargs={
                "scope": "openid",
                "code_challenge_method": "S256",
                "default_timeout": (CONNECT_SECONDS, TIMEOUT_SECONDS),
            },
        )
    return oauth


def init_app(app: Flask) -> None:
    """Read the operator's file, if there is one. Raises ConfigurationError."""
    providers: dict[str, Provider] = {}
    if name := app.config["OIDC_FILE"]:
        production = app.config["ENVIRONMENT"] == "production"
        try:
            providers = read_providers(Path(name), production=production)
        except WrongProvider as error:
            raise ConfigurationError(str(error)) from error
    app.extensions[EXTENSION] = SingleSignOn(app, providers)
    app.jinja_env.globals["sso_providers"] = providers_here


def _here() -> SingleSignOn:
    found: SingleSignOn = current_app.extensions[EXTENSION]
    return found


def providers_here() -> list[Provider]:
    """Return the services in the order of the file."""
    return list(_here().providers.values())


def provider_called(slug: str) -> Provider:
    """Return the service with that slug. Raises NotVisible."""
    provider = _here().providers.get(slug)
    if provider is None:
        raise NotVisible()
    return provider


def label_of(slug: str) -> str:
    """Return how a service is called on the screen, also when it is no longer configured."""
    provider = _here().providers.get(slug)
    return provider.label if provider else slug


def send_away(provider: Provider, errand: Errand, *, back: str) -> str:
    """Return the address of the service for this errand, and remember the errand.

    ``back`` is the address the service is to send the browser to. Only the newest errand
    counts: the session's cookie is small. Raises ProviderDown.
    """
    _forget()
    client = _here().client(provider)
    with _failures(provider):
        _check_metadata(provider, client)
        more = {"acr_values": provider.acr} if provider.acr else {}
        away = client.create_authorization_url(back, **more)
        client.save_authorize_data(redirect_uri=back, **away)
    kept = asdict(errand) | {"at": clock.now().timestamp()}
    session[REMEMBERED] = {"state": away["state"], "provider": provider.slug, **kept}
    return str(away["url"])


def come_back(provider: Provider) -> Proof:
    """Return who the service says has come back with this request.

    Raises ProviderDown, or NotProved for whatever is forged, replayed, too old, cancelled or
    meant for somebody else. The errand is forgotten in any case.
    """
    errand = _errand_of(provider)
    client = _here().client(provider)
    try:
        with _failures(provider):
            metadata = _check_metadata(provider, client)
            _check_sender(provider, metadata)
            token = client.authorize_access_token(
                claims_options={
                    "iss": {"essential": True, "values": [provider.issuer]},
                    "aud": {"essential": True, "values": [provider.client_id]},
                },
                leeway=LEEWAY_SECONDS,
            )
    finally:
        _forget()
    claims = token.get("userinfo") or {}
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT:
        raise _refused(provider, "no usable subject")
    return Proof(subject, errand, provider.gives_second_factor(claims.get("acr")))


def _errand_of(provider: Provider) -> Errand:
    """Return what was remembered. Raises NotProved where this is no answer to it."""
    kept = dict(session.get(REMEMBERED) or {})
    state, slug = kept.pop("state", None), kept.pop("provider", None)
    if not state or slug != provider.slug or state != request.args.get("state"):
        _forget()
        raise _refused(provider, "state", "这次登录请求已经失效，请回到登录页重新开始。")
    errand = Errand(**kept)
    if clock.now().timestamp() - errand.at > MINUTES_ON_THE_WAY * 60:
        _forget()
        raise _refused(provider, "too late", "登录用时过长，请求已经失效，请回到登录页重新开始。")
    return errand


def _forget() -> None:
    """Take every errand out of the session, with what Authlib keeps of it."""
    for name in [one for one in session if one == REMEMBERED or one.startswith("_state_")]:
        session.pop(name)


def _check_metadata(provider: Provider, client: Any) -> dict[str, Any]:
    """Ask the service about itself and hold it to its word. Raises ValueError for nonsense."""
    metadata: dict[str, Any] = _here().metadata(provider, client)
    if metadata.get("issuer") != provider.issuer:
        client.server_metadata.pop("_loaded_at", None)
        raise ValueError(f"it calls itself {metadata.get('issuer')!r}")
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        address = str(metadata.get(name, ""))
        wanted = "https://" if provider.issuer.startswith("https://") else "http"
        if not address.startswith(wanted):
            client.server_metadata.pop("_loaded_at", None)
            raise ValueError(f"its {name} is {address!r}")
    offered = metadata.get(ALGORITHMS_OFFERED) or ["RS256"]
    # No list at all would be taken for "whatever the token says".
    if not (strong := [one for one in offered if one in ALGORITHMS]):
        client.server_metadata.pop("_loaded_at", None)
        raise ValueError(f"it signs only by {offered!r}")
    # Authlib reads what it may accept from here.
    client.server_metadata = metadata | {ALGORITHMS_OFFERED: strong}
    return dict(client.server_metadata)


def _check_sender(provider: Provider, metadata: dict[str, Any]) -> None:
    """Refuse an answer that another service sent here (mix-up, RFC 9207)."""
    said = request.args.get("iss")
    must = metadata.get("authorization_response_iss_parameter_supported") is True
    if (said is not None or must) and said != provider.issuer:
        raise _refused(provider, f"sent by {said!r}")


@contextmanager
def _failures(provider: Provider) -> Iterator[None]:
    """Call whatever goes wrong with the service by its name, with a line in the log."""
    from authlib.common.errors import AuthlibBaseError
    from joserfc.errors import JoseError
    from requests import RequestException

    try:
        yield
    except RequestException as error:
        log.warning("sso %s: does not answer (%s)", provider.slug, type(error).__name__)
        raise ProviderDown(provider) from error
    except AuthlibBaseError as error:
        raise _named(provider, error) from error
    except JoseError as error:
        raise _refused(provider, type(error).__name__) from error
    except (ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        log.warning("sso %s: answers with nonsense: %.200r", provider.slug, error)
        raise ProviderDown(provider) from error


def _named(provider: Provider, error: Any) -> NotProved:
    """Return what an error of the protocol is called here."""
    if error.error == "access_denied":
        return _refused(provider, "cancelled", f"您在{provider.label}取消了登录。")
    return _refused(provider, f"{error.error}"[:80])


def _refused(provider: Provider, why: str, sentence: str = "") -> NotProved:
    """Return the refusal, having noted why: the page says less than the log."""
    log.warning("sso %s: refused (%.80r)", provider.slug, why)
    told = sentence or f"{provider.label}返回的身份信息无法核实，没有登录。请重新开始。"
    return NotProved(told)
