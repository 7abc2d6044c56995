"""Typed settings from PORTAL_* variables; no unsafe default outside development."""

import os
import secrets
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from portal.storage.settings import StorageSettings

ROOT = Path(__file__).resolve().parent.parent
MEBIBYTE = 1024 * 1024

DATABASES = frozenset({"sqlite", "postgresql", "postgresql+psycopg"})

MOST = 100_000
"""The largest number any setting takes: two months of minutes, 100 GB of a file."""


class ConfigurationError(RuntimeError):
    """The portal will not start like this; the message says why."""


@dataclass(frozen=True)
class Settings:
    """Everything an operator may set. Read once, at start."""

    environment: str = "production"
    secret_key: str = ""
    secret_key_old: str = ""
    instance_path: Path = ROOT / "instance"
    database_url: str = ""
    upload_limit_mb: int = 500
    clock_offset_days: int = 0
    proxy_hops: int = 0
    idle_minutes: int = 60
    session_hours: int = 12
    hosts: tuple[str, ...] = ()
    clamd: str = ""
    storage: StorageSettings = field(default_factory=StorageSettings)
    oidc_file: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def is_development(self) -> bool:
        """Whether demonstration data and a plain-http cookie are allowed."""
        return self.environment == "development"

    @classmethod
    def from_environment(cls) -> "Settings":
        """Read PORTAL_ENV, _SECRET_KEY, _INSTANCE_PATH, _DATABASE_URL and so on.

        Raises ConfigurationError where production would start unsafely.
        """
        env = os.environ
        environment = env.get("PORTAL_ENV", "production")
        if environment not in ("development", "production"):
            raise ConfigurationError("PORTAL_ENV must be 'development' or 'production'.")
        instance = Path(env.get("PORTAL_INSTANCE_PATH", str(ROOT / "instance"))).resolve()
        settings = cls(
            environment=environment,
            secret_key=env.get("PORTAL_SECRET_KEY", ""),
            secret_key_old=env.get("PORTAL_SECRET_KEY_OLD", ""),
            instance_path=instance,
            database_url=env.get("PORTAL_DATABASE_URL", ""),
            upload_limit_mb=_number(env, "PORTAL_UPLOAD_LIMIT_MB", 500, least=1),
            clock_offset_days=_number(env, "PORTAL_CLOCK_OFFSET_DAYS", 0),
            proxy_hops=_number(env, "PORTAL_PROXY_HOPS", 0, least=0),
            idle_minutes=_number(env, "PORTAL_IDLE_MINUTES", 60, least=1),
            session_hours=_number(env, "PORTAL_SESSION_HOURS", 12, least=1),
            hosts=tuple(filter(None, env.get("PORTAL_HOSTS", "").replace(",", " ").split())),
            clamd=env.get("PORTAL_CLAMD", ""),
            storage=_storage(env),
            oidc_file=env.get("PORTAL_OIDC_FILE", ""),
        )
        return settings.checked()

    def checked(self) -> "Settings":
        """Fill in development's defaults, or refuse what production must not have."""
        if reason := self.storage.wrong() or _wrong_database(self.database_url):
            raise ConfigurationError(reason)
        if self.is_development:
            key = self.secret_key or _development_key(self.instance_path)
            return replace(self, secret_key=key)
        if len(self.secret_key) < 32:
            raise ConfigurationError(
                "PORTAL_SECRET_KEY must be set to at least 32 random characters in production."
            )
        if self.clock_offset_days:
            raise ConfigurationError("PORTAL_CLOCK_OFFSET_DAYS is for demonstrations only.")
        return self

    def flask_config(self) -> dict[str, Any]:
        """Return the settings as Flask's configuration keys."""
        url = self.database_url or f"sqlite:///{self.instance_path / 'portal.sqlite3'}"
        return {
            "ENVIRONMENT": self.environment,
            "SECRET_KEY": self.secret_key,
            "SECRET_KEY_OLD": self.secret_key_old,
            "INSTANCE_PATH": str(self.instance_path),
            "DATABASE_URL": url,
            "UPLOAD_LIMIT": self.upload_limit_mb * MEBIBYTE,
            "CLOCK_OFFSET_DAYS": self.clock_offset_days,
            "PROXY_HOPS": self.proxy_hops,
            "IDLE_MINUTES": self.idle_minutes,
            "SESSION_HOURS": self.session_hours,
            "TRUSTED_HOSTS": list(self.hosts) or None,
            "CLAMD": self.clamd,
            "STORAGE": self.storage,
            "OIDC_FILE": self.oidc_file,
            "SESSION_COOKIE_SECURE": not self.is_development,
            "PASSWORD_HASH_COST": "production",
            **self.extra,
        }


def _wrong_database(url: str) -> str:
    """Say what does not fit in the address of the database, or nothing; it may hold a password."""
    try:
        fits = not url or make_url(url).drivername in DATABASES
    except (ArgumentError, ValueError):
        fits = False
    if fits:
        return ""
    return "PORTAL_DATABASE_URL must be like postgresql://user@host/name or sqlite:////path/file."


def _storage(env: Any) -> StorageSettings:
    """Read where files are kept and how they are handed over: PORTAL_STORAGE, _S3_*, _DELIVERY."""
    return StorageSettings(
        kind=env.get("PORTAL_STORAGE", "local"),
        delivery=env.get("PORTAL_DELIVERY", "portal"),
        bucket=env.get("PORTAL_S3_BUCKET", ""),
        endpoint=env.get("PORTAL_S3_ENDPOINT", ""),
        region=env.get("PORTAL_S3_REGION", ""),
        access_key=env.get("PORTAL_S3_ACCESS_KEY", ""),
        secret_key=env.get("PORTAL_S3_SECRET_KEY", ""),
    )


def _number(env: Any, name: str, default: int, *, least: int | None = None) -> int:
    """Read a whole number from the environment, or say which variable is wrong."""
    try:
        number = int(env.get(name, default))
    except ValueError as error:
        raise ConfigurationError(f"{name} must be a whole number.") from error
    if (least is not None and number < least) or abs(number) > MOST:
        lowest = -MOST if least is None else least
        raise ConfigurationError(f"{name} must be from {lowest} to {MOST}.")
    return number


def _development_key(instance: Path) -> str:
    """Return a key that survives restarts of a development copy and is no secret of ours."""
    instance.mkdir(parents=True, exist_ok=True)
    path = instance / "development-secret"
    if not path.exists():
        path.write_text(secrets.token_hex(32), encoding="ascii")
        path.chmod(0o600)
    return path.read_text(encoding="ascii").strip()
