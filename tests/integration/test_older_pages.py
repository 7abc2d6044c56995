"""A step is taken on what its page showed: from an older page it is refused, nothing changes."""

from collections.abc import Callable
from datetime import date
from io import BytesIO
from typing import Any

import pytest

from portal.errors import StaleEdit
from portal.extensions import db
from portal.models import Event
from portal.services import agreements, assessment_reviews, closure, meetings
from portal.services.files import keep_upload
from tests.factories import PASSWORD, Scene, make_scene
from tests.factories.agreements import signing_agreement
from tests.factories.assessments import appealed, provisional, submitted
from tests.factories.closures import closed
from tests.factories.evidence import pdf_bytes
from tests.factories.meetings import planned_meeting
from tests.factories.plans import agreed_plan
from tests.support.pages import PageClient

REASON = "核对后发现内容有误"


def meeting_ahead(scene: Scene) -> Any:
    return planned_meeting(scene, on=date(2021, 3, 15))


def withdrawable(scene: Scene) -> Any:
    return agreed_plan(scene.pairing, scene)


# Each step: what it is taken on, by whom, the service, and what its form says.
Service = Callable[..., object]
STEPS: dict[str, tuple[Callable[[Scene], Any], str, Service, dict[str, object]]] = {
    "return self-assessment": (
        submitted,
        "centre",
        assessment_reviews.return_self,
        {"reason": REASON},
    ),
    "uphold": (
        appealed,
        "centre",
        assessment_reviews.answer_appeal,
        {"reply": REASON, "review_again": False},
    ),
    "review again": (
        appealed,
        "centre",
        assessment_reviews.answer_appeal,
        {"reply": REASON, "review_again": True},
    ),
    "publish": (provisional, "commission", assessment_reviews.publish, {}),
    "reopen": (closed, "centre", closure.reopen_task, {"reason": REASON}),
    "pass look-back": (closed, "centre", closure.pass_lookback, {}),
    "cancel meeting": (
        meeting_ahead,
        "supporting_coordinator",
        meetings.cancel_meeting,
        {"reason": REASON},
    ),
}


@pytest.fixture
def scene(session: Any) -> Scene:
    return make_scene()


def state_and_events(target: Any) -> tuple[object, int]:
    return target.state, db.session.query(Event).count()


@pytest.mark.parametrize("name", STEPS)
def test_step_is_refused_on_an_older_version_and_taken_on_the_present_one(
    scene: Scene, name: str
) -> None:
    make, who, service, said = STEPS[name]
    target = make(scene)
    actor = getattr(scene, who)
    before = state_and_events(target)
    with pytest.raises(StaleEdit):
        service(target, actor=actor, seen_version=target.version - 1, **said)
    assert state_and_events(target) == before
    service(target, actor=actor, seen_version=target.version, **said)
    assert state_and_events(target)[1] == before[1] + 1


def test_scan_of_a_text_that_was_taken_back_does_not_land_on_the_next(scene: Scene) -> None:
    agreement = signing_agreement(scene)
    seen = agreement.version
    agreements.reopen_draft(agreement, reason="期限有误", actor=scene.supporting_coordinator)
    agreements.open_signing(agreement, actor=scene.supporting_coordinator)
    scan = keep_upload("扫描件.pdf", BytesIO(pdf_bytes()))
    by = scene.supporting_coordinator
    with pytest.raises(StaleEdit):
        agreements.attach_scan(agreement, scan, seen_version=seen, actor=by)
    assert agreement.current.scan is None
    now = agreement.version
    agreements.sign_agreement(agreement, actor=scene.supporting_leader, seen_version=now)
    agreements.attach_scan(agreement, scan, seen_version=now, actor=by)
    assert agreement.current.scan is not None


# Each form: what it is taken on, by whom, its page, its address, and what is typed.
FORMS: dict[str, tuple[Callable[[Scene], Any], str, str, str, dict[str, str]]] = {
    "return self-assessment": (
        submitted,
        "centre",
        "/assessments/{id}",
        "/assessments/{id}/return",
        {"return_reason": REASON},
    ),
    "answer appeal": (
        appealed,
        "centre",
        "/assessments/{id}",
        "/assessments/{id}/appeal/answer",
        {"decision": "uphold", "appeal_reply": REASON},
    ),
    "publish": (provisional, "commission", "/assessments/{id}", "/assessments/{id}/publish", {}),
    "reopen": (
        closed,
        "centre",
        "/tasks/{id}",
        "/tasks/{id}/closure/reopen",
        {"reopen_reason": REASON},
    ),
    "pass look-back": (
        closed,
        "centre",
        "/closure/{id}",
        "/tasks/{id}/closure/look-back",
        {"lookback_comment": REASON},
    ),
    "cancel meeting": (
        meeting_ahead,
        "supporting_coordinator",
        "/meetings/{id}",
        "/meetings/{id}/cancel",
        {"comment": REASON},
    ),
    "withdraw endorsement": (
        withdrawable,
        "supporting_leader",
        "/pairings/{pairing}/plan",
        "/plans/{id}/withdraw",
        {"reason": REASON},
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_form_from_an_older_page_is_refused_with_what_was_typed(
    client: PageClient, name: str
) -> None:
    scene = make_scene()
    make, who, page, path, typed = FORMS[name]
    target = make(scene)
    path = path.format(id=target.id)
    client.login(getattr(scene, who), PASSWORD)
    drawn = client.get(page.format(id=target.id, pairing=scene.pairing_id))
    (carried,) = drawn.select(f'form[action="{path}"] input[name=version]')
    assert carried["value"] == str(target.version)
    before = state_and_events(target)
    answer = client.post(path, {**typed, "version": str(target.version - 1)})
    assert answer.status == 409
    assert all(text in answer.soup.get_text() for text in typed.values() if text == REASON)
    db.session.expire_all()
    assert state_and_events(target) == before


def test_scan_form_carries_the_version_of_the_text(client: PageClient) -> None:
    scene = make_scene()
    agreement = signing_agreement(scene)
    path = f"/agreements/{agreement.id}/attach-scan"
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(f"/agreements/{agreement.id}")
    (carried,) = page.select(f'form[action="{path}"] input[name=version]')
    assert carried["value"] == str(agreement.version)
    scan = (BytesIO(pdf_bytes()), "扫描件.pdf")
    answer = client.post(path, {"file": scan, "version": str(agreement.version - 1)})
    assert answer.status == 409
    db.session.expire_all()
    assert agreement.current.scan is None
