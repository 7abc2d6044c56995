"""Objects of a bucket read as files, and what goes wrong there in the words of the store."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from portal.storage.base import StoreUnavailable

_MISSING = frozenset({"404", "NoSuchKey", "NotFound"})
_TAKEN = frozenset({"412", "PreconditionFailed", "ConditionalRequestConflict"})


class ObjectReader(io.RawIOBase):
    """An object read over HTTP; a jump is a new request, made when something is read."""

    def __init__(self, fetch: Callable[[int], Any], size: int, start: int) -> None:
        self._fetch, self._size, self._position = fetch, size, start
        self._body: Any = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        position = max(0, base + offset)
        if position != self._position:
            self._hang_up()
            self._position = position
        return position

    def readinto(self, buffer: Any) -> int:
        if self._position >= self._size:
            return 0
        with translated():
            if self._body is None:
                self._body = self._fetch(self._position)
            data: bytes = self._body.read(len(buffer))
        if not data:
            raise StoreUnavailable("the object broke off")
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)

    def close(self) -> None:
        self._hang_up()
        super().close()

    def _hang_up(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None


@contextmanager
def translated() -> Iterator[None]:
    """Say what went wrong in the words of files: missing, taken, or no answer."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code")
        if code in _MISSING:
            raise FileNotFoundError(str(error)) from error
        if code in _TAKEN:
            raise FileExistsError(str(error)) from error
        raise StoreUnavailable(str(error)) from error
    except (BotoCoreError, Boto3Error) as error:
        raise StoreUnavailable(str(error)) from error
