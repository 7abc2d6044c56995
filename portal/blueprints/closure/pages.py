"""Drawing the closure pages, and finding the way from one to the next."""

from flask import make_response, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.blueprints.closure.forms import ClosureForms
from portal.blueprints.tasks.pages import answer_task
from portal.models import Role, Task, TaskState, User
from portal.queries.closure import closure_panel
from portal.queries.closure_queue import (
    Mark,
    Queue,
    count_waiting,
    neighbours,
    next_in_queue,
    queues_of,
)
from portal.web.accounts import actor
from portal.web.forms import PortalForm
from portal.web.refusals import Refused
from portal.web.requests import safe_referrer


def queue_of_form() -> Queue | None:
    """Return the queue the person is working through, if the form was sent from one."""
    wanted = request.form.get("queue", "")
    return next((one for one in queues_of(actor()) if one.value == wanted), None)


def seen_version() -> int | None:
    """Return the version of the task on the page the form was sent from."""
    return request.form.get("version", type=int)


def queue_for(task: Task, viewer: User) -> Queue:
    """Return the queue in which ``task`` stands, or stood, for a reviewer."""
    if viewer.role is not Role.CENTRE_REVIEWER:
        return Queue.CONFIRM
    return Queue.LOOK_BACK if task.state is TaskState.CLOSED else Queue.VERIFY


def address_of(task: Task) -> str:
    """Return the address of the closure panel on the task's page."""
    return url_for("tasks.show_task", task_id=task.id, _anchor="closure")


def address_after(task: Task, queue: Queue | None, mark: Mark) -> str:
    """Return where to go after a step: the next one in the queue, else where it was taken."""
    if queue is None:
        own_page = address_of(task)
        came_from = safe_referrer(own_page)
        at_the_bench = came_from.partition("?")[0] == url_for("workbench.show")
        return came_from if at_the_bench else own_page
    following = next_in_queue(queue, actor(), mark)
    if following is None:
        return url_for("closure.review_queue", queue=queue.value)
    return url_for("closure.review_task", task_id=following)


def review_page(
    task: Task, *, refused: Refused | None = None, status: int = 200, **bound: PortalForm
) -> Response:
    """Answer with the reviewer's page; ``bound`` are forms that come back."""
    queue = queue_for(task, actor())
    page = render_template(
        "closure/review.html",
        task=task,
        pairing=task.pairing,
        closure=closure_panel(task, actor()),
        queue=queue,
        near=neighbours(queue, actor(), Mark.of(task)),
        left=count_waiting(queue, actor()),
        refused=refused,
        closure_forms=ClosureForms(**bound),
    )
    return make_response(page, status)


def refused_page(
    task: Task, status: int, *, refused: Refused | None = None, **bound: PortalForm
) -> Response:
    """Answer with the page a refused form came from: the reviewer's, or the task's."""
    if queue_of_form():
        return review_page(task, refused=refused, status=status, **bound)
    return answer_task(task, status=status, refused=refused, closure_forms=ClosureForms(**bound))
