"""Where a log-in leads."""

from portal.models import User
from portal.queries.parked_forms import find_parked
from portal.web.navigation import home_url

PARKED = "/account/parked/"


def landing_for(user: User, wanted: str) -> str:
    """Return the page to show ``user`` first: the one wanted, else their home page.

    What somebody else had typed at this browser is not even shown to be there.
    """
    if wanted.startswith(PARKED) and not find_parked(wanted.removeprefix(PARKED), viewer=user):
        return home_url(user)
    return wanted or home_url(user)
