"""PDFium, which is not safe for threads: whoever opens a document holds the one lock."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import pypdfium2

_lock = threading.RLock()


class PdfLocked(Exception):
    """The document opens with a password only."""


class PdfBroken(Exception):
    """PDFium cannot make anything of it."""


@contextmanager
def opened(stream: BinaryIO) -> Iterator[Any]:
    """Open ``stream`` (seekable) as a pypdfium2 document, for this thread alone.

    Raises PdfLocked or PdfBroken. Whatever is taken from the document must be closed, and
    used up, before the block ends.
    """
    with _lock:
        stream.seek(0)
        try:
            document = pypdfium2.PdfDocument(stream)
        except pypdfium2.PdfiumError as error:
            if "password" in str(error).lower():
                raise PdfLocked from error
            raise PdfBroken(str(error)) from error
        try:
            yield document
        finally:
            document.close()
