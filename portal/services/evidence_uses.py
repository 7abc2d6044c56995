"""What evidence backs: attached to a task, meeting, agreement or score item, or taken away."""

from portal import clock
from portal.errors import Rejected, StepRefused
from portal.extensions import db
from portal.models import Assessment, Evidence, EvidenceRequirement, EvidenceUse, Task, User
from portal.policies.decision import require
from portal.policies.evidence_places import Place, can_attach, why_locked
from portal.queries.evidence_holds import rests_on_use
from portal.services.tasks import start_if_needed
from portal.workflow import record


def require_place_open(place: Place, actor: User) -> None:
    """Raise Forbidden when ``actor`` never attaches there, StepRefused when nobody can now."""
    require(can_attach(actor, place))
    if sentence := why_locked(place):
        raise StepRefused(sentence)


def use_evidence(
    task: Task, *, requirement: EvidenceRequirement | None, evidence: Evidence, actor: User
) -> EvidenceUse:
    """Let a piece of the library stand for ``requirement`` of ``task`` as well.

    See :func:`use_for`.
    """
    return use_for(Place(task, requirement), evidence, actor=actor)


def use_for(place: Place, evidence: Evidence, *, actor: User) -> EvidenceUse:
    """Let a piece of the library back ``place``; the first evidence of a task starts it.

    Using it twice for the same place changes nothing. The piece comes from the place's own
    pairing, or from the actor's hospital, which is in both. Raises Forbidden, StepRefused, or
    Rejected for a piece from elsewhere, or one that was withdrawn or not accepted.
    """
    lock_place(place)
    require_place_open(place, actor)
    check_place(place)
    own = evidence.organisation_id == actor.organisation_id
    if evidence.pairing_id != place.pairing.id and not own:
        raise Rejected({"evidence": "只能选用本结对或本单位的佐证材料。"})
    # Somebody may be withdrawing it at this moment.
    db.session.refresh(evidence, ["status", "version"], with_for_update={"of": Evidence})
    if not evidence.stands:
        said = f"“{evidence.title}”{evidence.status.label}，不能再选用。"
        raise Rejected({"evidence": said})
    if known := _known_use(place, evidence):
        return known
    if isinstance(place.target, Task):
        start_if_needed(place.target, actor=actor)
    use = link(place, evidence, actor=actor)
    _tell(place, "evidence_used", "选用已有佐证材料", actor, evidence.title)
    db.session.flush()
    return use


def link(place: Place, evidence: Evidence, *, actor: User) -> EvidenceUse:
    """Add the row that says ``evidence`` backs ``place``. The caller has judged that it may."""
    use = EvidenceUse(evidence=evidence, added_by=actor, added_at=clock.now())
    setattr(use, place.kind, place.target)
    use.requirement, use.item = place.requirement, place.item
    db.session.add(use)
    return use


def remove_use(use: EvidenceUse, *, actor: User) -> None:
    """Take evidence away from a place it does not belong to; it stays in the library.

    Raises Forbidden, or StepRefused while the place is locked or when a closed round rests on it.
    """
    place = Place.of(use)
    lock_place(place)
    require_place_open(place, actor)
    if rests_on_use(use):
        raise StepRefused("这份材料是已销号轮次的依据，不能移出。")
    _tell(place, "evidence_removed", "移出佐证材料", actor, use.evidence.title)
    if isinstance(place.target, Task):
        place.target.evidence_uses.remove(use)
    db.session.delete(use)
    db.session.flush()
    db.session.expire(use.evidence, ["uses"])


def lock_place(place: Place) -> None:
    """Hold the row of what is backed, so that it is not decided about meanwhile."""
    model = type(place.target)
    db.session.refresh(place.target, ["state", "version"], with_for_update={"of": model})


def check_place(place: Place) -> None:
    """Refuse a requirement of another task, and an item of another scheme."""
    requirement, item, target = place.requirement, place.item, place.target
    if requirement is not None and requirement.task_id != target.id:
        raise Rejected({"requirement": "请选择本任务的材料要求。"})
    if isinstance(target, Assessment) and (item is None or item.scheme_id != target.scheme_id):
        raise Rejected({"evidence": "请选择本次考核的指标。"})


def _known_use(place: Place, evidence: Evidence) -> EvidenceUse | None:
    """Return the use of ``evidence`` at just this place, if there is one."""
    for use in evidence.uses:
        if all(getattr(use, name) == value for name, value in place.columns.items()):
            return use
    return None


def _tell(place: Place, action: str, title: str, actor: User, what: str) -> None:
    """Write into the history of what is backed."""
    record(
        place.target,
        place.kind,
        action=action,
        title=title,
        actor=actor,
        details=[(place.name, what)],
    )
