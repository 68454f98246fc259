"""Which file a table's value means, and that it never leaves the folder."""

from __future__ import annotations

import pytest

from core.errors import GapwiseError
from core.importing.folder import ImageFolder, natural
from tests.importing.sets import images


@pytest.fixture
def folder(tmp_path):
    images(tmp_path / "set", ["1.jpg", "sub/2.jpg", "a/3.png", "b/3.jpg", "x.y.jpg", "Photo.JPG", "odd.dat"])
    return ImageFolder.scan(tmp_path / "set")


@pytest.mark.parametrize(
    ("value", "file"),
    [
        ("1.jpg", "1.jpg"), (" 1.jpg ", "1.jpg"), ("./1.jpg", "1.jpg"), ("1", "1.jpg"), ("sub/../1.jpg", "1.jpg"),
        ("sub/2.jpg", "sub/2.jpg"), ("sub\\2.jpg", "sub/2.jpg"), ("sub/2", "sub/2.jpg"), ("2.jpg", "sub/2.jpg"),
        ("2", "sub/2.jpg"), ("x.y", "x.y.jpg"), ("photo.jpg", "Photo.JPG"), ("3.png", "a/3.png"),
        ("odd.dat", "odd.dat"),
    ],
)  # fmt: skip
def test_a_value_finds_its_file_with_or_without_extension_and_folder(folder, value, file):
    assert folder.find(value).name == file


def test_a_prefix_above_the_folder_is_taken_off(folder):
    assert folder.find("images/sub/2.jpg", "images/").name == "sub/2.jpg"


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("", "no_name"), ("  ", "no_name"), (".", "no_name"), ("gone.jpg", "not_found"), ("other/1.jpg", "not_found"),
        ("3", "ambiguous"), ("../1.jpg", "outside"), ("sub/../../1.jpg", "outside"), ("/etc/passwd", "outside"),
        ("..\\1.jpg", "outside"), ("C:\\1.jpg", "outside"), ("c:1.jpg", "outside"), ("\\\\host\\1.jpg", "outside"),
        ("1.jpg\0.png", "outside"), ("x" * 5000, "not_found"), ("sub", "not_found"),
    ],
)  # fmt: skip
def test_a_value_that_finds_none_says_why(folder, value, problem):
    match = folder.find(value)
    assert (match.name, match.problem) == (None, problem)


def test_links_are_followed_inside_and_refused_outside(tmp_path):
    images(tmp_path, ["set/real.jpg", "secret/private.jpg"])
    (tmp_path / "set" / "in.jpg").symlink_to("real.jpg")
    (tmp_path / "set" / "out.jpg").symlink_to("../secret/private.jpg")
    (tmp_path / "set" / "way").symlink_to("../secret")
    folder = ImageFolder.scan(tmp_path / "set")
    assert folder.find("in.jpg").name == "in.jpg"
    assert folder.find("out.jpg").problem == "outside"
    assert folder.find("way/private.jpg").problem == "outside"
    assert "way/private.jpg" not in folder.files


def test_a_folder_beside_it_with_the_same_beginning_is_outside(tmp_path):
    images(tmp_path, ["set/1.jpg", "set2/2.jpg"])
    (tmp_path / "set" / "l.jpg").symlink_to("../set2/2.jpg")
    assert ImageFolder.scan(tmp_path / "set").find("l.jpg").problem == "outside"


def test_a_link_as_the_folder_itself_is_fine(tmp_path):
    images(tmp_path, ["set/1.jpg"])
    (tmp_path / "link").symlink_to("set")
    assert ImageFolder.scan(tmp_path / "link").find("1.jpg").name == "1.jpg"


def test_a_file_name_that_is_no_text_is_listed_and_not_found(tmp_path):
    images(tmp_path, ["1.jpg"])
    with open(bytes(tmp_path) + b"/\xff\xfe.jpg", "wb"):
        pass
    folder = ImageFolder.scan(tmp_path)
    assert folder.files == ["1.jpg", r"\xff\xfe.jpg"] or sorted(folder.files) == ["1.jpg", r"\udcff\udcfe.jpg"]


@pytest.mark.parametrize("path", ["gone", "a\0b"])
def test_a_folder_that_is_not_there_is_an_error_for_people(tmp_path, path):
    with pytest.raises(GapwiseError):
        ImageFolder.scan(tmp_path / path)


def test_natural_order_puts_two_before_ten():
    assert sorted(["a10", "a2", "b1", "2", "10"], key=natural) == ["2", "10", "a2", "a10", "b1"]


@pytest.mark.parametrize("where", [".", "ws"])
def test_a_workspace_among_the_pictures_adds_none_of_its_own(tmp_path, where):
    # With the workspace inside the image folder a second import took the previews for pictures.
    images(tmp_path, ["1.jpg", f"{where}/images/2.jpg", f"{where}/previews/00000/1.jpg", "other/previews/3.jpg"])
    (tmp_path / where / "gapwise.sqlite").touch()
    found = {name.removeprefix("ws/") for name in ImageFolder.scan(tmp_path).files}
    assert found == {"1.jpg", "images/2.jpg", "other/previews/3.jpg"}


def test_a_name_in_the_other_unicode_form_is_found(tmp_path):
    """An archive made on a Mac spelled é in two characters, the table in one: every such image was "not found"."""
    (tmp_path / "cafe\u0301.jpg").write_bytes(b"")
    assert ImageFolder.scan(tmp_path).find("caf\u00e9.jpg").name == "cafe\u0301.jpg"


def test_a_name_that_our_own_export_made_harmless_is_found_again(tmp_path):
    (tmp_path / "=1.png").write_bytes(b"")
    folder = ImageFolder.scan(tmp_path)
    assert folder.find("'=1.png").name == "=1.png"
    assert folder.find("'x'").problem == "not_found"
