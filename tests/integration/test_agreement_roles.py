"""Every step of an agreement × every role × every state."""

from collections.abc import Callable
from io import BytesIO

import pytest
from sqlalchemy.orm import Session

from portal.errors import Forbidden, StepRefused
from portal.models import (
    Agreement,
    AgreementState,
    User,
)
from portal.queries.history import history_of
from portal.services import agreements
from portal.services.files import keep_upload
from tests.factories import make_scene
from tests.factories.agreements import (
    BY_EYE,
    agreement_in,
)
from tests.factories.evidence import pdf_bytes
from tests.factories.scenes import ONE_OF_EACH

COORDINATORS = {"supporting_coordinator", "supported_coordinator"}
LEADERS = {"supporting_leader", "supported_leader"}


def scan(agreement: Agreement, actor: User) -> object:
    return agreements.attach_scan(
        agreement, keep_upload("协议.pdf", BytesIO(pdf_bytes())), actor=actor
    )


def save(agreement: Agreement, actor: User, **bodies: str) -> Agreement:
    revision = agreement.current
    return agreements.save_agreement(
        agreement,
        starts_on=revision.starts_on,
        ends_on=revision.ends_on,
        bodies=bodies,
        seen_version=None,
        actor=actor,
    )


def give_back(agreement: Agreement, actor: User) -> object:
    return agreements.return_agreement(agreement, reason="请修改。", actor=actor)


def standing(agreement: Agreement) -> tuple[AgreementState, int, int]:
    """Return what a refused step must leave as it was."""
    return (agreement.state, agreement.version, len(agreement.revisions))


Do = Callable[[Agreement, User], object]
# What is done, on which agreement, and who may do it; everyone else is refused.
STEPS: dict[str, tuple[Do, str, set[str]]] = {
    "save": (lambda a, u: save(a, u, funding="另行约定。"), "draft", COORDINATORS),
    "open_signing": (lambda a, u: agreements.open_signing(a, actor=u), "draft", COORDINATORS),
    "sign": (lambda a, u: agreements.sign_agreement(a, actor=u), "signing", LEADERS),
    "scan": (scan, "signing", COORDINATORS),
    "reopen_draft": (
        lambda a, u: agreements.reopen_draft(a, actor=u),
        "signing",
        COORDINATORS | LEADERS,
    ),
    "submit": (lambda a, u: agreements.submit_agreement(a, actor=u), "signed", COORDINATORS),
    "file": (
        lambda a, u: agreements.file_agreement(a, checked=BY_EYE, actor=u),
        "submitted",
        {"centre"},
    ),
    "return": (give_back, "submitted", {"centre"}),
}
# In which states each step is open at all; in every other one it is refused with a sentence.
OPEN_IN = {
    "save": {"draft", "returned"},
    "open_signing": {"draft", "returned"},
    "sign": {"signing"},
    "scan": {"signing", "signed"},
    "reopen_draft": {"signing", "signed"},
    "submit": {"signed"},
    "file": {"submitted"},
    "return": {"submitted"},
}
BUILT = ("draft", "signing", "signed", "submitted", "returned", "filed")


@pytest.mark.parametrize("step", STEPS)
def test_a_step_is_refused_to_every_other_role(session: Session, step: str) -> None:
    do, state, allowed = STEPS[step]
    scene = make_scene()
    agreement = agreement_in(state, scene)
    before = standing(agreement)
    for who in ONE_OF_EACH:
        if who not in allowed:
            with pytest.raises(Forbidden):
                do(agreement, getattr(scene, who))
    session.flush()
    session.refresh(agreement)
    assert standing(agreement) == before


@pytest.mark.parametrize(
    ("step", "who"), [(step, who) for step in STEPS for who in sorted(STEPS[step][2])]
)
def test_a_step_is_taken_by_each_of_its_roles_and_recorded(
    session: Session, step: str, who: str
) -> None:
    do, state, _ = STEPS[step]
    scene = make_scene()
    person = getattr(scene, who)
    agreement = agreement_in(state, scene)
    do(agreement, person)
    assert history_of("agreement", agreement.id)[0].actor_id == person.id


@pytest.mark.parametrize("state", BUILT)
def test_every_step_that_is_not_open_in_a_state_is_refused(session: Session, state: str) -> None:
    scene = make_scene()
    agreement = agreement_in(state, scene)
    before = standing(agreement)
    for step, (do, _, allowed) in STEPS.items():
        if state not in OPEN_IN[step]:
            with pytest.raises(StepRefused) as refusal:
                do(agreement, getattr(scene, sorted(allowed)[0]))
            assert refusal.value.sentence
    session.flush()
    session.refresh(agreement)
    assert standing(agreement) == before


def test_only_the_two_coordinators_draft(session: Session) -> None:
    scene = make_scene()
    for who in ONE_OF_EACH:
        if who not in COORDINATORS:
            with pytest.raises(Forbidden):
                agreements.draft_agreement(scene.pairing, actor=getattr(scene, who))
    assert session.query(Agreement).count() == 0
    agreements.draft_agreement(scene.pairing, actor=scene.supported_coordinator)
    assert session.query(Agreement).one().state is AgreementState.DRAFT
