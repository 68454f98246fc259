"""Every kind of picture becomes the RGB that a person sees; every broken one says what is wrong."""

from __future__ import annotations

import contextlib
import os
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core.errors import GapwiseError
from core.images.decode import MAX_PIXELS, ImageError, inspect, open_rgb
from tests.images.pictures import LEFT, RIGHT, encoded, halves, noise


def near(pixel: tuple[int, ...], wanted: tuple[int, ...], tolerance: int = 12) -> bool:
    return max(abs(a - b) for a, b in zip(pixel, wanted, strict=True)) <= tolerance


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM"])
def test_every_usual_format_becomes_rgb(format):
    image = open_rgb(encoded(halves(), format))
    assert (image.mode, image.size) == ("RGB", (40, 20))
    assert near(image.getpixel((5, 10)), LEFT)
    assert near(image.getpixel((35, 10)), RIGHT)


# How a 40 x 20 picture, red on its left, looks upright for each EXIF orientation: where its red side is.
@pytest.mark.parametrize(
    ("orientation", "size", "red"),
    [
        (1, (40, 20), "left"), (2, (40, 20), "right"), (3, (40, 20), "right"), (4, (40, 20), "left"),
        (5, (20, 40), "top"), (6, (20, 40), "top"), (7, (20, 40), "bottom"), (8, (20, 40), "bottom"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_orientation_is_applied(orientation, size, red, format):
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encoded(halves(), format, exif=exif)
    image = open_rgb(content)
    assert image.size == size
    width, height = size
    place = {"left": (3, height // 2), "right": (width - 4, height // 2), "top": (10, 3), "bottom": (10, height - 4)}
    assert near(image.getpixel(place[red]), LEFT)
    facts = inspect(content)
    assert (facts.width, facts.height) == size


def test_broken_exif_does_not_cost_the_picture():
    content = encoded(halves(), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff garbage")
    assert open_rgb(content).size == (40, 20)


def test_cmyk_shows_its_colours():
    cmyk = Image.new("CMYK", (20, 20), (0, 255, 255, 0))  # no cyan, all magenta and yellow: red
    assert near(open_rgb(encoded(cmyk, "JPEG", quality=95)).getpixel((10, 10)), (255, 0, 0), 20)


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_sixteen_bit_grey_is_scaled_not_clipped(format):
    values = np.array([[0, 257 * 64, 257 * 128, 65535]], dtype=np.uint16).repeat(2, axis=0)
    image = open_rgb(encoded(Image.fromarray(values), format))
    assert [image.getpixel((x, 0))[0] for x in range(4)] == [0, 64, 128, 255]


def test_sixteen_bit_ppm_is_scaled_not_clipped():
    pixels = np.array([0, 32896, 65535], dtype=">u2").tobytes()
    image = open_rgb(b"P5 3 1 65535\n" + pixels)
    assert [image.getpixel((x, 0))[0] for x in range(3)] == [0, 128, 255]


def test_float_grey_between_zero_and_one_is_scaled():
    image = open_rgb(encoded(Image.fromarray(np.array([[0.0, 0.5, 1.0]], dtype=np.float32)), "TIFF"))
    assert [image.getpixel((x, 0))[0] for x in range(3)] == [0, 128, 255]


def test_alpha_lies_over_white():
    image = Image.new("RGBA", (4, 1), (0, 0, 0, 0))
    image.putpixel((1, 0), (0, 0, 0, 255))
    image.putpixel((2, 0), (255, 0, 0, 128))
    shown = open_rgb(encoded(image, "PNG"))
    assert [shown.getpixel((x, 0)) for x in range(3)] == [(255, 255, 255), (0, 0, 0), (255, 127, 127)]


def test_a_palette_with_a_transparent_colour_lies_over_white():
    image = Image.new("P", (2, 1))
    image.putpalette([0, 0, 0, 250, 0, 0])
    image.putpixel((1, 0), 1)
    shown = open_rgb(encoded(image, "PNG", transparency=0))
    assert [shown.getpixel((x, 0)) for x in range(2)] == [(255, 255, 255), (250, 0, 0)]


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP"])
def test_an_animation_gives_its_first_frame(format):
    frames = [Image.new("RGB", (16, 16), colour) for colour in ((250, 0, 0), (0, 250, 0))]
    options = {"lossless": True} if format == "WEBP" else {}
    content = encoded(frames[0], format, save_all=True, append_images=frames[1:], **options)
    assert near(open_rgb(content).getpixel((8, 8)), (250, 0, 0))


def test_a_smaller_side_is_decoded_quickly_but_never_falls_below_what_was_asked():
    content = encoded(noise(0, 640, 480), "JPEG")
    assert open_rgb(content, min_side=100).size == (160, 120)
    assert open_rgb(content, long_side=100).size == (160, 120)
    assert open_rgb(content, long_side=640).size == (640, 480)
    assert open_rgb(content, min_side=1000).size == (640, 480)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM"])
@pytest.mark.parametrize("kept", [0.5, 0.95])
def test_a_truncated_file_is_found(format, kept):
    content = encoded(noise(1), format)
    with pytest.raises(ImageError) as found:
        inspect(content[: int(len(content) * kept)])
    assert found.value.problem == "truncated"


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"", "empty"), (b"hello", "unreadable"), (b"%PDF-1.4 ...", "unreadable"), (b"<svg/>", "unreadable")],
)
def test_what_is_no_picture_says_so(content, problem, tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    with pytest.raises(ImageError, match=r"a\.jpg") as found:
        inspect(path)
    assert found.value.problem == problem


def test_formats_that_run_other_programs_are_not_read():
    with pytest.raises(ImageError) as found:
        open_rgb(encoded(halves(), "EPS"))
    assert found.value.problem == "unreadable"


def png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(20_000, 10_001), (50_000, 50_000), (2**31 - 1, 2**31 - 1)])
def test_a_decompression_bomb_is_refused_from_its_header(size):
    assert size[0] * size[1] > MAX_PIXELS
    with pytest.raises(ImageError) as found:
        inspect(png_header(*size))
    assert found.value.problem == "too_large"


def test_an_extension_that_does_not_fit_is_seen():
    content = encoded(halves(), "PNG")
    assert inspect(content, "a.png").suffix_fits
    assert inspect(content, "A.PNG").suffix_fits
    assert inspect(content, "without").suffix_fits
    assert not inspect(content, "a.jpg").suffix_fits
    assert not inspect(content, "a.txt").suffix_fits


def test_a_picture_of_one_colour_is_blank():
    assert inspect(encoded(Image.new("RGB", (9, 9), "red"), "PNG")).blank
    assert not inspect(encoded(halves(), "PNG")).blank


def test_a_pipe_is_refused_instead_of_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.jpg")
    with pytest.raises(ImageError, match="no plain file"):
        open_rgb(tmp_path / "a.jpg")


def test_a_missing_file_and_a_folder_are_errors_for_people(tmp_path):
    for path in (tmp_path, tmp_path / "gone.jpg"):
        with pytest.raises(GapwiseError):
            open_rgb(path)


SEEDS = [encoded(noise(2, 24, 16), format) for format in ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "PPM")]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(SEEDS), st.data())
def test_damaged_bytes_give_a_picture_or_an_error_for_people(content, data):
    damaged = bytearray(content)
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    for use in (inspect, open_rgb):
        with contextlib.suppress(ImageError):
            use(bytes(damaged))
