"""The stepper of a closure: 申请 → 帮扶方确认 → 省中心核验 → 销号, with who, when and how long."""

from dataclasses import dataclass
from datetime import datetime

from portal import clock
from portal.models import ClosureRequest, ClosureState, User
from portal.workdays import workdays_between


@dataclass(frozen=True)
class StepMark:
    """One stop of the stepper: done, current, todo or returned; ``detail`` says who and when."""

    label: str
    state: str
    detail: str = ""


def steps_of(latest: ClosureRequest | None) -> list[StepMark]:
    """Return the stepper 申请 → 帮扶方确认 → 省中心核验 → 销号 for the latest round."""
    if latest is None:
        return [
            StepMark("申请", "current"),
            StepMark("帮扶方确认", "todo"),
            StepMark("省中心核验", "todo"),
            StepMark("销号", "todo"),
        ]
    return [
        StepMark("申请", "done", _signed(latest.requested_by, latest.requested_at)),
        _confirmation(latest),
        _verification(latest),
        _closing(latest),
    ]


def _confirmation(latest: ClosureRequest) -> StepMark:
    label = "帮扶方确认"
    if latest.confirmed_at:
        return StepMark(label, "done", _signed(latest.confirmed_by, latest.confirmed_at))
    if latest.state is ClosureState.RETURNED:
        detail = _signed(latest.decided_by, latest.decided_at)
        return StepMark(label, "returned", f"退回 {detail}")
    return StepMark(label, "current", _age(latest.requested_at))


def _verification(latest: ClosureRequest) -> StepMark:
    label = "省中心核验"
    if latest.needs_centre is False:
        return StepMark(label, "done", "未抽中，免核验")
    if latest.state is ClosureState.CONFIRMED:
        return StepMark(label, "current", _age(latest.confirmed_at))
    if latest.confirmed_at is None or latest.decided_at is None:
        return StepMark(label, "todo")
    detail = _signed(latest.decided_by, latest.decided_at)
    if latest.state is ClosureState.RETURNED:
        return StepMark(label, "returned", f"退回 {detail}")
    return StepMark(label, "done", detail)


def _closing(latest: ClosureRequest) -> StepMark:
    if latest.state is ClosureState.CLOSED:
        return StepMark("销号", "done", _day(latest.decided_at))
    if latest.state is ClosureState.REOPENED:
        return StepMark("销号", "returned", f"回头看重启 {_day(latest.reopened_at)}")
    return StepMark("销号", "todo")


def _signed(person: User | None, at: datetime | None) -> str:
    return f"{person.name if person else ''} {_day(at)}".strip()


def _day(at: datetime | None) -> str:
    return clock.local_date(at).isoformat() if at else ""


def _age(since: datetime | None) -> str:
    """Say how long a step has been waiting, in working days."""
    if since is None:
        return ""
    days = workdays_between(clock.local_date(since), clock.today())
    return f"已等 {days} 个工作日" if days else "今天开始"
