"""The log-in services of hospitals (OpenID Connect), as the operator's file names them.

One TOML table for each, named by its slug; see docs/accounts.md.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
RESERVED = frozenset({"password", "invitation"})
"""Names of other ways in, which a session keeps in the same place (UserSession.way)."""

NEEDED = ("label", "organisation", "issuer", "client_id")
KNOWN = {*NEEDED, "client_secret", "client_secret_env", "second_factor", "acr"}


class WrongProvider(ValueError):
    """The file cannot be used; the message says where and why."""


@dataclass(frozen=True)
class Provider:
    """One hospital's log-in service.

    ``organisation`` is the hospital's full name in the portal: only its people come in here.
    ``second_factor`` says that the service itself demands one; with ``acr`` that holds only
    for log-ins that the service marks so.
    """

    slug: str
    label: str
    organisation: str
    issuer: str
    client_id: str
    client_secret: str
    second_factor: bool = False
    acr: str = ""

    @property
    def discovery(self) -> str:
        """The address at which the service describes itself."""
        return self.issuer.rstrip("/") + "/.well-known/openid-configuration"

    def gives_second_factor(self, acr: object) -> bool:
        """Whether a log-in marked ``acr`` by the service counts as one with two factors."""
        return self.second_factor and (not self.acr or acr == self.acr)


def read_providers(path: Path, *, production: bool) -> dict[str, Provider]:
    """Read the operator's file. Raises WrongProvider, also where it is missing."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise WrongProvider(f"PORTAL_OIDC_FILE cannot be read: {error}") from error
    return {slug: _provider(slug, table, production) for slug, table in tables.items()}


def _provider(slug: str, table: Any, production: bool) -> Provider:
    """Read one table. Raises WrongProvider."""
    if not SLUG.fullmatch(slug) or slug in RESERVED:
        raise WrongProvider(f"[{slug}] must be named in small letters, digits and '-'.")
    if not isinstance(table, Mapping):
        raise WrongProvider(f"{slug} must be a table.")
    if unknown := sorted(set(table) - KNOWN):
        raise WrongProvider(f"[{slug}] has unknown settings: {', '.join(unknown)}.")
    texts = {name: table.get(name, "") for name in (*NEEDED, "acr")}
    if wrong := [name for name, text in texts.items() if not isinstance(text, str)]:
        raise WrongProvider(f"[{slug}] {wrong[0]} must be a text.")
    if missing := [name for name in NEEDED if not texts[name].strip()]:
        raise WrongProvider(f"[{slug}] lacks {', '.join(missing)}.")
    trusted = table.get("second_factor", False)
    if not isinstance(trusted, bool):
        raise WrongProvider(f"[{slug}] second_factor must be true or false.")
    _check_issuer(slug, texts["issuer"], production)
    secret = _secret(slug, table)
    return Provider(slug=slug, client_secret=secret, second_factor=trusted, **texts)


def _check_issuer(slug: str, issuer: str, production: bool) -> None:
    """Refuse an address that is none, or that anybody on the way could answer for."""
    parts = urlsplit(issuer)
    if parts.scheme not in ("https", "http") or not parts.netloc or parts.query or parts.fragment:
        raise WrongProvider(f"[{slug}] issuer must be an address such as https://sso.example.org.")
    if production and parts.scheme != "https":
        raise WrongProvider(f"[{slug}] issuer must begin with https:// in production.")


def _secret(slug: str, table: Mapping[str, Any]) -> str:
    """Return the client's secret, from the file or from the variable that the file names."""
    name = table.get("client_secret_env", "")
    secret = os.environ.get(name, "") if name else table.get("client_secret", "")
    if not isinstance(secret, str) or not secret:
        where = f"the variable {name}" if name else "client_secret or client_secret_env"
        raise WrongProvider(f"[{slug}] needs a client secret: {where} is empty.")
    return secret
