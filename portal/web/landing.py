"""Where a log-in leads."""

from portal.models import User
from portal.web.navigation import home_url


def landing_for(user: User, wanted: str) -> str:
    """Return the page to show ``user`` first: the one wanted, else their home page."""
    return wanted or home_url(user)
