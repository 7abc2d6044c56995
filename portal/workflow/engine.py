"""The one way a state changes: a table of steps, and the function that applies them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy.orm import Session, object_session

from portal import audit, clock
from portal.errors import Rejected, StaleEdit, StepRefused
from portal.models import Event, LabelledEnum, User
from portal.policies.decision import Decision, require

T = TypeVar("T")


def nothing_missing(_object: Any) -> list[str]:
    """Say that a step has no checklist."""
    return []


@dataclass(frozen=True)
class Step(Generic[T]):
    """One arrow of a state machine.

    ``may`` judges the person and must not look at the state; ``missing`` lists what is
    still to do, and is at once the page's checklist, the button's condition and the guard.
    ``by_itself``: the portal takes the step, nobody acts; then ``may`` lets no person.
    """

    action: str
    label: str
    title: str
    sources: frozenset[LabelledEnum]
    target: LabelledEnum
    may: Callable[[User, T], Decision]
    missing: Callable[[T], list[str]] = nothing_missing
    comment_required: bool = False
    tone: str = "neutral"
    by_itself: bool = False


def itself(target: Any) -> Any:
    """Return what has a history of its own."""
    return target


@dataclass(frozen=True)
class Workflow(Generic[T]):
    """All steps of one kind of object. ``noun`` opens the refusal's sentence.

    ``attribute`` holds the state, ``stamp`` the moment it was reached (empty: the object keeps
    moments of its own). ``subject`` returns the object in whose history the steps stand, which
    is then of ``object_type``: that of a request for an extension is its task.
    """

    object_type: str
    noun: str
    steps: tuple[Step[T], ...]
    attribute: str = "state"
    stamp: str = "state_since"
    subject: Callable[[Any], Any] = itself

    def state_of(self, target: T) -> LabelledEnum:
        """Return the state ``target`` is in."""
        state: LabelledEnum = getattr(target, self.attribute)
        return state

    def step(self, action: str) -> Step[T]:
        """Return the step named ``action``. Raises KeyError: a mistake in our own code."""
        for step in self.steps:
            if step.action == action:
                return step
        raise KeyError(action)

    def open_to(self, target: T, actor: User) -> list[Step[T]]:
        """Return the steps that ``actor`` may take now, checklist or not."""
        state = self.state_of(target)
        return [s for s in self.steps if state in s.sources and s.may(actor, target)]


def transition(
    workflow: Workflow[T],
    target: T,
    action: str,
    *,
    actor: User | None,
    comment: str = "",
    details: Iterable[tuple[str, str]] = (),
) -> Event:
    """Take one step: who may, from where, what must hold; stamp it and write one event.

    Raises Forbidden (this person never), StepRefused (not now, or something is missing)
    or Rejected (no comment where one is demanded). Changes nothing when it raises.
    """
    step = workflow.step(action)
    if actor is not None:
        require(step.may(actor, target))
    elif not step.by_itself:
        raise RuntimeError(f"somebody must take the step {step.action}")
    state = workflow.state_of(target)
    if state not in step.sources:
        raise StepRefused(f"{workflow.noun}当前状态为“{state.label}”，不能{step.label}。")
    if step.comment_required and not comment.strip():
        raise Rejected({"comment": f"请填写{step.label}的理由。"})
    if gaps := step.missing(target):
        raise StepRefused(f"还不能{step.label}，请先完成以下事项：", gaps)
    setattr(target, workflow.attribute, step.target)
    if workflow.stamp:
        setattr(target, workflow.stamp, clock.now())
    return record(
        workflow.subject(target),
        workflow.object_type,
        action=step.action,
        title=step.title,
        actor=actor,
        comment=comment.strip(),
        tone=step.tone,
        states=(state.value, step.target.value),
        details=details,
    )


def record(
    target: Any,
    object_type: str,
    *,
    action: str,
    title: str,
    actor: User | None,
    comment: str = "",
    tone: str = "neutral",
    states: Sequence[str] = ("", ""),
    details: Iterable[tuple[str, str]] = (),
) -> Event:
    """Add one event to the history of ``target`` (which must have its id already).

    ``details`` are (label, value) pairs shown under the event. ``actor`` is None only for
    what the portal does by itself at set-up.
    """
    session = object_session(target)
    if session is None:
        raise RuntimeError("an event needs an object that is in a session")
    if target.id is None:
        session.flush()
    event = Event(
        object_type=object_type,
        object_id=target.id,
        pairing_id=target.id if object_type == "pairing" else getattr(target, "pairing_id", None),
        action=action,
        title=title,
        from_state=states[0],
        to_state=states[1],
        comment=comment,
        tone=tone,
        actor_id=actor.id if actor else None,
        actor_name=actor.name if actor else "系统",
        actor_role=actor.role.value if actor else "",
        actor_org=actor.organisation_name if actor else "",
        at=clock.now(),
        details=[list(pair) for pair in details],
    )
    session.add(event)
    audit.about(session, event, target)
    return event


def check_version(target: Any, seen: int | None) -> None:
    """Raise StaleEdit when ``target`` was saved since the page with ``seen`` was drawn."""
    if seen is not None and seen != target.version:
        raise StaleEdit()


def session_of(target: Any) -> Session:
    """Return the session ``target`` lives in."""
    session = object_session(target)
    if session is None:
        raise RuntimeError("the object is not in a session")
    return session
