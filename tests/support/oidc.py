"""A hospital's log-in service over real sockets, that can be told to misbehave.

provider = request.getfixturevalue("oidc_provider")
provider.subject = "0012"             who is logged in there
provider.claims = {"aud": "other"}    what its tokens say otherwise
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

CLIENT_ID = "bangfu-portal"
CLIENT_SECRET = "a secret that only tests use"


@dataclass
class Grant:
    """What the service remembers of a code it gave out."""

    redirect_uri: str
    nonce: str
    challenge: str
    subject: str


@dataclass
class FakeProvider:
    """The service. ``asks`` shows a page with a button first, as people see it."""

    issuer: str = ""
    subject: str = "0012"
    asks: bool = False
    claims: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    signs_with: str = "own"
    fails_with: int = 0
    grants: dict[str, Grant] = field(default_factory=dict)
    token_requests: list[dict[str, str]] = field(default_factory=list)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))

    def reset(self) -> None:
        """Behave again."""
        fresh = FakeProvider(issuer=self.issuer, key=self.key)
        self.__dict__.update(fresh.__dict__)

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        answer = {
            "/.well-known/openid-configuration": self.describe,
            "/jwks": self.show_keys,
            "/authorize": self.authorize,
            "/token": self.give_token,
        }.get(request.path)
        response = answer(request) if answer else Response("not here", 404)
        return response(environ, start_response)

    def describe(self, _request: Request) -> Response:
        if self.fails_with:
            return Response("busy", self.fails_with)
        return as_json(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks",
                "response_types_supported": ["code"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "code_challenge_methods_supported": ["S256"],
                **self.metadata,
            }
        )

    def show_keys(self, _request: Request) -> Response:
        return as_json(KeySet([self.key]).as_dict(private=False))

    def authorize(self, request: Request) -> Response:
        """Log in whoever comes; they are ``subject`` here."""
        asked = request.args
        if asked.get("client_id") != CLIENT_ID or asked.get("code_challenge_method") != "S256":
            return Response("unknown client, or no PKCE", 400)
        if self.asks and "yes" not in asked:
            again = "".join(
                f'<input type="hidden" name="{name}" value="{value}">'
                for name, value in asked.items()
            )
            page = (
                "<!doctype html><html lang='zh'><title>统一身份认证</title><h1>统一身份认证</h1>"
                f"<form action='/authorize'>{again}<button name='yes'>确认登录</button></form>"
            )
            return Response(page, mimetype="text/html")
        code = secrets.token_urlsafe(16)
        self.grants[code] = Grant(
            asked["redirect_uri"], asked.get("nonce", ""), asked["code_challenge"], self.subject
        )
        back = urlencode({"code": code, "state": asked["state"], "iss": self.issuer})
        return Response(status=302, headers={"Location": f"{asked['redirect_uri']}?{back}"})

    def give_token(self, request: Request) -> Response:
        self.token_requests.append(dict(request.form))
        grant = self.grants.pop(request.form.get("code", ""), None)
        given = request.authorization
        known = given is not None and (given.username, given.password) == (
            CLIENT_ID,
            CLIENT_SECRET,
        )
        verifier = request.form.get("code_verifier", "")
        digest = hashlib.sha256(verifier.encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if grant is None or challenge != grant.challenge:
            return as_json({"error": "invalid_grant"}, 400)
        if not known or request.form.get("redirect_uri") != grant.redirect_uri:
            return as_json({"error": "invalid_client"}, 401)
        return as_json(
            {"access_token": "opaque", "token_type": "Bearer", "id_token": self.id_token(grant)}
        )

    def id_token(self, grant: Grant) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": grant.subject,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": grant.nonce,
            **self.claims,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        if self.signs_with == "none":
            return unsigned(claims)
        if self.signs_with == "shared":
            key: Any = OctKey.import_key(CLIENT_SECRET)
            return jwt.encode({"alg": "HS256", "kid": "one"}, claims, key)
        own = self.signs_with == "own"
        key = self.key if own else RSAKey.generate_key(2048, {"kid": "one"})
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, key)


def unsigned(claims: dict[str, Any]) -> str:
    """A token that says of itself that it needs no signature."""

    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none'})}.{part(claims)}."


def as_json(value: Any, status: int = 200) -> Response:
    return Response(json.dumps(value), status, mimetype="application/json")


@pytest.fixture(scope="session")
def running_oidc_provider() -> Iterator[FakeProvider]:
    """The service, listening for the whole session."""
    provider = FakeProvider()
    server = make_server("127.0.0.1", 0, provider, threaded=True)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield provider
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def oidc_provider(running_oidc_provider: FakeProvider) -> FakeProvider:
    """The service, behaving well."""
    running_oidc_provider.reset()
    return running_oidc_provider
