"""Uploads stay in their folder and within their limits."""

from __future__ import annotations

import io
import stat
import zipfile

import pytest

from core.errors import GapwiseError
from core.importing import upload as up
from core.importing.upload import discard, store_uploads
from tests.images.pictures import encoded, noise

PICTURE = encoded(noise(0), "JPEG")


def zipped(entries: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return io.BytesIO(buffer.getvalue())


def stored(upload) -> set[str]:
    return {str(p.relative_to(upload.images)) for p in upload.images.rglob("*") if p.is_file()}


def test_single_files_and_a_table_are_stored(tmp_path):
    upload = store_uploads(tmp_path, [("t.csv", io.BytesIO(b"fname\n")), ("1.jpg", io.BytesIO(PICTURE))])
    assert stored(upload) == {"1.jpg"}
    assert upload.table.read_bytes() == b"fname\n"
    assert (upload.images / "1.jpg").read_bytes() == PICTURE


def test_a_zip_keeps_its_folders_and_may_hold_the_table(tmp_path):
    entries = {
        "set/cat/1.jpg": PICTURE,
        "set/t.tsv": b"fname\n",
        "__MACOSX/1.jpg": b"",
        "set/.DS_Store": b"",
        "set/a.exe": b"",
    }
    upload = store_uploads(tmp_path, [("set.zip", zipped(entries))])
    assert stored(upload) == {"set/cat/1.jpg"}
    assert upload.table.name == "t.tsv"
    assert {name for name, _ in upload.skipped} == {"__MACOSX/1.jpg", "set/.DS_Store", "set/a.exe"}


@pytest.mark.parametrize("name", ["../evil.jpg", "/etc/evil.jpg", "a/../../evil.jpg", "..\\evil.jpg", "C:\\evil.jpg"])
def test_a_name_that_leaves_the_folder_is_skipped(tmp_path, name):
    upload = store_uploads(
        tmp_path / "in", [("z.zip", zipped({name: PICTURE, "ok.jpg": PICTURE})), (name, io.BytesIO(PICTURE))]
    )
    assert stored(upload) == {"ok.jpg"}
    assert len(upload.skipped) == 2
    assert not list(tmp_path.rglob("evil.jpg"))


def test_a_link_in_a_zip_is_skipped(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        entry = zipfile.ZipInfo("link.jpg")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    upload = store_uploads(tmp_path, [("z.zip", buffer)])
    assert (stored(upload), upload.skipped) == (set(), [("link.jpg", "a link")])


@pytest.mark.parametrize("limit", ["MAX_UNPACKED", "MAX_ENTRIES"])
def test_a_zip_bomb_is_refused_and_leaves_nothing_behind(tmp_path, monkeypatch, limit):
    monkeypatch.setattr(up, limit, 3 if limit == "MAX_ENTRIES" else 1 << 20)
    bomb = {f"{i}.jpg": b"\0" * (1 << 19) for i in range(5)}
    with pytest.raises(GapwiseError, match="more than"):
        store_uploads(tmp_path, [("bomb.zip", zipped(bomb))])
    assert list(tmp_path.iterdir()) == []


def test_a_broken_zip_is_refused_and_leaves_nothing_behind(tmp_path):
    whole = zipped({"1.jpg": PICTURE}, zipfile.ZIP_STORED).getvalue()
    damaged = bytearray(whole)
    damaged[60] ^= 255
    for content in (b"no zip", whole[: len(whole) // 2], bytes(damaged)):
        with pytest.raises(GapwiseError, match="zip"):
            store_uploads(tmp_path, [("z.zip", io.BytesIO(content))])
    assert list(tmp_path.iterdir()) == []


def test_names_that_collide_or_are_too_long_are_skipped_with_the_reason(tmp_path):
    names = ["a.jpg", "a.jpg", "a.jpg/b.jpg", "x" * 300 + ".jpg"]
    upload = store_uploads(tmp_path, [(name, io.BytesIO(PICTURE)) for name in names])
    assert stored(upload) == {"a.jpg"}
    assert [name for name, _ in upload.skipped] == names[1:]


def test_an_upload_can_be_taken_back(tmp_path):
    discard(store_uploads(tmp_path, [("1.jpg", io.BytesIO(PICTURE))]))
    assert list(tmp_path.iterdir()) == []
