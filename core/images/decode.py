"""From any picture file to 8-bit RGB, safely.

Files are hostile until proven otherwise: the format must be on a short list, the header's size is
checked before anything is decoded, and every way in which a decoder can fail ends in a GapwiseError.
"""

from __future__ import annotations

import io
import math
import struct
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, UnidentifiedImageError

from core.errors import GapwiseError

# Pillow knows some fifty formats; these are the ones people keep photographs and drawings in, and
# none of them calls another program (EPS would run Ghostscript) or may hold a second file.
SUFFIXES = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "MPO": (".jpg", ".jpeg", ".mpo"),  # two JPEGs in one file, from stereo cameras and phones
    "PNG": (".png", ".apng"),
    "WEBP": (".webp",),
    "BMP": (".bmp", ".dib"),
    "DIB": (".dib", ".bmp"),
    "GIF": (".gif",),
    "TIFF": (".tif", ".tiff"),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
    "AVIF": (".avif",),
    "JPEG2000": (".jp2", ".j2k", ".jpx"),
}
_FORMATS = tuple(name for name in SUFFIXES if name != "MPO")  # the JPEG reader finds those itself
IMAGE_SUFFIXES = frozenset(suffix for group in SUFFIXES.values() for suffix in group)
MAX_PIXELS = 200_000_000  # the largest phone cameras take 16,320 x 12,240; RGB is then 800 MB in Pillow
MAX_BYTES = 1 << 30

_ORIENTATION = 0x0112
_EXIF_IFD, _DATE_TAKEN = 0x8769, 0x9003  # DateTimeOriginal
_DATE_CHANGED = 0x0132  # DateTime, in the first IFD
_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# What Pillow's plugins are known to raise on broken data; a MemoryError is a header that lies.
_BROKEN = (OSError, SyntaxError, ValueError, TypeError, IndexError, KeyError, EOFError, OverflowError,
           ZeroDivisionError, AttributeError, NotImplementedError, MemoryError, RuntimeError, struct.error,
           zlib.error, ImageCms.PyCMSError)  # fmt: skip

# Our own limit is checked from the header; Pillow's, lower, would warn and refuse in between.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
# Odd EXIF and tags are warned about for each picture; what matters becomes an ImageError.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")


class ImageError(GapwiseError):
    """A picture that can't be used; `problem` is one of empty, unreadable, truncated, too_large."""

    def __init__(self, problem: str, message: str) -> None:
        super().__init__(message)
        self.problem = problem


@dataclass(frozen=True)
class ImageFacts:
    """What a look at a picture tells.

    Attributes:
        width, height: Pixels, after EXIF orientation.
        format: Pillow's name of the format that the content has, whatever the file is called.
        suffix_fits: Whether the file's extension belongs to that format.
        blank: Whether all pixels have one colour.
    """

    width: int
    height: int
    format: str
    suffix_fits: bool = True
    blank: bool = False


def open_rgb(source: Path | str | bytes, min_side: int | None = None, long_side: int | None = None) -> Image.Image:
    """Return a picture as 8-bit RGB, the way a person sees it.

    EXIF orientation is applied, alpha lies over white, 16 bit are scaled to 8, of an animation the
    first frame is taken.

    Args:
        source: A file, or its content.
        min_side: When the caller makes it smaller anyway: neither side of the result falls below
            this because of a quick, reduced decoding (JPEG only). The full size when None.
        long_side: The same for the longer side alone.

    Raises:
        ImageError: If it is no picture of an accepted format, broken, or a decompression bomb.
    """
    return _to_rgb(_load(*_drafted(source, min_side, long_side)))


def open_dated(source: Path | str | bytes, long_side: int | None = None) -> tuple[Image.Image, tuple[object, ...]]:
    """Return a picture as `open_rgb` does, and the dates that its EXIF names, the one to be trusted most first.

    DateTimeOriginal, when it was taken; then DateTime, when the file was last changed: cameras write the same there,
    and scanners and programs that strip the rest leave only this one. Each is whatever the file has there, and left
    out where it has nothing: anybody may have written it.

    Raises:
        ImageError: As `open_rgb`.
    """
    image, name = _drafted(source, None, long_side)
    # A TIFF closes its file once it is decoded; a PNG may have EXIF behind its pixels.
    dates = _dates(image) if image.format == "TIFF" else ()
    image = _load(image, name)
    return _to_rgb(image), dates or _dates(image)


def inspect(source: Path | str | bytes, name: str | None = None) -> ImageFacts:
    """Decode a picture and tell its size and format.

    Args:
        source: A file, or its content.
        name: The file's name, whose extension is compared with the content; the source's when None.

    Raises:
        ImageError: If it is empty, unreadable, truncated or a decompression bomb.
    """
    image, called = _open(source, name)
    width, height = image.size
    # A reduced decoding still reads the whole stream, so a truncated file is found all the same.
    image.draft(None, (1, 1))
    decoded = _load(image, called)
    # TIFF turns itself while it loads; the others keep their header's size and a tag.
    width, height = decoded.size if image.format == "TIFF" else (width, height)
    if _orientation(decoded) >= 5:
        width, height = height, width
    suffix = Path(name if name is not None else "" if isinstance(source, bytes) else source).suffix.lower()
    return ImageFacts(width, height, image.format, suffix in ("", *SUFFIXES[image.format]), _blank(decoded))


def read_bytes(path: Path | str) -> bytes:
    """Return a picture file's content.

    Raises:
        ImageError: If it is no plain file, empty, larger than 1 GiB or can't be read.
    """
    path = Path(path)
    try:
        # A FIFO or a device would hang the reader.
        if not path.is_file():
            raise ImageError("unreadable", f"{path.name} is no plain file.")
        size = path.stat().st_size
        if size == 0:
            raise ImageError("empty", f"{path.name} is empty (0 bytes).")
        if size > MAX_BYTES:
            raise ImageError("too_large", f"{path.name} has {size:,} bytes; at most {MAX_BYTES:,} are read.")
        return path.read_bytes()
    except OSError as error:
        raise ImageError("unreadable", f"{path.name} can't be read: {error.strerror or error}.") from error


def _open(source: Path | str | bytes, name: str | None = None) -> tuple[Image.Image, str]:
    """Read the header only; return the picture and what to call it in messages."""
    name = name or ("The picture" if isinstance(source, bytes) else Path(source).name)
    content = source if isinstance(source, bytes) else read_bytes(source)
    if not content:
        raise ImageError("empty", f"{name} is empty (0 bytes).")
    try:
        image = Image.open(io.BytesIO(content), formats=_FORMATS)
    except UnidentifiedImageError as error:
        raise ImageError(
            "unreadable", f"{name} is no picture that Gapwise reads ({', '.join(SUFFIXES)}), or its header is broken."
        ) from error
    except Image.DecompressionBombError as error:
        raise _bomb(name, str(error)) from error
    except _BROKEN as error:
        problem = "truncated" if _cut_webp(content) else "unreadable"
        raise ImageError(problem, f"{name} can't be read: {error}.") from error
    if image.width * image.height > MAX_PIXELS:
        raise _bomb(name, f"{image.width} x {image.height} pixels")
    if image.width < 1 or image.height < 1:
        raise ImageError("empty", f"{name} has no pixels ({image.width} x {image.height}).")
    return image, name


def _drafted(source: Path | str | bytes, min_side: int | None, long_side: int | None) -> tuple[Image.Image, str]:
    """Read the header, and choose how much of a JPEG to decode; return the picture and what to call it."""
    image, name = _open(source)
    if min_side is not None:
        image.draft(None, (min_side, min_side))
    elif long_side is not None:
        scale = long_side / max(image.size)
        image.draft(None, (math.ceil(image.width * scale), math.ceil(image.height * scale)))
    return image, name


def _load(image: Image.Image, name: str) -> Image.Image:
    try:
        image.load()
    except Image.DecompressionBombError as error:
        raise _bomb(name, str(error)) from error
    except _BROKEN as error:
        problem = "truncated" if _sounds_truncated(error) else "unreadable"
        raise ImageError(problem, f"{name} can't be decoded: {error}.") from error
    return image


def _sounds_truncated(error: BaseException) -> bool:
    text = str(error).lower()
    return isinstance(error, EOFError) or any(
        word in text for word in ("truncated", "broken data stream", "end of file", "not enough", "unexpected end")
    )


def _cut_webp(content: bytes) -> bool:
    """Whether a WebP is shorter than its header says; its decoder does not tell that from other damage."""
    return (
        content[:4] == b"RIFF"
        and content[8:12] == b"WEBP"
        and int.from_bytes(content[4:8], "little") + 8 > len(content)
    )


def _bomb(name: str, detail: str) -> ImageError:
    return ImageError(
        "too_large", f"{name} would unpack to too many pixels: {detail}; at most {MAX_PIXELS:,} are read."
    )


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except _BROKEN:
        return 1  # EXIF is an aside: a picture with broken EXIF is shown as it lies
    return value if isinstance(value, int) else 1


def _dates(image: Image.Image) -> tuple[object, ...]:
    try:
        exif = image.getexif()
        found = exif.get_ifd(_EXIF_IFD).get(_DATE_TAKEN), exif.get(_DATE_CHANGED)
    except _BROKEN:
        return ()
    return tuple(date for date in found if date is not None)


def _to_rgb(image: Image.Image) -> Image.Image:
    """Pixels of any mode to RGB: scaled, not clipped; alpha over white; upright."""
    turn = _TRANSPOSE.get(_orientation(image))
    try:
        image = _eight_bit(image)
        if image.mode == "LAB":
            image = ImageCms.profileToProfile(
                image, ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
        if image.has_transparency_data:
            layer = image.convert("RGBA")
            image = Image.new("RGB", layer.size, "white")
            image.paste(layer, mask=layer.getchannel("A"))
        image = image if image.mode == "RGB" else image.convert("RGB")
    except _BROKEN as error:
        raise ImageError("unreadable", f"A picture with pixels of kind {image.mode} can't be turned to RGB.") from error
    return image.transpose(turn) if turn is not None else image


def _eight_bit(image: Image.Image) -> Image.Image:
    """Scale 16-bit, 32-bit and float grey to 8 bit; other modes are 8 bit already."""
    if image.mode not in ("I", "F") and not image.mode.startswith("I;16"):
        return image
    pixels = np.asarray(image).astype(np.float32)  # (H, W)
    clear = image.info.get("transparency")
    low, high = _range(pixels, image.mode)
    grey = np.clip(np.nan_to_num((pixels - low) * (255 / (high - low))), 0, 255).round().astype(np.uint8)
    if isinstance(clear, int):
        grey[pixels == clear] = 255
    return Image.fromarray(grey)


def _range(pixels: np.ndarray, mode: str) -> tuple[float, float]:
    """Return the values that become black and white."""
    if mode.startswith("I;16"):
        return 0.0, 65535.0
    finite = pixels[np.isfinite(pixels)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    # No header says what 32-bit grey means: take the narrowest usual range that holds the values.
    usual = (1.0, 255.0, 65535.0) if mode == "F" else (65535.0,)
    for top in usual:
        if low >= 0 and high <= top:
            return 0.0, top
    return low, high if high > low else low + 1


def _blank(image: Image.Image) -> bool:
    extrema = image.getextrema()
    return all(low == high for low, high in (extrema if isinstance(extrema[0], tuple) else (extrema,)))
