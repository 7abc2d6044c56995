"""Links by which new accounts get their first password."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from portal import clock, passwords, tokens
from portal.errors import Forbidden, Gone, NotVisible, Rejected
from portal.extensions import db
from portal.models import Event, Invitation, Role, User
from portal.policies.accounts import ORGANISATION_OF_ROLE
from portal.queries.invitations import open_invitation
from portal.services import invitations, users
from portal.services.account_batches import issue_by_links, issue_by_passwords, read_batch
from portal.services.users import UserEntry
from tests.factories import PASSWORD, make_organisation, make_user
from tests.factories.access import make_invitation, make_invited_user
from tests.factories.accounts import make_centre_reviewer
from tests.support.pages import Page, PageClient

CHOSEN = "Xuanding-2020-mima"


def make_keeper() -> User:
    return make_user(Role.SECURITY_ADMINISTRATOR)


def titles(user: User) -> list[str]:
    rows = db.session.query(Event).filter_by(object_type="user", object_id=user.id)
    return [event.title for event in rows.order_by(Event.id)]


def filled(**changed: str) -> dict[str, str]:
    hospital = make_organisation(name="琼海试验医院")
    return {
        "username": "lin.yichuan",
        "name": "林一川",
        "position": "科教科科长",
        "role": "base_coordinator",
        "organisation": str(hospital.id),
        "way": "link",
    } | changed


def link_on(page: Page) -> str:
    return "/" + page.texts(".slip-link")[0].split("/", 3)[3]


# Issuing with a link.


def test_keeper_issues_an_account_and_sees_its_link_once(
    client: PageClient, new_client: Callable[[], PageClient]
) -> None:
    client.login(make_keeper(), PASSWORD)
    form, values = client.get("/admin/users/new"), filled()
    page = client.submit(form, "main form", **values)
    assert page.status == 200
    assert "林一川" in page.text
    assert page.one(".slip-code")["src"].startswith("data:image/svg+xml")
    assert "no-store" in page.headers["Cache-Control"]
    link = link_on(page)
    secret = link.removeprefix("/invitation/")
    user = db.session.query(User).filter_by(username="lin.yichuan").one()
    assert secret not in client.get(f"/admin/users/{user.id}").html
    again = client.submit(form, "main form", **values)
    assert again.location == f"/admin/users/{user.id}"
    assert db.session.query(Invitation).count() == 1
    kept = db.session.query(Invitation).one()
    assert kept.token_hash == tokens.fingerprint(secret)
    assert kept.expires_at - kept.created_at == timedelta(days=7)

    owner = new_client()
    opened = owner.get(link)
    for word in ("林一川", "琼海试验医院", "基地管理员", "lin.yichuan"):
        assert word in opened.text
    done = owner.submit(opened, "main form", new=CHOSEN, again=CHOSEN)
    assert done.location == "/"
    assert "欢迎" in owner.get("/").text
    assert titles(user)[:3] == ["发放账号", "生成邀请链接", "通过邀请链接设置密码"]
    new_client().login(user, CHOSEN)


def test_initial_password_stays_for_places_without_a_link(client: PageClient) -> None:
    client.login(make_keeper(), PASSWORD)
    page = client.submit(client.get("/admin/users/new"), "main form", **filled(way="password"))
    assert len(page.texts("#initial-password")) == 1
    assert db.session.query(Invitation).count() == 0


def test_account_with_a_link_has_no_password_that_anybody_knows(session: Any) -> None:
    entry = UserEntry("林一川", "", Role.EXPERT, None)
    user = users.issue_by_link("lin.yichuan", entry, actor=make_keeper()).user
    assert not passwords.verify_password(user.password_hash, "")
    assert user.password_hash.startswith("$argon2id$"), "a refusal must cost as much as elsewhere"
    assert user.must_change_password


# Who may send one.


@pytest.mark.parametrize("role", list(Role))
def test_only_the_keeper_of_an_account_sends_its_link(session: Any, role: Role) -> None:
    user = make_invited_user(Role.CONTRIBUTOR)
    kind = ORGANISATION_OF_ROLE.get(role)
    actor = make_user(role, make_organisation(kind) if kind else None)
    if role in (Role.SECURITY_ADMINISTRATOR, Role.CENTRE_REVIEWER):
        assert invitations.invite(user, actor=actor).invitation.created_by is actor
        return
    with pytest.raises(Forbidden):
        invitations.invite(user, actor=actor)
    assert session.query(Invitation).count() == 0


def test_nobody_sends_a_link_for_an_account_that_has_a_password(session: Any) -> None:
    with pytest.raises(Forbidden, match="已经设置过密码"):
        invitations.invite(make_user(Role.EXPERT), actor=make_keeper())


def test_nobody_sends_a_link_for_a_disabled_account(session: Any) -> None:
    user = make_invited_user()
    user.is_active = False
    with pytest.raises(Forbidden, match="已停用"):
        invitations.invite(user, actor=make_keeper())


def test_new_link_ends_the_older_one(client: PageClient) -> None:
    user = make_invited_user()
    old = make_invitation(user)
    client.login(make_keeper(), PASSWORD)
    page = client.get(f"/admin/users/{user.id}")
    assert "本人尚未使用" in page.one("#invitation").get_text()
    fresh = client.submit(page, "#invitation form[action$=invitation]")
    assert open_invitation(link_on(fresh).removeprefix("/invitation/")).user.id == user.id
    with pytest.raises(Gone, match="作废"):
        open_invitation(old)


def test_withdrawn_link_does_not_open(client: PageClient) -> None:
    user = make_invited_user()
    secret = make_invitation(user)
    client.login(make_centre_reviewer(), PASSWORD)
    page = client.get(f"/admin/users/{user.id}")
    assert client.submit(page, "#invitation form[action$=withdraw]").status == 303
    assert "作废" in client.get(f"/admin/users/{user.id}").one("#invitation").get_text()
    assert client.get(f"/invitation/{secret}").status == 410
    assert titles(user) == ["作废邀请链接"]
    again = client.post(f"/admin/users/{user.id}/invitation/withdraw")
    assert again.status == 303
    assert titles(user) == ["作废邀请链接"]


# What ends a link.


def used(user: User, secret: str) -> None:
    invitations.accept(secret, password=CHOSEN)


def revoked(user: User, secret: str) -> None:
    invitations.withdraw(user, actor=make_keeper())


def disabled(user: User, secret: str) -> None:
    users.disable_account(user, reason="调离", actor=make_keeper())


def disabled_and_enabled(user: User, secret: str) -> None:
    disabled(user, secret)
    users.enable_account(user, actor=make_keeper())


def reset(user: User, secret: str) -> None:
    users.reset_password(user, actor=make_keeper())


def password_set_otherwise(user: User, secret: str) -> None:
    user.must_change_password = False
    db.session.flush()


@pytest.mark.parametrize(
    ("happen", "says"),
    [
        (used, "使用过"),
        (revoked, "作废"),
        (disabled, "作废"),
        (disabled_and_enabled, "作废"),
        (reset, "作废"),
        (password_set_otherwise, "已由本人设置"),
    ],
)
def test_link_ends_with(client: PageClient, happen: Callable[[User, str], None], says: str) -> None:
    user = make_invited_user()
    secret = make_invitation(user)
    happen(user, secret)
    before = user.password_hash
    page = client.get(f"/invitation/{secret}")
    assert page.status == 410
    assert says in page.text
    assert "去登录" in page.text
    again = client.post(f"/invitation/{secret}", {"new": "Lingyige-2020", "again": "Lingyige-2020"})
    assert again.status == 410
    assert user.password_hash == before
    assert client.get("/").location.startswith("/login")


@pytest.mark.parametrize(("days", "status"), [(0, 200), (6, 200), (7, 410), (400, 410)])
def test_link_is_good_for_seven_days(client: PageClient, days: int, status: int) -> None:
    page = client.get(f"/invitation/{make_invitation(make_invited_user(), days_ago=days)}")
    assert page.status == status
    assert ("已过期" in page.text) == (status == 410)


def forged(secret: str) -> list[str]:
    other = "A" if secret[-1] != "A" else "B"
    return [secret[:-1] + other, secret[:-1], secret + "。", tokens.fingerprint(secret), "x"]


@pytest.mark.parametrize("number", range(5))
def test_forged_link_is_told_kindly_that_there_is_none(client: PageClient, number: int) -> None:
    user = make_invited_user()
    address = forged(make_invitation(user))[number]
    page = client.get(f"/invitation/{address}")
    assert page.status == 404
    assert "没有找到这个邀请链接" in page.text
    assert user.name not in page.text
    assert client.post(f"/invitation/{address}", {"new": CHOSEN, "again": CHOSEN}).status == 404
    with pytest.raises(NotVisible):
        open_invitation(address)


# The password.


@pytest.mark.parametrize(
    ("new", "again", "field"),
    [
        ("", "", "new"),
        ("duan-1A", "duan-1A", "new"),
        ("yonghuming-abcdefg", "yonghuming-abcdefg", "new"),
        (CHOSEN, "Bieyige-2020-mima", "again"),
        (CHOSEN, "", "again"),
    ],
)
def test_unfit_first_password_is_refused_and_the_link_stays_good(
    client: PageClient, new: str, again: str, field: str
) -> None:
    user = make_invited_user()
    secret = make_invitation(user)
    page = client.submit(client.get(f"/invitation/{secret}"), "main form", new=new, again=again)
    assert page.status == 422
    assert page.texts(f"#{field}-error") != []
    assert user.must_change_password
    assert open_invitation(secret).used_at is None


def test_weak_password_is_refused_by_the_service_itself(session: Any) -> None:
    with pytest.raises(Rejected) as refusal:
        invitations.accept(make_invitation(make_invited_user()), password="kort")
    assert list(refusal.value.fields) == ["new"]


def test_link_opened_while_somebody_else_is_logged_in_leads_to_its_own_account(
    client: PageClient,
) -> None:
    user = make_invited_user(Role.EXPERT, name="新来专家")
    secret = make_invitation(user)
    client.login(make_keeper(), PASSWORD)
    client.submit(client.get(f"/invitation/{secret}"), "main form", new=CHOSEN, again=CHOSEN)
    assert "新来专家" in client.get("/").text


def test_secret_stands_in_no_record_and_no_log(
    client: PageClient, caplog: pytest.LogCaptureFixture
) -> None:
    user = make_invited_user()
    secret = make_invitation(user)
    with caplog.at_level(logging.DEBUG):
        page = client.get(f"/invitation/{secret}")
        client.submit(page, "main form", new=CHOSEN, again=CHOSEN)
        client.get(f"/invitation/{secret}")
    assert secret not in caplog.text
    rows = db.session.query(Event).all()
    assert len(rows) >= 1
    assert [r for r in rows if secret in f"{r.title}{r.comment}{r.details}{r.changes}"] == []


def test_page_of_a_link_is_kept_by_no_cache_and_given_to_no_stranger(client: PageClient) -> None:
    page = client.get(f"/invitation/{make_invitation(make_invited_user())}")
    assert "no-store" in page.headers["Cache-Control"]
    assert page.headers["Referrer-Policy"] == "same-origin"


# Many at once.

LIST = "符文静\t科教科科长\t基地管理员\n林一川\t副院长\t基地负责人\n云飞\t\t科室人员\tyun.fei"


def many(client: PageClient, lines: str, do: str, **changed: str) -> Page:
    hospital = make_organisation(name="万宁试验医院")
    client.login(make_keeper(), PASSWORD)
    values = {"organisation": str(hospital.id), "lines": lines, "way": "link", **changed}
    return client.submit(client.get("/admin/users/new-many"), "#many", **values, do=do)


def people() -> int:
    return db.session.query(User).filter(User.role.in_(["base_coordinator", "contributor"])).count()


def test_list_is_shown_before_anything_is_issued(client: PageClient) -> None:
    page = many(client, LIST, "preview")
    assert page.status == 200
    assert page.texts("#preview td[data-label=姓名]") == ["符文静", "林一川", "云飞"]
    assert page.texts("#preview td[data-label=用户名]")[2] == "yun.fei"
    assert people() == 0
    issued = client.submit(page, "#many", do="issue")
    assert issued.status == 200
    assert len(issued.select(".slip")) == 3
    assert len(set(issued.texts(".slip-link"))) == 3
    assert people() == 2
    assert db.session.query(Invitation).count() == 3


def test_list_can_be_issued_with_initial_passwords(client: PageClient) -> None:
    page = many(client, LIST, "issue", way="password")
    assert len(set(page.texts(".slip-password"))) == 3
    assert db.session.query(Invitation).count() == 0


def test_list_sent_twice_makes_one_set_of_accounts(client: PageClient) -> None:
    page = many(client, LIST, "preview")
    assert client.submit(page, "#many", do="issue").status == 200
    again = client.submit(page, "#many", do="issue")
    assert again.location.startswith("/admin/users?organisation=")
    assert people() == 2


def test_second_list_for_a_hospital_goes_on_counting(session: Any) -> None:
    keeper, hospital = make_keeper(), make_organisation()
    for name, number in (("符文静", "01"), ("林一川", "02")):
        batch = read_batch(f"{name}，主任，科室人员", hospital)
        sent = issue_by_links(batch, actor=keeper)
        assert sent[0].user.username == f"yy{hospital.id:02d}-{number}"


def test_user_name_taken_meanwhile_is_refused_with_line_and_name(session: Any) -> None:
    keeper, hospital = make_keeper(), make_organisation()
    batch = read_batch("符文静，主任，科室人员\n林一川，主任，科室人员，lin.yc", hospital)
    make_user(Role.EXPERT, username="lin.yc")
    with pytest.raises(Rejected) as refusal:
        issue_by_passwords(batch, actor=keeper)
    assert refusal.value.fields["lines"].startswith("第 2 行（林一川）：这个用户名已被使用")


def test_heading_without_people_is_an_empty_list(session: Any) -> None:
    with pytest.raises(Rejected) as refusal:
        read_batch("姓名，职务，角色", make_organisation())
    assert "请粘贴名单" in refusal.value.fields["lines"]


@pytest.mark.parametrize("do", ["preview", "issue"])
def test_faulty_line_is_named_and_nobody_is_issued(client: PageClient, do: str) -> None:
    page = many(client, LIST + "\n吴敏，主任，院长", do)
    assert page.status == (200 if do == "preview" else 422)
    row = page.select("#preview tbody tr")[3]
    assert "不认识角色“院长”" in row.get_text()
    assert "吴敏" in page.one("#lines").get_text()
    if do == "issue":
        assert "第 4 行（吴敏）：不认识角色“院长”" in page.texts("#lines-error")[0]
    assert page.select("button[value=issue]") == []
    assert people() == 0


@pytest.mark.parametrize(
    ("lines", "says"),
    [("", "请粘贴名单"), (" \n ", "请粘贴名单"), ("符，主任，科室人员\n" * 61, "一次最多 60 人")],
)
def test_list_without_end_or_beginning_is_refused(
    client: PageClient, lines: str, says: str
) -> None:
    page = many(client, lines, "preview")
    assert page.status == 422
    assert says in page.texts("#lines-error")[0]


def test_centre_issues_a_list_and_other_roles_find_no_such_page(
    new_client: Callable[[], PageClient],
) -> None:
    centre, leader = new_client(), new_client()
    centre.login(make_centre_reviewer(), PASSWORD)
    leader.login(make_user(Role.BASE_LEADER, make_organisation()), PASSWORD)
    assert centre.get("/admin/users/new-many").status == 200
    assert leader.get("/admin/users/new-many").status == 404


def test_disabled_person_keeps_the_reason_and_the_day(session: Any) -> None:
    user = make_user(Role.EXPERT)
    users.disable_account(user, reason=" 退休 ", actor=make_keeper())
    assert user.disabled_reason == "退休"
    assert user.disabled_at is not None
    assert user.disabled_at <= clock.now()
    users.enable_account(user, actor=make_keeper())
    assert (user.disabled_at, user.disabled_reason) == (None, "")


def test_link_says_whose_log_in_will_end(client: PageClient) -> None:
    secret = make_invitation(make_invited_user())
    somebody = make_user(Role.EXPERT, name="在用某")
    client.login(somebody, PASSWORD)
    assert "现在登录的是在用某" in client.get(f"/invitation/{secret}").text


def test_password_that_is_too_long_is_refused_and_not_cut(client: PageClient) -> None:
    page = client.get(f"/invitation/{make_invitation(make_invited_user())}")
    assert [one.get("maxlength") for one in page.select("input[type=password]")] == [None, None]
    long = "Chang-9-" * 30
    refused = client.submit(page, "main form", new=long, again=long)
    assert refused.status == 422
    assert "最多 200 个字" in refused.text
