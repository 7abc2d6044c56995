"""What the tests of the plan builder share."""

from portal.models import (
    Pairing,
    Plan,
    Task,
)
from tests.factories import PASSWORD, Scene
from tests.support.pages import Page, PageClient, form_values


def enter(client: PageClient, scene: Scene, who: str = "supporting_coordinator") -> None:
    client.login(getattr(scene, who), PASSWORD)


def tab(client: PageClient, pairing: Pairing) -> Page:
    return client.get(f"/pairings/{pairing.id}/plan")


def address(plan: Plan, task: Task) -> str:
    return f"/plans/{plan.id}/tasks/{task.id}"


def send(client: PageClient, page: Page, css: str, *, htmx: bool = True, **values: object) -> Page:
    """Send a form the way htmx does, or as a plain one."""
    if not htmx:
        return client.submit(page, css, **values)
    form = page.one(css)
    return client.post(str(form["action"]), {**form_values(form), **values}, htmx=True)


def marks(*tasks: Task) -> list[str]:
    return [f"{task.id}.{task.version}" for task in tasks]
