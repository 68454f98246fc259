from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from core.demo import scenes
from core.errors import GapwiseError


def table(path):
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def test_4175_scenes_have_the_gaps_of_the_reference_set(tmp_path):
    scenes.write_tables(tmp_path, 4175, 0)
    given = table(tmp_path / "train_meta.csv")
    assert list(given.columns) == ["image_id", "fname", "mask", "distancing", "5k"]
    gap = given[["mask", "distancing", "5k"]] == ""
    mask, distancing, both = gap["mask"], gap["distancing"], gap["5k"]
    counts = [mask, distancing, both, mask & distancing, mask & both, distancing & both, mask & distancing & both]
    assert [int(c.sum()) for c in counts] == [734, 1273, 2007, 0, 734, 1273, 0]


@pytest.mark.parametrize(("n", "mask", "distancing"), [(600, 105, 183), (100, 18, 30), (1, 0, 0)])
def test_other_sizes_keep_the_proportions_rounded(n, mask, distancing):
    hidden = [row.hidden for row in scenes.draw_rows(n, 3)]
    assert (hidden.count("mask"), hidden.count("distancing")) == (mask, distancing)


def test_the_table_with_gaps_says_nothing_that_the_truth_does_not(tmp_path):
    scenes.write_tables(tmp_path, 300, 5)
    given, truth = table(tmp_path / "train_meta.csv"), table(tmp_path / "truth.csv")
    assert ((given == truth) | (given == "")).all().all()
    assert (truth != "").all().all()
    assert list(given["fname"][:2]) == ["scene_00001.jpg", "scene_00002.jpg"]
    both = (truth["mask"] == "1") & (truth["distancing"] == "1")
    assert (both == (truth["5k"] == "1")).all()


def test_labels_are_balanced():
    rows = scenes.draw_rows(600, 0)
    assert sum(r.mask for r in rows) == 318  # 53%
    assert sum(r.distancing for r in rows) == 336  # 56%


def test_the_same_seed_gives_the_same_bytes_however_many_processes_share_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr(scenes, "_WORTH_A_PROCESS", 3)
    for processors in (1, 2):
        monkeypatch.setattr(scenes, "_processors", lambda count=processors: count)
        scenes.generate(tmp_path / str(processors), 7, 11)
    scenes.generate(tmp_path / "other", 7, 12)
    alone, shared, other = (
        {p.relative_to(tmp_path / name): p.read_bytes() for p in sorted((tmp_path / name).rglob("*")) if p.is_file()}
        for name in ("1", "2", "other")
    )
    assert len(alone) == 9
    assert alone == shared
    assert all(alone[name] != other[name] for name in alone if name.suffix == ".jpg")


def test_scenes_are_pictures_of_a_handy_size_and_not_alike(tmp_path):
    scenes.generate(tmp_path, 12, 0)
    files = sorted((tmp_path / "images").iterdir())
    assert [f.name for f in files] == [f"scene_{i:05d}.jpg" for i in range(1, 13)]
    for file in files:
        with Image.open(file) as image:
            assert image.format == "JPEG"
            assert image.mode == "RGB"
            assert image.size in ((384, 288), (288, 384))
            assert np.asarray(image).std() > 15
    assert len({f.read_bytes() for f in files}) == 12


def test_progress_grows_and_ends_with_all(tmp_path):
    seen = []
    scenes.generate(tmp_path, 5, 0, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (5, 5)
    assert seen == sorted(seen)
    assert [s for s in seen[:-1] if s[0] >= 5] == []


@pytest.mark.parametrize(("n", "seed"), [(0, 0), (-3, 0), (1_000_001, 0), (5, -1)])
def test_sizes_and_seeds_that_make_no_sense_are_refused_before_anything_is_written(tmp_path, n, seed):
    with pytest.raises(GapwiseError, match=str(n if seed >= 0 else seed)):
        scenes.generate(tmp_path / "out", n, seed)
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(GapwiseError, match="Can't write the demo's scenes"):
        scenes.generate(tmp_path / "file", 2, 0)


def test_a_helper_process_that_fails_fails_the_whole_and_leaves_no_table(tmp_path, monkeypatch):
    monkeypatch.setattr(scenes, "_WORTH_A_PROCESS", 1)
    monkeypatch.setattr(scenes, "_processors", lambda: 2)
    monkeypatch.setattr(
        scenes,
        "_start_part",
        lambda *_: subprocess.Popen(
            [sys.executable, "-c", "import sys; sys.exit('disk full')"], stderr=subprocess.PIPE, text=True
        ),
    )
    with pytest.raises(GapwiseError, match="disk full"):
        scenes.generate(tmp_path, 2, 0)
    assert not (tmp_path / "train_meta.csv").exists()
