"""One uploaded file, in scope."""

import sqlalchemy as sa

from portal.errors import NotVisible
from portal.extensions import db
from portal.models import StoredFile, User
from portal.policies.files import visible_files


def get_file(file_id: int, *, viewer: User) -> StoredFile:
    """Return a file that ``viewer`` may open. Raises NotVisible for any other id."""
    file = db.session.scalar(
        sa.select(StoredFile).where(StoredFile.id == file_id, visible_files(viewer))
    )
    if file is None:
        raise NotVisible()
    return file
