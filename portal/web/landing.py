"""Where a log-in leads."""

from flask import current_app
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from portal.models import User
from portal.queries.parked_forms import find_parked
from portal.web.navigation import home_url

PARKED = "/account/parked/"


def landing_for(user: User, wanted: str) -> str:
    """Return the page to show ``user`` first: the one wanted, else their home page.

    What somebody else had typed at this browser is not even shown to be there.
    """
    if not wanted or not _is_page(wanted):
        return home_url(user)
    if wanted.startswith(PARKED) and not find_parked(wanted.removeprefix(PARKED), viewer=user):
        return home_url(user)
    return wanted


def _is_page(address: str) -> bool:
    """Whether ``address`` is one that a browser can be led to: not one that only takes forms."""
    try:
        current_app.url_map.bind("").match(address.partition("?")[0], method="GET")
    except RequestRedirect:
        return True
    except HTTPException:
        return False
    return True
