"""Where the bytes of uploaded files live: under their own SHA-256, never changed."""

from pathlib import Path

from portal.storage.base import CHUNK, Changed, FileStore, Held, Stored, StoreUnavailable
from portal.storage.local import LocalFileStore
from portal.storage.s3 import S3FileStore
from portal.storage.settings import StorageSettings

__all__ = [
    "CHUNK",
    "Changed",
    "FileStore",
    "Held",
    "LocalFileStore",
    "S3FileStore",
    "StorageSettings",
    "StoreUnavailable",
    "Stored",
    "build",
    "store",
    "upload_limit",
    "use",
]

_store: FileStore | None = None
_upload_limit = 500 * 1024 * 1024


def build(settings: StorageSettings, folder: Path) -> FileStore:
    """Return the store that ``settings`` name; ``folder`` is where local files live."""
    return S3FileStore(settings) if settings.kind == "s3" else LocalFileStore(folder)


def use(store: FileStore, *, upload_limit: int) -> None:
    """Make ``store`` the one this process keeps its files in. Called once, by create_app().

    ``upload_limit`` is the largest file taken in, in bytes.
    """
    global _store, _upload_limit
    _store, _upload_limit = store, upload_limit


def upload_limit() -> int:
    """Return the size of the largest file taken in, in bytes."""
    return _upload_limit


def store() -> FileStore:
    """Return the store of this process."""
    if _store is None:
        raise RuntimeError("no file store was chosen")
    return _store
