"""Addresses that lead away, secrets that are not theirs, and forms sent again or by others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from itsdangerous import URLSafeTimedSerializer

from portal.extensions import db
from portal.models import ProgressNote, User
from tests.factories import PASSWORD
from tests.integration.hostile.headers import EVIL, names_no_other_site
from tests.integration.hostile.table import COORDINATOR, NOBODY, STRANGER, Attack, Row, get, post
from tests.support.pages import Page

EXPIRED = "刷新后再提交"
NOTE = {"progress": "35", "body": "写了进展"}
NEW_PASSWORD = "Kaiyuan-2021-hk"


def log_in(next_: str = "", **more: str) -> Callable[[Attack], Page]:
    """Log in with the right password."""

    def send(attack: Attack) -> Page:
        user = getattr(attack.scene, COORDINATOR)
        data = {"username": user.username, "password": PASSWORD, "next": next_, **more}
        return attack.client.post("/login", data)

    return send


def leads_home(attack: Attack, page: Page) -> None:
    names_no_other_site(attack, page)
    assert page.location == "/"


def led_away(next_: str) -> Row:
    return Row(
        f"redirect: next={next_!r}", log_in(next_), 303, by=NOBODY, stores=True, check=leads_home
    )


def with_cookie(change: Callable[[str, Attack], str], path: str = "/tasks") -> Any:
    """Ask with a session cookie that was changed."""

    def send(attack: Attack) -> Page:
        cookie = attack.client.http.get_cookie("session")
        assert cookie is not None
        attack.client.http.set_cookie("session", change(cookie.value, attack))
        return attack.get(path)

    return send


def flipped(cookie: str, _attack: Attack) -> str:
    head, _, signature = cookie.rpartition(".")
    return f"{head}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"


def forged(_cookie: str, attack: Attack) -> str:
    """Signed as the portal signs, but with a key that is a guess."""
    other = type(attack.client.app)(__name__)
    other.secret_key = "a guess"
    serializer = other.session_interface.get_signing_serializer(other)  # type: ignore[attr-defined]
    user = attack.scene.centre
    return str(serializer.dumps({"_user_id": user.get_id(), "_fresh": True}))


def logged_out(cookie: str, attack: Attack) -> str:
    """The cookie of a log-in that was ended."""
    attack.client.post("/logout")
    return cookie


def somebody_else(_cookie: str, attack: Attack) -> str:
    """One's own log-in under another person's name, rightly signed: the row knows whose it is."""
    with attack.client.http.session_transaction() as session:
        session["_user_id"] = attack.scene.centre.get_id()
    changed = attack.client.http.get_cookie("session")
    assert changed is not None
    return changed.value


def cookie(name: str, change: Callable[[str, Attack], str], *, stores: bool = False) -> Row:
    return Row(f"cookie: {name}", with_cookie(change), 302, "/login", stores=stores)


def note(token: Callable[[Attack], str], **options: Any) -> Callable[[Attack], Page]:
    """Write a note with a token against forged requests of one's own making."""
    return lambda attack: attack.post(
        "/tasks/{task_id}/notes", {**NOTE, "csrf_token": token(attack)}, **options
    )


def foreign_token(attack: Attack) -> str:
    """A token that the portal gave to another browser."""
    key = attack.client.app.secret_key
    return str(URLSafeTimedSerializer(key, salt="wtf-csrf-token").dumps("f" * 40))


def token_of_another_key(attack: Attack) -> str:
    with attack.client.http.session_transaction() as session:
        secret = session.setdefault("csrf_token", "a" * 40)
    return str(URLSafeTimedSerializer("a guess", salt="wtf-csrf-token").dumps(secret))


def replayed(attack: Attack) -> Page:
    data = {**NOTE, "_once": "a key that is sent twice"}
    attack.post("/tasks/{task_id}/notes", data)
    return attack.post("/tasks/{task_id}/notes", data)


def made_one_note(_attack: Attack, _page: Page) -> None:
    wanted = sa.select(sa.func.count(ProgressNote.id)).where(ProgressNote.body == NOTE["body"])
    assert db.session.scalar(wanted) == 1


def replayed_by_another(attack: Attack) -> Page:
    """Somebody else sends a key that was used: they must not learn where it led."""
    attack.post("/tasks/{task_id}/notes", {**NOTE, "_once": "a stolen key"})
    attack.client.logout()
    attack.log_in(attack.scene.foreign_coordinator)
    return attack.post("/tasks/{task_id}/notes", {**NOTE, "_once": "a stolen key"})


def leads_to_no_task(_attack: Attack, page: Page) -> None:
    assert page.location == "/"


def guessing(attack: Attack) -> Page:
    """Guess the password often; then even the right one does not help for a while."""
    user = getattr(attack.scene, COORDINATOR)
    for number in range(6):
        attack.client.post("/login", {"username": user.username, "password": f"guess-{number}"})
    return log_in()(attack)


def tells_nothing_of_accounts(attack: Attack, page: Page) -> None:
    """A name that nobody has is answered like a wrong password."""
    user = getattr(attack.scene, COORDINATOR)
    wrong = attack.client.post("/login", {"username": user.username, "password": "guess"})
    assert wrong.texts(".error-summary") == page.texts(".error-summary")
    assert wrong.status == page.status


def half_in(attack: Attack) -> Page:
    """Ask for the second step without the first."""
    return attack.client.post("/login/code", {"code": "000000"})


def invited_twice(attack: Attack) -> Page:
    """Use an invitation, then let somebody else try it."""
    data = {"new": NEW_PASSWORD, "again": NEW_PASSWORD}
    first = attack.post("/invitation/{secret}", data)
    assert first.status == 303
    attack.client.logout()
    return attack.post(
        "/invitation/{secret}", {"new": "Other-2021-words", "again": "Other-2021-words"}
    )


def password_is_the_first(attack: Attack, _page: Page) -> None:
    user = db.session.get(User, attack.ids["invited"])
    assert user is not None
    assert (
        attack.client.post("/login", {"username": user.username, "password": NEW_PASSWORD}).location
        == "/"
    )


ROWS = [
    *map(
        led_away,
        (
            f"//{EVIL}",
            f"///{EVIL}",
            f"https://{EVIL}/",
            f"/\\{EVIL}",
            f"\\\\{EVIL}",
            f"/\t/{EVIL}",
            f"/\r\nSet-Cookie: x=1//{EVIL}",
            f"%2F%2F{EVIL}",
            f"http:/{EVIL}",
            "javascript:alert(1)",
            "data:text/html,<script>",
        ),
    ),
    Row(
        "redirect: next for somebody who is logged in",
        get(f"/login?next=//{EVIL}"),
        302,
        check=leads_home,
    ),
    Row(
        "redirect: back to a foreign Referer after a replayed form",
        lambda attack: (
            replayed(attack),
            attack.post(
                "/tasks/{task_id}/notes",
                {**NOTE, "_once": "a key that is sent twice"},
                headers={"Referer": f"https://{EVIL}/"},
            ),
        )[1],
        303,
        stores=True,
        check=names_no_other_site,
    ),
    cookie("one letter of its signature changed", flipped),
    cookie("signed with a guess", forged),
    cookie("nonsense", lambda _cookie, _attack: "e30.e30.e30"),
    Row(
        "cookie: 60 kB of letters",
        get("/tasks", headers={"Cookie": "session=" + "x" * 60_000}),
        302,
        "/login",
        by=NOBODY,
    ),
    cookie("of a log-in that was ended", logged_out, stores=True),
    cookie("of one person under another's name", somebody_else),
    Row("token: none", note(lambda attack: ""), 400, EXPIRED),
    Row("token: of another browser", note(foreign_token), 400, EXPIRED),
    Row("token: signed with a guess", note(token_of_another_key), 400, EXPIRED),
    Row(
        "token: in the address",
        lambda attack: attack.post(
            "/tasks/{task_id}/notes",
            {**NOTE, "csrf_token": ""},
            query_string={"csrf_token": attack.client.csrf_token()},
        ),
        400,
        EXPIRED,
    ),
    Row(
        "token: right, but sent from another site over https",
        lambda attack: attack.post(
            "/tasks/{task_id}/notes",
            NOTE,
            base_url="https://localhost",
            headers={"Referer": f"https://{EVIL}/", "Origin": f"https://{EVIL}"},
        ),
        400,
        EXPIRED,
    ),
    Row("form: sent twice", replayed, 303, "/tasks/", stores=True, check=made_one_note),
    Row(
        "form: sent again by another", replayed_by_another, 303, stores=True, check=leads_to_no_task
    ),
    Row("log-in: guessed again and again", guessing, 422, "锁定", by=NOBODY, stores=True),
    Row(
        "log-in: as somebody who does not exist",
        post("/login", {"username": "nobody-here", "password": "guess"}),
        422,
        by=NOBODY,
        stores=True,
        check=tells_nothing_of_accounts,
    ),
    Row(
        "log-in: NUL in the name",
        post("/login", {"username": "a\0b", "password": "x\0"}),
        422,
        by=NOBODY,
    ),
    Row(
        "log-in: password of 100,000 letters",
        post("/login", {"username": "x", "password": "x" * 100_000}),
        422,
        by=NOBODY,
    ),
    Row("log-in: second step without the first", half_in, 303, "/login", by=NOBODY),
    Row("log-in: an unknown single sign-on", get("/sso/nowhere"), 404, by=NOBODY),
    Row(
        "log-in: an answer nobody asked for",
        get("/sso/nowhere/back?code=x&state=y"),
        404,
        by=NOBODY,
    ),
    Row("link: upload code that is altered", get("/u/{phone}x"), 404, "已失效或不正确", by=NOBODY),
    Row(
        "link: upload code that has run out",
        get("/u/{old_phone}"),
        404,
        "已失效或不正确",
        by=NOBODY,
    ),
    Row(
        "link: upload code that was revoked",
        get("/u/{revoked_phone}"),
        404,
        "已失效或不正确",
        by=NOBODY,
    ),
    Row("link: upload code as a path", get("/u/..%2f..%2fadmin"), 404, by=NOBODY),
    Row(
        "link: another person's upload by a code", get("/u/{phone}/uploads/{token}"), 404, by=NOBODY
    ),
    Row("link: the task behind a code", get("/tasks/{task_id}"), 302, "/login", by=NOBODY),
    Row(
        "link: a form of the code's page without its token",
        post("/u/{phone}", {"csrf_token": ""}),
        400,
        EXPIRED,
        by=NOBODY,
    ),
    Row("link: invitation that is altered", get("/invitation/{secret}x"), 404, by=NOBODY),
    Row("link: invitation that has run out", get("/invitation/{old_invitation}"), 410, by=NOBODY),
    Row(
        "link: invitation used twice",
        invited_twice,
        410,
        by=NOBODY,
        stores=True,
        check=password_is_the_first,
    ),
    Row("link: parked form of another", get("/account/parked/{parked}"), 404, by=STRANGER),
]
