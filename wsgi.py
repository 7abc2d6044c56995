"""The application object that gunicorn and the flask command load."""

from contextlib import nullcontext

import click

from portal import create_app
from portal.cli.plainly import plainly
from portal.safety import refuse_unsafe_production, warn_of_old_calendar

# A command tells its operator in one line why it cannot run; a server logs it all.
with plainly() if click.get_current_context(silent=True) else nullcontext():
    app = create_app()
    refuse_unsafe_production(app)
    warn_of_old_calendar(app)
