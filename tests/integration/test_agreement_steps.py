"""The agreement's way through its states: who may take which step, and what must hold."""

from collections.abc import Callable
from io import BytesIO

import pytest
from sqlalchemy.orm import Session

from portal.errors import Forbidden, StepRefused
from portal.models import (
    Agreement,
    Event,
    User,
)
from portal.services import agreements
from tests.factories import make_scene
from tests.factories.agreements import (
    agreement_in,
)
from tests.factories.evidence import pdf_bytes

PEOPLE = (
    "commission",
    "centre",
    "city",
    "supporting_coordinator",
    "supporting_leader",
    "supporting_contributor",
    "supported_coordinator",
    "supported_leader",
    "supported_contributor",
    "foreign_coordinator",
    "foreign_leader",
    "expert",
    "administrator",
    "auditor",
)
COORDINATORS = {"supporting_coordinator", "supported_coordinator"}
LEADERS = {"supporting_leader", "supported_leader"}


def scan(agreement: Agreement, actor: User) -> object:
    return agreements.attach_scan(
        agreement, filename="协议.pdf", stream=BytesIO(pdf_bytes()), actor=actor
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
    "file": (lambda a, u: agreements.file_agreement(a, actor=u), "submitted", {"centre"}),
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


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("step", STEPS)
def test_each_person_takes_only_the_steps_of_their_role(
    session: Session, step: str, who: str
) -> None:
    do, state, allowed = STEPS[step]
    scene = make_scene()
    agreement = agreement_in(state, scene)
    before = agreement.state
    person = getattr(scene, who)
    if who in allowed:
        do(agreement, person)
        last = session.query(Event).filter_by(object_type="agreement").order_by(Event.id).all()[-1]
        assert last.actor_id == person.id
    else:
        with pytest.raises(Forbidden):
            do(agreement, person)
        assert agreement.state is before


@pytest.mark.parametrize(
    ("step", "state"),
    [(step, state) for step in STEPS for state in BUILT if state not in OPEN_IN[step]],
)
def test_a_step_is_refused_in_every_state_but_its_own(
    session: Session, step: str, state: str
) -> None:
    do, _, allowed = STEPS[step]
    scene = make_scene()
    agreement = agreement_in(state, scene)
    before = (agreement.state, agreement.version, len(agreement.revisions))
    who = "supporting_leader" if step == "sign" else sorted(allowed)[0]
    with pytest.raises(StepRefused) as refusal:
        do(agreement, getattr(scene, who))
    assert refusal.value.sentence
    session.flush()
    session.refresh(agreement)
    assert (agreement.state, agreement.version, len(agreement.revisions)) == before
