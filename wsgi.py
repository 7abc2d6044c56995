"""The application object that gunicorn and the flask command load."""

from portal import create_app
from portal.safety import refuse_unsafe_production

app = create_app()
refuse_unsafe_production(app)
