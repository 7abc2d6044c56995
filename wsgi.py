"""The application object that gunicorn and the flask command load."""

from portal import create_app

app = create_app()
