"""`maps` and `layers`."""

from __future__ import annotations

import json

import pytest

from core import jobs
from core.store import maps
from core.workspace import Workspace
from tests import tiny
from tests.explain.made import run_of


@pytest.fixture
def ws(tmp_path, monkeypatch) -> Workspace:
    """Four known images, two open ones, and a run."""
    monkeypatch.setenv("GAPWISE_LOCKS", str(tmp_path / "locks"))
    made = tiny.workspace(tmp_path / "ws", [0, 1, 0, 1, -1, -1])
    with tiny.one_thread():
        run_of(made)
        yield made


def test_maps_are_made_as_a_job_and_not_twice(run, ws):
    status, out, _ = run("maps", "1", "--list", "all", "--method", "hirescam", "--json")
    assert status == 0
    job = json.loads(out)
    assert (job["kind"], job["state"], job["run_id"]) == ("maps", "finished", 1)
    assert job["message"] == "6 maps made (HiResCAM, blocks.1), 0 were there already"
    assert "6 were there already" in run("maps", "1", "--list", "all", "--method", "hirescam")[1]
    assert run("maps", "1", "--list", "all", "--limit", "2", "--layer", "blocks.0", "--target", "1-0")[0] == 0
    with ws.read() as connection:
        found = {(k["method"], k["layer"]): k["maps"] for k in maps.counts(connection)}
    assert found == {("hirescam", "blocks.1"): 6, ("gradcam", "blocks.0"): 2}


def test_a_job_in_another_process_asks_for_the_same(run, ws, monkeypatch):
    started: list = []
    monkeypatch.setattr(jobs, "start", lambda *a: started.append(a[1:]) or 7)
    asked = ("maps", "1", "--list", "wrong", "--limit", "5", "--target", "true", "--smooth", "both", "--trust")
    assert run(*asked, "--layer=blocks.0", "--detach")[1] == "7\n"
    ((kind, arguments, run_id),) = started
    assert (kind, run_id) == ("maps", 1)
    assert arguments == ["maps", "1", "--list=wrong", "--method=gradcam", "--target=true", "--smooth=both", "--trust",
                         "--limit=5", "--layer=blocks.0"]  # fmt: skip


def test_what_another_process_is_started_with_does_the_same(run, ws, monkeypatch):
    started: list = []
    monkeypatch.setattr(jobs, "start", lambda *a: started.append(a[2]) or 7)
    run("maps", "1", "--list", "all", "--limit", "2", "--layer", "blocks.0", "--target", "1-0", "--detach")
    assert run(*started[0])[0] == 0
    with ws.read() as connection:
        (kind,) = maps.counts(connection)
    assert (kind["maps"], kind["layer"]) == (2, "blocks.0")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("maps", "9"), "no run 9"),
        (("maps", "1", "--target", "2"), "no class 2"),
        (("maps", "1", "--target", "best"), "no target"),
        (("maps", "1", "--layer", "a b"), "is no layer"),
        (("maps", "1", "--layer", "blocks.9"), "no layer 'blocks.9'"),
        (("maps", "1", "--list", "near_other"), "The map of the set of run 1 has to be made first"),
        (("maps", "1", "--list", "near_other", "--detach"), "`python -m core embed 1` does it"),
        (("layers", "9"), "no run 9"),
        (("layers", "local-dir:/etc"), "is no model"),
        (("layers", "resnet_of_mine"), "timm has no model"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(run, arguments, told):
    status, out, err = run(*arguments)
    assert (status, out) == (1, "")
    assert told in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "arguments", [(), ("1", "--method", "magic"), ("1", "--limit", "0"), ("1", "--list", "odd"), ("one",)]
)
def test_wrong_usage_ends_with_two(run, arguments):
    with pytest.raises(SystemExit) as end:
        run("maps", *arguments)
    assert end.value.code == 2


def test_layers_of_a_run_and_of_a_model_without_a_run(run):
    status, out, _ = run("layers", "1")
    assert status == 0
    (chosen,) = [line for line in out.splitlines() if "chosen" in line]
    assert chosen.startswith("blocks.1 ")
    assert "classifier" not in out
    assert "classifier" in run("layers", "1", "--all")[1]
    found = json.loads(run("layers", "test_resnet", "--json")[1])
    assert found["network"] == "test_resnet with random weights"
    assert {"name", "kind", "channels", "height", "width", "usable", "why", "chosen"} == set(found["layers"][0])
