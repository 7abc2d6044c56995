"""Who signs when: the order of the sides, and deputies in a leader's place."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy.orm import Session

from portal import clock
from portal.errors import Forbidden, Rejected, StepRefused
from portal.extensions import db
from portal.models import Agreement, Role, Side, SigningDelegation, User
from portal.policies.agreements import waits_for
from portal.queries.open_work import open_work_of
from portal.queries.papers.agreement import agreement_paper
from portal.queries.workbench import bench_of
from portal.services import agreements, delegations
from tests.factories import PASSWORD, Scene, make_scene
from tests.factories.agreement_papers import delegation
from tests.factories.agreements import draft_agreement, signing_agreement
from tests.factories.people import make_user
from tests.factories.scenes import ONE_OF_EACH
from tests.support.pages import PageClient
from tests.support.queries import count_queries


def opened(scene: Scene, first: Side | None, *, by: User | None = None) -> Agreement:
    """A draft that is put up for signing, in an order or freely."""
    agreement = draft_agreement(scene)
    actor = by or scene.supporting_coordinator
    return agreements.open_signing(agreement, actor=actor, first=first)


@pytest.mark.parametrize("first", Side)
def test_who_signs_out_of_order_is_told_to_wait(session: Session, first: Side) -> None:
    scene = make_scene()
    agreement = opened(scene, first)
    leaders = {
        Side.SUPPORTING: scene.supporting_leader,
        Side.SUPPORTED: scene.supported_leader,
    }
    with pytest.raises(StepRefused, match=f"{first.label}先签"):
        agreements.sign_agreement(agreement, actor=leaders[first.other])
    assert agreement.current.signatures == []
    waiting = waits_for(agreement)
    assert waiting is not None
    assert waiting.who == f"{scene.pairing.organisation_on(first).short_name}负责人"
    others = bench_of(scene.supporting_coordinator).with_others
    assert waiting.who + "签署" in [o.waits_for for o in others]
    assert not [o for o in bench_of(leaders[first.other]).to_do if o.kind == "协议待签署"]
    assert [o for o in bench_of(leaders[first]).to_do if o.kind == "协议待签署"]
    agreements.sign_agreement(agreement, actor=leaders[first])
    assert [o for o in bench_of(leaders[first.other]).to_do if o.kind == "协议待签署"]
    agreements.sign_agreement(agreement, actor=leaders[first.other])
    assert [mark.side for mark in agreement.current.signatures] == [first, first.other]


@pytest.mark.parametrize("side", Side)
def test_without_an_order_either_side_signs_first(session: Session, side: Side) -> None:
    scene = make_scene()
    agreement = opened(scene, None)
    leader = scene.supporting_leader if side is Side.SUPPORTING else scene.supported_leader
    assert agreements.sign_agreement(agreement, actor=leader).side is side


def test_the_order_is_chosen_on_the_page_and_said_there(
    client: PageClient, new_client: Callable[[], PageClient]
) -> None:
    scene = make_scene()
    agreement = draft_agreement(scene)
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(f"/agreements/{agreement.id}")
    assert "签约双方" in page.one("#next").get_text()
    assert page.select('#next a[href$="/clauses/parties"]')
    client.submit(page, 'form[action$="/open-signing"]', first="supported")
    late = new_client()
    late.login(scene.supporting_leader, PASSWORD)
    shown = late.get(f"/agreements/{agreement.id}")
    assert "受援方先签" in shown.one("#signing").get_text()
    assert not shown.select('form[action$="/sign"]')
    refused = late.post(f"/agreements/{agreement.id}/sign")
    assert refused.status == 409
    assert "受援方先签" in refused.text


def test_a_deputy_signs_in_the_leaders_place_and_both_are_named(client: PageClient) -> None:
    scene = make_scene()
    agreement = signing_agreement(scene)
    leave = delegation(scene)
    deputy, leader = scene.supported_coordinator, scene.supported_leader
    assert [o.title for o in bench_of(deputy).to_do if o.kind == "协议待签署"] == [
        f"代{leader.name}签署帮扶协议"
    ]
    client.login(deputy, PASSWORD)
    page = client.get(f"/agreements/{agreement.id}")
    assert "授权只用于签署帮扶协议" in page.one("#signing").get_text()
    assert client.submit(page, 'form[action$="/sign"]').status == 303
    db.session.refresh(agreement)
    mark = agreement.current.signature_of(Side.SUPPORTED)
    assert mark is not None
    assert (mark.user_id, mark.on_behalf_of, mark.delegation_id) == (
        deputy.id,
        leader.name,
        leave.id,
    )
    both = f"{deputy.name}（代{leader.name}）"
    assert both in client.get(f"/agreements/{agreement.id}").text
    assert [one.name for one in agreement_paper(agreement).signatures] == ["", both]


def test_without_a_leave_a_coordinator_does_not_sign(session: Session) -> None:
    scene = make_scene()
    agreement = signing_agreement(scene)
    delegation(scene)
    for who in ("supporting_coordinator", "supported_contributor", "centre", "commission"):
        with pytest.raises(Forbidden):
            agreements.sign_agreement(agreement, actor=getattr(scene, who))


def revoked(scene: Scene, leave: SigningDelegation) -> None:
    delegations.revoke_delegation(leave, actor=scene.supported_leader)


def leader_left(scene: Scene, leave: SigningDelegation) -> None:
    leave.leader.is_active = False


def leader_moved(scene: Scene, leave: SigningDelegation) -> None:
    leave.leader.organisation = scene.pairing.supporting


def leader_is_none_any_more(scene: Scene, leave: SigningDelegation) -> None:
    leave.leader.role = Role.CONTRIBUTOR


def not_yet(scene: Scene, leave: SigningDelegation) -> None:
    leave.starts_on, leave.ends_on = (clock.today() + timedelta(days=n) for n in (1, 2))


def over(scene: Scene, leave: SigningDelegation) -> None:
    leave.starts_on, leave.ends_on = (clock.today() - timedelta(days=n) for n in (2, 1))


@pytest.mark.parametrize(
    "spoil", [revoked, leader_left, leader_moved, leader_is_none_any_more, not_yet, over]
)
def test_a_leave_that_does_not_hold_signs_nothing(
    session: Session, spoil: Callable[[Scene, SigningDelegation], None]
) -> None:
    scene = make_scene()
    agreement = signing_agreement(scene)
    spoil(scene, delegation(scene))
    session.flush()
    with pytest.raises(Forbidden):
        agreements.sign_agreement(agreement, actor=scene.supported_coordinator)
    assert agreement.current.signatures == []


def test_a_leave_counts_by_the_days_of_shanghai(session: Session) -> None:
    scene = make_scene()
    with time_machine.travel("2020-05-20T15:30:00+00:00", tick=False) as traveller:
        agreement = signing_agreement(scene)
        delegation(scene, days=0)
        # Half an hour later the day is over in Shanghai, though not in Greenwich.
        traveller.move_to("2020-05-20T16:00:00+00:00")
        with pytest.raises(Forbidden):
            agreements.sign_agreement(agreement, actor=scene.supported_coordinator)
        traveller.move_to("2020-05-20T15:59:00+00:00")
        assert agreements.sign_agreement(agreement, actor=scene.supported_coordinator)


def test_nobody_signs_as_deputy_what_they_put_up_for_signing(session: Session) -> None:
    scene = make_scene()
    agreement = opened(scene, None, by=scene.supported_coordinator)
    delegation(scene)
    with pytest.raises(StepRefused, match="由您提请签署"):
        agreements.sign_agreement(agreement, actor=scene.supported_coordinator)
    agreements.reopen_draft(agreement, actor=scene.supported_coordinator)
    agreements.open_signing(agreement, actor=scene.supporting_coordinator)
    assert agreements.sign_agreement(agreement, actor=scene.supported_coordinator).on_behalf_of


def test_a_leave_opens_nothing_else(session: Session) -> None:
    scene = make_scene()
    delegation(scene)
    kinds = {one.kind for one in bench_of(scene.supported_coordinator).to_do}
    assert "计划待商定" not in kinds


def test_only_leaders_give_leave(session: Session) -> None:
    scene = make_scene()
    for who in ONE_OF_EACH:
        person = getattr(scene, who)
        if person.role is Role.BASE_LEADER:
            continue
        with pytest.raises(Forbidden):
            delegation(scene, leader=person)
    assert session.query(SigningDelegation).count() == 0


DEPUTIES: dict[str, bool] = {
    "supported_coordinator": True,
    "supported_leader": False,
    "supported_contributor": False,
    "supporting_coordinator": False,
    "supporting_leader": False,
    "centre": False,
    "commission": False,
    "expert": False,
    "administrator": False,
}


@pytest.mark.parametrize(("who", "may"), DEPUTIES.items())
def test_a_deputy_is_a_leader_or_coordinator_of_the_same_hospital(
    session: Session, who: str, may: bool
) -> None:
    scene = make_scene()
    if may:
        assert delegation(scene, deputy=getattr(scene, who)).deputy is getattr(scene, who)
        return
    with pytest.raises(Rejected) as refusal:
        delegation(scene, deputy=getattr(scene, who))
    assert list(refusal.value.fields) == ["deputy"]


@pytest.mark.parametrize(
    ("start", "end", "reason", "field"),
    [
        (0, -1, "外出", "ends_on"),
        (-9, -2, "外出", "ends_on"),
        (0, 90, "外出", "ends_on"),
        (0, 1, "  ", "reason"),
    ],
)
def test_a_leave_has_days_and_a_reason(
    session: Session, start: int, end: int, reason: str, field: str
) -> None:
    scene = make_scene()
    today = clock.today()
    with pytest.raises(Rejected) as refusal:
        delegations.delegate_signing(
            scene.supported_leader,
            scene.supported_coordinator,
            starts_on=today + timedelta(days=start),
            ends_on=today + timedelta(days=end),
            reason=reason,
        )
    assert list(refusal.value.fields) == [field]


def test_a_hospital_sees_its_own_list_and_its_leaders_revoke(
    client: PageClient, new_client: Callable[[], PageClient]
) -> None:
    scene = make_scene()
    leave = delegation(scene)
    second = make_user(Role.BASE_LEADER, scene.pairing.supported)
    coordinator, stranger = new_client(), new_client()
    coordinator.login(scene.supported_coordinator, PASSWORD)
    page = coordinator.get("/agreements/delegations")
    assert scene.supported_leader.name in page.one("#open").get_text()
    assert not page.select("main form")
    stranger.login(scene.supporting_leader, PASSWORD)
    assert scene.supported_leader.name not in stranger.get("/agreements/delegations").text
    assert stranger.post(f"/agreements/delegations/{leave.id}/revoke").status == 404
    client.login(second, PASSWORD)
    page = client.get("/agreements/delegations")
    assert client.submit(page, 'form[action$="/revoke"]').status == 303
    db.session.refresh(leave)
    assert leave.revoked_at is not None
    assert client.post(f"/agreements/delegations/{leave.id}/revoke").status == 409


def test_a_leader_gives_leave_on_the_page(client: PageClient) -> None:
    scene = make_scene()
    client.login(scene.supported_leader, PASSWORD)
    page = client.get("/agreements/delegations")
    form = 'form[action="/agreements/delegations"]'
    chosen = str(scene.supported_coordinator.id)
    refused = client.submit(page, form, deputy=chosen, reason="")
    assert refused.status == 422
    assert refused.one(f'#deputy option[value="{chosen}"]').has_attr("selected")
    assert client.submit(refused, form, deputy=chosen, reason="外出培训").status == 303
    shown = client.get("/agreements/delegations")
    assert "外出培训" in shown.one("#open").get_text()
    assert client.submit(page, form, deputy="999999", reason="外出").status == 422


def test_the_list_keeps_its_budget(client: PageClient) -> None:
    scene = make_scene()
    for _ in range(8):
        delegation(scene)
    client.login(scene.supported_leader, PASSWORD)
    with count_queries() as queries:
        client.get("/agreements/delegations")
    queries.at_most(4)


def test_a_leave_stands_on_the_list_of_a_handover(session: Session) -> None:
    scene = make_scene()
    delegation(scene)
    for person in (scene.supported_leader, scene.supported_coordinator):
        things = [one for one in open_work_of(person) if one.kind == "代签授权"]
        assert len(things) == 1
        assert not things[0].moves


def test_nobody_signs_as_deputy_what_they_drafted(session: Session) -> None:
    scene = make_scene()
    agreement = signing_agreement(scene)
    agreement.created_by_id = scene.supported_coordinator.id
    session.flush()
    delegation(scene)
    with pytest.raises(StepRefused, match="由您起草"):
        agreements.sign_agreement(agreement, actor=scene.supported_coordinator)
