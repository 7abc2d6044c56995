"""What a row of the table is, and short words to write one."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from portal.models import User
from tests.factories import PASSWORD, Scene
from tests.support.pages import Page, PageClient

COORDINATOR = "supported_coordinator"
STRANGER = "foreign_coordinator"
NOBODY = ""


@dataclass
class Attack:
    """One attempt: the province it happens in, and a browser logged in as whoever tries."""

    scene: Scene
    ids: Mapping[str, Any]
    client: PageClient
    # What an attempt of several steps wants its last look to know.
    notes: dict[str, Any] = field(default_factory=dict)

    def address(self, path: str) -> str:
        """Fill in ids: ``/tasks/{task_id}``."""
        return path.format(**self.ids)

    def get(self, path: str, **options: Any) -> Page:
        return self.client.get(self.address(path), **options)

    def post(self, path: str, data: Mapping[str, Any] | None = None, **options: Any) -> Page:
        filled = {
            name.format(**self.ids): _filled(one, self.ids) for name, one in (data or {}).items()
        }
        return self.client.post(self.address(path), filled, **options)

    def log_in(self, user: User) -> None:
        self.client.login(user, PASSWORD)


Send = Callable[[Attack], Page]
Check = Callable[[Attack, Page], None]


@dataclass(frozen=True)
class Row:
    """``says`` stands in the answer (or in where it leads to); unless it ``stores``, no row of
    the database and no file may be other than before. ``check`` looks at the effect."""

    name: str
    send: Send
    status: int
    says: str = ""
    by: str = COORDINATOR
    stores: bool = False
    check: Check | None = None


def _filled(value: Any, ids: Mapping[str, Any]) -> Any:
    """Fill ids into what a form says; files and lists stay as they are."""
    if isinstance(value, str) and value[:1] == "{" and value[1:-1] in ids:
        return ids[value[1:-1]]
    return value


def get(path: str, **options: Any) -> Send:
    return lambda attack: attack.get(path, **options)


def post(path: str, data: Mapping[str, Any] | None = None, **options: Any) -> Send:
    return lambda attack: attack.post(path, data, **options)


def upload(name: str, content: bytes | Callable[[], bytes]) -> Send:
    """Send a file by the plain form of the task page."""

    def send(attack: Attack) -> Page:
        made = content() if callable(content) else content
        return attack.post(
            "/tasks/{task_id}/evidence",
            {"evidence_on": "2021-03-15", "file-other": (BytesIO(made), name)},
        )

    return send


def tus(
    method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b""
) -> Send:
    """Speak the protocol of uploads in pieces."""

    def send(attack: Attack) -> Page:
        given = {
            "Tus-Resumable": "1.0.0",
            "X-CSRFToken": attack.client.csrf_token(),
            **(headers or {}),
        }
        return attack.client._open(attack.address(path), method=method, headers=given, data=body)

    return send


def metadata(**said: str) -> str:
    """Write an Upload-Metadata header."""
    return ",".join(
        f"{name} {base64.b64encode(text.encode()).decode()}" for name, text in said.items()
    )
