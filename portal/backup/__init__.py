"""Backups: the database and every file it refers to, in one folder or one .tar; and back again."""

from portal.backup.errors import BackupError
from portal.backup.making import make_backup
from portal.backup.manifest import Manifest
from portal.backup.reading import verify_backup
from portal.backup.restoring import Restored, restore_backup
from portal.backup.settling import Settled, settle

__all__ = [
    "BackupError",
    "Manifest",
    "Restored",
    "Settled",
    "make_backup",
    "restore_backup",
    "settle",
    "verify_backup",
]
