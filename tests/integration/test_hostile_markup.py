"""Markup in every text that people write, on every page that they can open."""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import Context
from typing import Any

import sqlalchemy as sa
from bs4 import BeautifulSoup
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from portal.extensions import db
from portal.models import Base
from tests.factories.provinces import Ids
from tests.integration.hostile.table import Attack
from tests.integration.test_visibility import undone
from tests.support.pages import form_values

# Short enough for a name of 40 characters with a number behind it.
MARKUP = "'\"><img src=x onerror=a()>"
WRITTEN = frozenset(
    {"title", "name", "short_name", "job_title", "position", "body", "description", "criteria"}
    | {"statement", "reason", "note", "proves", "comment", "place", "chair", "recorder", "agent"}
    | {"minutes", "goal", "basis", "document", "discussion", "guidance", "source", "evidence"}
    | {"review_reason", "withdrawn_reason", "return_reason", "appeal_reason", "appeal_reply"}
    | {"self_note", "na_reason", "confirm_comment", "decide_comment", "reopen_reason", "warned_of"}
)
"""Columns of what people write."""

ONLY_ADDED = frozenset({"events", "audit_entries", "settings"})
READERS = ("supported_coordinator", "centre", "security_administrator", "administrator", "auditor")
WRITERS = ("supported_coordinator", "supporting_leader", "centre", "security_administrator")
LEFT_OUT = frozenset({"static", "auth.log_in", "auth.second_step", "packs.download_base"})


def is_free_text(column: sa.Column[object]) -> bool:
    """Whether people may write anything into the column."""
    return isinstance(column.type, sa.String) and not isinstance(column.type, sa.Enum)


def written_over() -> int:
    """Put markup where something was written; the history then tells of it as well."""
    changed = 0
    for mapper in Base.registry.mappers:
        table = mapper.local_table
        if not isinstance(table, sa.Table) or table.name in ONLY_ADDED or "id" not in table.c:
            continue
        for column in table.c:
            if column.name in WRITTEN and is_free_text(column):
                marked = sa.literal(MARKUP).concat(sa.cast(table.c.id, sa.String(10)))
                done = db.session.execute(
                    sa.update(table).where(column != "").values({column.name: marked})
                )
                changed += done.rowcount  # type: ignore[attr-defined]
    db.session.commit()
    db.session.expire_all()
    return changed


def pages_of(attack: Attack) -> Iterator[tuple[str, str]]:
    """Address and HTML of every page that whoever is logged in may open.

    Not through the client's own methods: they parse every page for its faults, which the tests
    of the pages do, and which would take most of the time here.
    """
    known: Ids = attack.notes["known"]
    rules: list[Rule] = list(attack.client.app.url_map.iter_rules())
    for rule in sorted(rules, key=lambda rule: rule.rule):
        if "GET" not in (rule.methods or ()) or rule.endpoint in LEFT_OUT:
            continue
        values = {name: known.of(rule.endpoint, name) for name in rule.arguments}
        with attack.client.app.test_request_context():
            address = attack.client.app.url_for(rule.endpoint, **values)
        answer = ask(attack, address)
        if answer.status_code == 200 and answer.mimetype == "text/html":
            yield address, answer.get_data(as_text=True)


def ask(attack: Attack, address: str) -> TestResponse:
    db.session.commit()
    return Context().run(lambda: attack.client.http.get(address, buffered=True))


def test_what_people_wrote_is_shown_as_text_on_every_page(attack: Attack) -> None:
    assert written_over() > 150
    shown = 0
    for reader in READERS:
        attack.client.logout()
        attack.log_in(getattr(attack.scene, reader))
        for address, html in pages_of(attack):
            assert "<img src=x" not in html, address
            shown += "&lt;img src=x" in html
    assert shown > 60


def filled(form: Any) -> dict[str, Any]:
    """The form as a browser would send it, with markup in everything that can be typed."""
    data = form_values(form)
    for field in form.select("input[name], textarea[name]"):
        if field.name == "textarea" or field.get("type", "text") in {"text", "search", "password"}:
            data[str(field["name"])] = MARKUP
    return data


def test_what_is_typed_into_any_form_comes_back_as_text(attack: Attack) -> None:
    sent: set[str] = set()
    for writer in WRITERS:
        attack.client.logout()
        attack.log_in(getattr(attack.scene, writer))
        for address, html in list(pages_of(attack)):
            for form in BeautifulSoup(html, "html.parser").select("main form[method=post]"):
                target, fields = str(form.get("action") or address), filled(form)
                if target in sent or MARKUP not in fields.values():
                    continue
                sent.add(target)
                with undone():
                    answer = attack.client.post(target, fields, follow=True)
                assert answer.status < 500, target
                assert "<img src=x" not in answer.html, target
    assert len(sent) > 25
