"""`measure`, and what `missing --chance` makes of it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from core import jobs
from core.__main__ import main
from core.cli import measure
from core.images import prepare as module
from core.jobs import process
from core.store import measured

N = 40


@pytest.fixture
def dark(tmp_path):
    """A table in which dark pictures lack their label, imported without a word about it."""
    folder, rng = tmp_path / "photos", np.random.default_rng(0)
    folder.mkdir()
    lines = ["fname,mask,city"]
    for n in range(N):
        is_dark = n % 2 == 0
        level = rng.integers(10, 60) if is_dark else rng.integers(120, 240)
        pixels = np.clip(level + rng.normal(0, 4, (48, 64, 3)), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{n}.jpg")
        lines.append(f"{n}.jpg,{'' if is_dark and n % 5 else n % 4 % 2},{'ab'[n % 3 % 2]}")
    (tmp_path / "t.csv").write_text("\n".join(lines))
    return tmp_path


def called(capsys, *arguments: str) -> tuple[int, str, str]:
    status = main(list(arguments))
    return status, *capsys.readouterr()


def test_images_that_lack_a_label_because_they_are_dark_are_called_darker(dark, capsys):
    where = ["--workspace", str(dark / "ws")]
    status, out, _ = called(
        capsys, "import", "--table", str(dark / "t.csv"), "--images", str(dark / "photos"), "--label", "mask", "--yes",
        "--json", *where,
    )  # fmt: skip
    assert (status, json.loads(out)["measured"]) == (0, N)
    status, out, err = called(capsys, "missing", "--chance", *where)
    assert status == 0
    assert "Images without a known mask are darker (p < 0.001)" in out
    assert "Nothing shows that gaps of mask go with city" in out
    assert "corrected for the" in out
    assert "not measured" not in err
    found = json.loads(called(capsys, "missing", "--chance", "--json", *where)[1])
    assert next(f for f in found if f["against"] == "brightness")["sentence"].startswith("Images without a known mask")


def test_it_is_a_job_that_measures_each_picture_once(five_k, capsys):
    where = ["--workspace", str(five_k.root)]
    assert "6 images are not measured yet" in called(capsys, "missing", "--chance", *where)[2]
    status, out, _ = called(capsys, "measure", "--json", *where)
    told = json.loads(out)
    assert (status, told["kind"], told["state"]) == (0, "measure", "finished")
    assert (told["done"], told["total"], told["message"]) == (6, 6, "6 pictures measured.")
    assert called(capsys, "measure", *where)[1] == "0 pictures measured.\n"


def test_what_can_not_be_read_is_told_and_costs_nothing_else(five_k, capsys):
    (five_k.root / "images" / "2.png").write_bytes(b"no picture")
    out = called(capsys, "measure", "--workspace", str(five_k.root))[1]
    assert out.startswith("5 pictures measured. 1 can't be read, the first because: 2.png is no picture")
    with five_k.read() as connection:
        assert measured.progress(connection).failed == 1


def test_a_stop_leaves_what_was_measured(five_k, monkeypatch):
    job_id = jobs.register(five_k, "measure", ["measure"])
    real = module.open_dated

    def opened(path, side):
        if path.endswith("3.png"):
            jobs.stop(five_k, job_id)
        return real(path, side)

    monkeypatch.setattr(measure.os, "nice", lambda by: None)  # the tests after this one are in no less of a hurry
    monkeypatch.setattr(module, "open_dated", opened)
    monkeypatch.setattr(module, "parallel", lambda function, items: map(function, items))
    status = main(["measure", "--workspace", str(five_k.root), "--job", str(job_id)])
    assert (status, jobs.get_job(five_k, job_id).state) == (130, "stopped")
    with five_k.read() as connection:
        left = measured.progress(connection).waiting
    assert left == 2
    assert jobs.get_job(five_k, job_id).message == "4 pictures measured. 2 are left."
    assert main(["measure", "--workspace", str(five_k.root)]) == 0
    with five_k.read() as connection:
        assert measured.progress(connection).waiting == 0


def test_detached_it_prints_the_jobs_number(five_k, monkeypatch, capsys):
    monkeypatch.setattr(process, "spawn", lambda arguments, log: 2**22 + 1)
    assert called(capsys, "measure", "--detach", "--workspace", str(five_k.root))[:2] == (0, "1\n")
    assert jobs.get_job(five_k, 1).command == ["measure"]
