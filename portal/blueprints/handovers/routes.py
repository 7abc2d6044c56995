"""Pages of the hand-over."""

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.blueprints.handovers import bp
from portal.blueprints.handovers.forms import HandOverForm
from portal.errors import Rejected, StaleEdit
from portal.models import Light, User
from portal.policies.accounts import can_edit_user, keeps_accounts
from portal.policies.decision import require
from portal.policies.handovers import can_hand_over, keeps_people
from portal.policies.scope import has_pairings
from portal.queries import handovers as queries
from portal.queries.open_work import open_work_of
from portal.services import handovers
from portal.web.accounts import actor
from portal.web.audit import exports, note_title
from portal.web.navigation import home_url
from portal.web.requests import leave_to, writes


@bp.get("/handovers")
def list_people() -> str:
    """List the people of one's own hospital with what they have in hand, and past hand-overs."""
    viewer = actor()
    return render_template(
        "handovers/people.html",
        people=queries.people_with_tasks(viewer=viewer),
        past=queries.past_handovers(viewer=viewer),
    )


@bp.route("/admin/users/<int:user_id>/handover", methods=["GET", "POST"])
@writes
def hand_over(user_id: int) -> Response | str | tuple[str, int]:
    """Show everything open with a person, and give what is ticked to another."""
    viewer = actor()
    giver = queries.get_giver(user_id, viewer=viewer)
    require(can_hand_over(viewer, giver))
    people, form = queries.receivers(giver, viewer=viewer), HandOverForm()
    form.offer(people)
    if form.validate_on_submit():
        receiver = next(one for one in people if str(one.id) == form.receiver.data)
        try:
            made = handovers.hand_over(
                giver,
                receiver,
                keys=form.items.data or [],
                reason=form.reason.data,
                actor=viewer,
            )
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        except StaleEdit as stale:
            return _page(giver, form, people, stale=stale.sentence), 409
        else:
            flash(f"{giver.name}的工作已移交给{receiver.name}。", "success")
            return leave_to(url_for("handovers.show_sheet", handover_id=made.id))
    return _page(giver, form, people), 422 if form.errors else 200


def _page(giver: User, form: HandOverForm, people: list[User], stale: str = "") -> str:
    """Render the form above the list as it stands now."""
    viewer, things = actor(), open_work_of(giver)
    if request.method == "GET" or stale:
        form.tick_all(things)
    return render_template(
        "handovers/new.html",
        giver=giver,
        form=form,
        things=things,
        people=people,
        stale=stale,
        post_is_empty=queries.post_is_empty(giver),
        opens_links=has_pairings(viewer),
        past=queries.past_handovers(viewer=viewer, of=giver),
        back=_back(viewer, giver),
    )


def _back(viewer: User, giver: User) -> tuple[str, str]:
    """Return where the viewer came from: the account, or the people of the hospital."""
    if keeps_accounts(viewer):
        return giver.name, url_for("admin.edit_user", user_id=giver.id)
    return "工作交接", url_for("handovers.list_people")


@bp.get("/handovers/<int:handover_id>")
@exports
def show_sheet(handover_id: int) -> str:
    """Show the sheet of a hand-over, to be printed and signed."""
    handover = queries.get_handover(handover_id, viewer=actor())
    note_title(f"查看工作交接单：第 {handover.id} 号")
    return render_template(
        "handovers/sheet.html",
        handover=handover,
        people=handover.people,
        lights={light.value: light for light in Light},
        back_url=_home_of_sheet(actor(), handover.from_user),
    )


def _home_of_sheet(viewer: User, giver: User) -> str:
    """Return the page that lists the sheet for this viewer, or the start page."""
    if can_edit_user(viewer, giver):
        return url_for("admin.edit_user", user_id=giver.id)
    return url_for("handovers.list_people") if keeps_people(viewer) else home_url(viewer)
