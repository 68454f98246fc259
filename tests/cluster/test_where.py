"""Where a training runs, as options and as an address."""

from __future__ import annotations

import pytest

from core.__main__ import main, parser
from core.cli.where import chosen_where
from core.cluster.where import Where, cluster_address, read_where
from core.errors import GapwiseError

TRAIN = ["train", "--label", "bright", "--recipe", "quick-cpu"]


@pytest.fixture(autouse=True)
def _no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GAPWISE_RAY", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)


def chosen(*words: str) -> Where:
    return chosen_where(parser().parse_args([*TRAIN, *words]))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("http://head:8265", "http://head:8265"),
        ("http://head:9000/", "http://head:9000"),
        ("head", "http://head:8265"),
        ("10.0.0.7:8265", "http://10.0.0.7:8265"),
        (" head:8265 ", "http://head:8265"),
        ("https://ray.example.org", "https://ray.example.org"),
        ("https://ray.example.org/prefix", "https://ray.example.org/prefix"),
    ],
)
def test_an_address_is_spelled_out(typed, meant):
    assert cluster_address(typed) == meant


@pytest.mark.parametrize(
    "typed", ["ray://head:10001", "http://", "http://a b", "head:port", "ftp://head", "http://h;x"]
)
def test_what_is_no_address_of_a_dashboard_is_refused_with_an_example(typed):
    with pytest.raises(GapwiseError, match="Expected that of its dashboard, for example http://host:8265"):
        cluster_address(typed)


def test_an_address_is_taken_from_the_environment_where_none_is_typed(monkeypatch):
    with pytest.raises(GapwiseError, match="No Ray cluster is named"):
        cluster_address(None)
    monkeypatch.setenv("GAPWISE_RAY", "head")
    assert cluster_address(None) == "http://head:8265"
    assert chosen("--cluster") == Where(cluster="http://head:8265")
    assert chosen("--workers", "2").cluster == "http://head:8265"
    assert chosen() == Where(), "the environment alone sends nothing away"


@pytest.mark.parametrize(
    "where",
    [
        Where(),
        Where(processes=2),
        Where(cluster="http://head:8265"),
        Where(cluster="http://head:8265", workers=3, gpus_per_worker=2),
        Where(cluster="http://head:8265", workers=2, cpus_per_worker=4),
    ],
)
def test_options_say_what_they_were_made_of(where):
    assert chosen(*where.arguments) == where


@pytest.mark.parametrize(
    "where", [Where(), Where(processes=3), Where(cluster="http://h:1", workers=2, gpus_per_worker=4, cpus_per_worker=5)]
)
def test_what_a_job_was_told_is_read_back_from_its_command(where):
    assert read_where([*where.arguments, "--tracker=wandb"]) == where


def test_a_place_that_can_not_be_read_is_told():
    with pytest.raises(GapwiseError, match="workers"):
        read_where(["--workers", "many"])


def test_a_process_uses_one_gpu():
    assert Where(cluster="c", workers=3).ranks == 3
    assert Where(cluster="c", workers=3, gpus_per_worker=1).ranks == 3
    assert Where(cluster="c", workers=3, gpus_per_worker=2).ranks == 6


@pytest.mark.parametrize("words", [["--processes", "0"], ["--cluster=h", "--workers", "0"], ["--processes", "99999"]])
def test_counts_out_of_bounds_are_refused(words):
    with pytest.raises(GapwiseError, match="expected 1 to 1024"):
        chosen(*words)


def test_processes_and_a_cluster_exclude_each_other():
    with pytest.raises(GapwiseError, match="--processes is for this machine, --workers for a cluster"):
        chosen("--processes", "2", "--cluster=head")


def test_without_ray_a_cluster_is_refused_before_anything_starts(monkeypatch):
    monkeypatch.setattr("core.cluster.where.importlib.util.find_spec", lambda name: None)
    with pytest.raises(GapwiseError, match="needs Ray, which is not installed here.*requirements-extras.txt"):
        chosen("--cluster=head")


def test_train_itself_is_not_started_by_accelerate_launch(ws, monkeypatch, capsys):
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert main([*TRAIN, "--workspace", str(ws.root)]) == 1
    assert "Start it once, with --processes N" in capsys.readouterr().err
