"""How gunicorn serves the portal; script/server and a production unit use the same file."""

import gc
import os

bind = f"127.0.0.1:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "gthread"
threads = 4
preload_app = True
# Uploads of 500 MB over a slow line keep a thread busy for a while, but not the worker's heartbeat.
timeout = 120
graceful_timeout = 30
# gunicorn would otherwise open a control socket below the home directory, perhaps a read-only one.
control_socket_disable = True


def when_ready(server):
    """What is loaded before the fork is never garbage: leave it out of collections and shared."""
    gc.collect()
    gc.freeze()


def post_fork(server, worker):
    """A connection opened before the fork would be shared by two processes: each opens its own."""
    from wsgi import app

    with app.app_context():
        from portal.extensions import db

        for engine in db.engines.values():
            engine.dispose(close=False)
