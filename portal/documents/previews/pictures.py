"""Pictures as they are shown to others: upright, scaled, and without anything but pixels."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from PIL import ExifTags, Image, ImageOps

from portal.documents.previews.limits import (
    DAMAGED,
    LIGHT_PIXELS,
    MOST_PIXELS,
    PICTURE_PIXELS,
    THUMBNAIL_PIXELS,
    TOO_LARGE,
    NoPreview,
)

FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
QUALITY = 85

Image.MAX_IMAGE_PIXELS = MOST_PIXELS


def picture_of(source: Path) -> bytes:
    """Return the picture to look at, as JPEG."""
    return _drawn(source, PICTURE_PIXELS)


def thumbnail_of(source: Path) -> bytes:
    """Return the small picture for lists, as JPEG."""
    return _drawn(source, THUMBNAIL_PIXELS)


def about_picture(source: Path) -> dict[str, Any]:
    """Return what only the original says: whether it carries the place where it was taken."""
    with _opened(source) as image:
        exif = image.getexif()
        position = exif.get_ifd(ExifTags.IFD.GPSInfo)
        in_exif = ExifTags.GPS.GPSLatitude in position or ExifTags.GPS.GPSLongitude in position
        notes = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""
        text = notes.encode() if isinstance(notes, str) else bytes(notes)
        return {"place": bool(in_exif or b"GPSLatitude" in text or b"GPSLongitude" in text)}


def is_light(source: Path) -> bool:
    """Whether decoding takes little memory: small, or a JPEG that is read at a reduced scale."""
    with _opened(source) as image:
        reducible = image.format == "JPEG" and not image.info.get("progressive")
        return reducible or image.width * image.height <= LIGHT_PIXELS


def jpeg_of(image: Image.Image, longest: int) -> bytes:
    """Return ``image`` scaled to ``longest`` as JPEG: its pixels alone, on white."""
    image.thumbnail((longest, longest), Image.Resampling.LANCZOS, reducing_gap=2.0)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        colours = image.convert("RGBA")
        plain = Image.new("RGB", image.size, "white")
        plain.paste(colours, mask=colours.getchannel("A"))
    else:
        plain = image.convert("RGB")
    # Nothing that hangs on the image is written: no EXIF, XMP, comment or colour profile.
    plain.info = {}
    target = io.BytesIO()
    plain.save(target, "JPEG", quality=QUALITY, optimize=True)
    return target.getvalue()


def cleaned(stream: BinaryIO, longest: int) -> bytes:
    """Return the picture in ``stream`` upright, scaled and cleaned. Raises NoPreview."""
    with _opened(stream) as image:
        # A JPEG is decoded at the scale that is just large enough.
        image.draft("RGB", (longest, longest))
        return jpeg_of(ImageOps.exif_transpose(image), longest)


def _drawn(source: Path, longest: int) -> bytes:
    with source.open("rb") as stream:
        return cleaned(stream, longest)


@contextmanager
def _opened(source: Path | BinaryIO) -> Iterator[Image.Image]:
    """Open a picture whose size is bearable; whatever is wrong with it is a NoPreview."""
    try:
        with Image.open(source, formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise NoPreview(TOO_LARGE)
            yield image
    except NoPreview:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise NoPreview(TOO_LARGE) from error
    except Exception as error:
        # Decoders raise much beyond OSError for bytes made up to hurt them.
        raise NoPreview(DAMAGED) from error
