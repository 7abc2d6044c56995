"""The reviewer's queue, and deciding many at once."""

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.blueprints.closure import bp
from portal.errors import NotVisible
from portal.policies.closure import can_open_queue
from portal.policies.decision import require
from portal.queries import closure_queue as queries
from portal.queries.closure_queue import Mark, Queue
from portal.row_ids import row_id
from portal.services.closure_bulk import Outcome, Refusal, Verdict, decide
from portal.web.accounts import actor
from portal.web.forms import trimmed
from portal.web.requests import leave_to, writes

MAX_AT_ONCE = 200
REASON = "reason-"


@bp.get("/closure")
def review_queue() -> str:
    """Show what waits for this reviewer, oldest first."""
    require(can_open_queue(actor()))
    return _queue_page(_wanted(request.args.get("queue")), Mark.read(request.args.get("after")))


@bp.post("/closure/bulk")
@writes
def bulk_verify() -> Response | tuple[str, int]:
    """Approve the ticked ones, return those with a reason; what cannot go through is named."""
    require(can_open_queue(actor()))
    queue = _wanted(request.form.get("queue"))
    verdicts, unseen = _verdicts()
    if not verdicts:
        flash("请先勾选任务，或在要退回的任务下填写退回理由。", "warning")
        return leave_to(url_for("closure.review_queue", queue=queue.value))
    outcome = decide(verdicts, actor=actor())
    done = _tell(outcome, queue)
    if unseen:
        flash(f"另有 {unseen} 项不存在或您无权查看，没有处理。", "warning")
    if not outcome.refused:
        return leave_to(url_for("closure.review_queue", queue=queue.value))
    page = _queue_page(queue, None, {one.task_id: one for one in outcome.refused})
    return page, 200 if done else 409


def _verdicts() -> tuple[list[Verdict], int]:
    """Return what the form decides, and how many of its tasks the person may not see.

    A reason returns a task whether or not it is ticked: sending back is the careful reading of
    a form that says both. The button in a row (``only``) decides that row alone.
    """
    ticked = {number for one in request.form.getlist("task") if (number := row_id(one))}
    reasons = {
        number: trimmed(text)
        for name, text in request.form.items()
        if name.startswith(REASON)
        and (number := row_id(name.removeprefix(REASON)))
        and trimmed(text)
    }
    if only := request.form.get("only"):
        ticked, reasons = set(), {key: text for key, text in reasons.items() if str(key) == only}
    wanted = sorted(ticked | set(reasons))[:MAX_AT_ONCE]
    tasks = queries.tasks_to_decide(wanted, actor())
    verdicts = [
        Verdict(one, reasons.get(one.id, ""), request.form.get(f"version-{one.id}", type=int))
        for one in tasks
    ]
    return verdicts, len(wanted) - len(tasks)


def _tell(outcome: Outcome, queue: Queue) -> bool:
    """Say what went through; return whether anything did."""
    verb = "核验通过" if queue is Queue.VERIFY else "确认"
    parts = [f"{verb} {outcome.approved} 项"] if outcome.approved else []
    parts += [f"退回 {outcome.returned} 项"] if outcome.returned else []
    if parts:
        flash(f"已{'，'.join(parts)}。", "success")
    return bool(parts)


def _wanted(name: str | None) -> Queue:
    """Return the queue of that name if it is this person's, else their first."""
    own = queries.queues_of(actor())
    if name and name not in own:
        raise NotVisible()
    return next((one for one in own if one.value == name), own[0])


def _tabs(active: Queue) -> list[dict[str, object]]:
    """Return this person's queues as tabs; whoever has only one needs none."""
    own = queries.queues_of(actor())
    return [
        {
            "label": one.label,
            "url": url_for("closure.review_queue", queue=one.value),
            "active": one is active,
        }
        for one in own
        if len(own) > 1
    ]


def _queue_page(queue: Queue, after: Mark | None, refused: dict[int, Refusal] | None = None) -> str:
    """Render one page of a queue, with what could not be done just now."""
    page = queries.queue_page(queue, actor(), after)
    shown = {row.task.id for row in page.rows}
    refused = refused or {}
    return render_template(
        "closure/queue.html",
        page=page,
        first_page=after is None,
        tabs=_tabs(queue),
        refused=refused,
        gone=[one for one in refused.values() if one.task_id not in shown],
    )
