"""Extension objects, bound to the application in create_app()."""

from flask_login import LoginManager
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect

from portal.models.base import Base

# Only engine and session come from here; models are plain typed SQLAlchemy classes.
# autoflush stays on; expire_on_commit off, because a page is drawn after the commit.
db: SQLAlchemy = SQLAlchemy(metadata=Base.metadata, session_options={"expire_on_commit": False})
migrate = Migrate(render_as_batch=True, compare_type=True)
login_manager = LoginManager()
csrf = CSRFProtect()
