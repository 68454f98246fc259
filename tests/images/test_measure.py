"""Measures of drawn pictures, whose answers are known."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import Image, ImageFilter, TiffImagePlugin

from core.images.decode import ImageError
from core.images.measure import SIDE, date_taken, measure
from core.images.previews import LONG_SIDE
from tests.images.pictures import encoded, halves, noise

TAKEN = 0x9003
CHANGED = 0x0132


def grey(level: int, width: int = 64, height: int = 48) -> Image.Image:
    return Image.new("RGB", (width, height), (level,) * 3)


def stripes(width: int = 1024, every: int = 16) -> Image.Image:
    pixels = np.tile((np.arange(width) // every % 2 * 255).astype(np.uint8), (width // 2, 1))
    return Image.fromarray(pixels).convert("RGB")


def dated(text: object, format: str = "JPEG", changed: object = None) -> bytes:
    if format == "TIFF":  # its writer leaves out what lies below
        tags = TiffImagePlugin.ImageFileDirectory_v2()
        if text is not None:
            tags[0x8769] = {TAKEN: text}
        if changed is not None:
            tags[CHANGED] = changed
        return encoded(halves(), format, tiffinfo=tags)
    exif = Image.Exif()
    exif[0x0112] = 1
    if text is not None:
        exif.get_ifd(0x8769)[TAKEN] = text
    if changed is not None:
        exif[CHANGED] = changed
    return encoded(halves(), format, exif=exif)


@pytest.mark.parametrize("level", [0, 51, 255])
def test_brightness_of_one_grey_is_that_grey_and_nothing_is_sharp_in_it(level):
    found = measure(encoded(grey(level), "PNG"))
    assert found.brightness == pytest.approx(level / 255, abs=1e-6)
    assert (found.contrast, found.sharpness) == (0.0, 0.0)


def test_half_black_and_half_white_has_the_highest_contrast():
    image = grey(0, SIDE, SIDE)
    image.paste((255, 255, 255), (0, 0, SIDE // 2, SIDE))
    found = measure(encoded(image, "PNG"))
    assert (found.brightness, found.contrast) == (0.5, 0.5)
    # Two of 512 columns see an edge: 255 on one side, -255 on the other, 0 elsewhere.
    assert found.sharpness == pytest.approx(255**2 * 2 / SIDE, rel=1e-6)


def test_luma_weighs_colours_as_eyes_do():
    found = [measure(encoded(Image.new("RGB", (9, 9), colour), "PNG")).brightness for colour in ("blue", "red", "lime")]
    assert found == pytest.approx([0.114, 0.299, 0.587], abs=0.004)  # ITU-R BT.601


def test_a_blurred_picture_is_less_sharp_and_as_bright():
    sharp = measure(encoded(stripes(), "PNG"))
    blurred = measure(encoded(stripes().filter(ImageFilter.GaussianBlur(3)), "PNG"))
    assert blurred.sharpness < sharp.sharpness / 3
    assert blurred.brightness == pytest.approx(sharp.brightness, abs=0.01)


@pytest.mark.parametrize("factor", [2, 4])
def test_the_same_picture_at_a_higher_resolution_is_as_sharp(factor):
    image = noise(0, 128, 96).resize((SIDE, SIDE * 3 // 4), Image.Resampling.BICUBIC)
    larger = image.resize((image.width * factor, image.height * factor), Image.Resampling.BICUBIC)
    one, other = measure(encoded(image, "PNG")), measure(encoded(larger, "PNG"))
    assert other.sharpness == pytest.approx(one.sharpness, rel=0.1)
    assert other.contrast == pytest.approx(one.contrast, rel=0.02)


def test_a_jpeg_that_is_decoded_quickly_has_the_figures_of_the_whole_one():
    image = noise(1, 200, 150).resize((3 * LONG_SIDE, 9 * LONG_SIDE // 4), Image.Resampling.BICUBIC)
    quick, whole = measure(encoded(image, "JPEG", quality=95)), measure(encoded(image, "PNG"))
    assert quick.brightness == pytest.approx(whole.brightness, abs=0.005)
    assert quick.sharpness == pytest.approx(whole.sharpness, rel=0.1)


def test_orientation_changes_no_figure():
    exif = Image.Exif()
    exif[0x0112] = 6
    upright, turned = measure(encoded(halves(), "PNG")), measure(encoded(halves(), "PNG", exif=exif))
    assert turned.brightness == pytest.approx(upright.brightness, abs=1e-6)
    assert turned.sharpness == pytest.approx(upright.sharpness, rel=1e-6)


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (2000, 2), (3, 3)])
def test_odd_sizes_are_measured(size):
    assert measure(encoded(grey(128, *size), "PNG")).brightness == pytest.approx(128 / 255, abs=1e-6)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_the_date_taken_is_read(format):
    assert measure(dated("2021:07:15 08:09:10", format)).taken == datetime(2021, 7, 15, 8, 9, 10, tzinfo=UTC)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("original", [None, "0000:00:00 00:00:00", "    :  :     :  :  "])
def test_without_a_date_taken_the_date_of_the_file_stands_in(original, format):
    """Scanners and programs that strip most of EXIF leave DateTime of the first IFD only; it was passed over."""
    found = measure(dated(original, format, changed="2019:03:04 05:06:07"))
    assert found.taken == datetime(2019, 3, 4, 5, 6, 7, tzinfo=UTC)


@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
def test_a_date_taken_goes_before_the_date_of_the_file(format):
    """An editor sets DateTime anew whenever it stores the picture."""
    found = measure(dated("2021:07:15 08:09:10", format, changed="2025:01:01 10:00:00"))
    assert found.taken == datetime(2021, 7, 15, 8, 9, 10, tzinfo=UTC)


def test_a_picture_without_a_date_has_none():
    assert measure(encoded(halves(), "JPEG")).taken is None
    assert measure(encoded(halves(), "GIF")).taken is None


@pytest.mark.parametrize(
    "text",
    [
        "0000:00:00 00:00:00", "2021:13:01 00:00:00", "2021:02:30 00:00:00", "2021:07:15 25:00:00", "    :  :     :  :",
        "1970:01:01 00:00:00", "1980:01:01 00:00:00", "1500:01:01 00:00:00", "9999:01:01 00:00:00", "", "yesterday",
        None, 7, ("2021:07:15 08:09:10",), b"\xff\xfe", "2021:07:15", "=cmd()", "٢٠٢١:07:15 08:09:10",
    ],
)  # fmt: skip
def test_absurd_dates_are_none(text):
    assert date_taken(text, datetime(2030, 1, 1, tzinfo=UTC)) is None


def test_dates_up_to_a_day_ahead_may_be_another_time_zone():
    now = datetime(2030, 1, 1, tzinfo=UTC)
    assert date_taken("2030:01:01 20:00:00", now) is not None
    assert date_taken("2030:01:03 00:00:00", now) is None
    assert date_taken(b"2029:01:03 00:00:00\0", now) == datetime(2029, 1, 3, tzinfo=UTC)


def test_broken_exif_costs_the_date_only():
    found = measure(encoded(halves(), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff garbage"))
    assert found.taken is None
    assert found.brightness > 0


def test_what_is_no_picture_raises():
    with pytest.raises(ImageError):
        measure(b"hello")
