"""Networks for the scaling explorer by route: the figures of the papers and of closed forms, and what is refused."""

from __future__ import annotations

import pytest

from core import workspace
from core.models import matching, measured
from core.models.network import Network
from core.models.scaling import Factors
from core.models.stages import scaled_stages
from core.serving import routes, scale, token
from tests.serving.conftest import ORIGIN


@pytest.fixture
def get(client):
    """Ask for networks with a token for no workspace: the explorer opens without one."""
    own = {routes.HEADER: token.make("", "ann"), "Origin": ORIGIN}

    def call(**asked):
        return client.get("/gapwise/scale", params=asked, headers=own)

    return call


def networks(answer) -> dict:
    assert answer.status_code == 200, answer.text
    return answer.json()["networks"]


def test_one_step_of_phi_is_the_papers_compound_network_beside_a_deeper_one_of_the_same_formula(get):
    found = networks(get(phi=1, dimension="depth"))
    assert found["baseline"]["multiply_adds"] == 385_814_752  # timm's B0, counted with torch's counter
    assert found["baseline"]["px"] == 224
    compound, one = found["compound"], found["one"]
    assert (compound["depth"], compound["width"], compound["resolution"]) == (1.2, 1.1, 1.15)
    assert compound["px"] == 258
    assert one["depth"] == pytest.approx(1.2 * 1.1**2 * 1.15**2)
    assert one["formula"] == pytest.approx(compound["formula"])
    # Layers are rounded up in each stage: 1, 2, 2, 3, 3, 4, 1 times 1.2 are 2, 3, 3, 4, 4, 5, 2.
    assert [s["layers"] for s in compound["stages"][1:-1]] == [2, 3, 3, 4, 4, 5, 2]
    assert compound["layers"] == 23
    assert compound["off"] == pytest.approx(compound["multiply_adds"] / 385_814_752 / 1.92027 - 1, abs=1e-5)


def test_locked_by_counting_the_counted_costs_agree_whichever_side_moves(get):
    for asked in ({"phi": 2, "moved": "compound"}, {"factor": 1.7, "moved": "one"}):
        found = networks(get(dimension="width", lock="counted", **asked))
        assert found["one"]["multiply_adds"] == pytest.approx(found["compound"]["multiply_adds"], rel=matching.REACHED)


def test_without_a_lock_each_side_keeps_what_was_asked(get):
    answer = get(dimension="resolution", factor=2, phi=3, lock="off").json()
    assert (answer["factor"], answer["phi"], answer["problem"]) == (2, 3, "")
    assert answer["networks"]["one"]["px"] == 448


def test_a_lock_that_can_not_follow_says_so_and_both_networks_are_shown(get):
    answer = get(dimension="depth", phi=6, factor=2).json()
    assert "depth alone would have to be 50.1 times" in answer["problem"]
    assert not answer["follows"]
    assert answer["networks"]["one"]["depth"] == 2
    assert answer["networks"]["compound"]["depth"] == pytest.approx(1.2**6)
    # Less than the baseline costs no φ.
    assert "it must be from 0 to 10" in get(factor=0.5, moved="one").json()["problem"]


def test_large_multiples_are_told_without_an_exponent(get):
    # (2·2²·2²)² = 1024
    answer = get(dimension="depth", phi=2, alpha=2, beta=2, gamma=2).json()
    assert "to reach 1,020 times its cost" in answer["problem"]


def test_coefficients_off_the_constraint_are_noted(get):
    answer = get(alpha=2, beta=1.5, phi=1).json()
    assert answer["product"] == pytest.approx(2 * 1.5**2 * 1.15**2)
    assert "the search holds it at about 2" in answer["note"]
    assert get(phi=1).json()["note"] == ""


@pytest.mark.parametrize("name", ["tf_efficientnetv2_s", "mobilenetv2_100", "resnet50"])
def test_every_baseline_is_its_own_start(get, name):
    found = networks(get(baseline=name, phi=0, lock="off", factor=1))
    assert found["one"] == found["baseline"] == found["compound"]
    stages = scaled_stages(Factors(), name)
    assert found["baseline"]["activation_bytes"] == 4 * sum(s.activations for s in stages)
    assert all(row["inside"] for row in found["baseline"]["stages"][1:-1])


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"phi": 20}, "φ is 20; it must be from 0 to 10"),
        ({"phi": "nan"}, "finite number"),
        ({"phi": "1e400"}, "finite number"),
        ({"phi": "<script>"}, "valid number"),
        ({"factor": 0.01, "dimension": "width", "lock": "off"}, "width is 0.01; it must be from 0.1 to 6"),
        ({"factor": 0.01, "dimension": "width", "moved": "one"}, "width is 0.01; it must be from 0.1 to 6"),
        ({"factor": 7 / 224, "dimension": "resolution", "lock": "off"}, "must be from 0.143 to 6"),
        ({"alpha": 0.5}, "α is 0.5; it must be from 1 to 4"),
        ({"alpha": 4, "beta": 4, "phi": 2}, "it must be from"),
        ({"baseline": "vit_base"}, "is no baseline"),
        ({"baseline": "x" * 5000}, "at most 60 characters"),
        ({"dimension": "time"}, "'depth', 'width' or 'resolution'"),
        ({"lock": "open"}, "'formula', 'counted' or 'off'"),
        ({"speed": 1}, "not permitted"),
        ({"batch": 0}, "The batch is 0; it must be a whole number of pictures from 1 to 8,192."),
        ({"batch": 2.5}, "The batch is 2.5; it must be a whole number of pictures from 1 to 8,192."),
        ({"phi": 1234567}, "φ is 1,235,000; it must be from 0 to 10"),
    ],
)
def test_what_can_not_be_built_is_refused_in_one_sentence(get, asked, told):
    answer = get(**asked)
    assert answer.status_code == 422
    assert told in answer.json()["error"]
    assert len(answer.text) < 500


def test_nothing_is_given_without_a_token_or_to_another_site(client):
    assert client.get("/gapwise/scale").status_code == 401
    own = {routes.HEADER: token.make("", "ann")}
    assert client.get("/gapwise/scale", headers={**own, "Origin": "http://else"}).status_code == 403
    assert client.post("/gapwise/scale", headers={**own, "Origin": ORIGIN}).status_code == 405


def test_the_token_may_stand_in_the_address(client):
    assert client.get("/gapwise/scale", params={"token": token.make("", "ann"), "phi": 1}).status_code == 200


def test_the_farthest_wish_is_answered_from_closed_forms():
    """A network of 512 layers is matched by counting within a request: it took a loop over every layer before."""
    wish = scale.read_wish({"dimension": "depth", "factor": "32", "lock": "counted", "moved": "one"})
    found = scale.networks(wish)
    assert found["networks"]["one"]["layers"] == 512


def measurement(network: Network, median: float, **other) -> measured.Measurement:
    machine = measured.Machine(measured.cpu_name(), "cpu", "a CPU", 2, measured.torch_version())
    usual = {"task": measured.INFERENCE, "batch": 1, "precision": "float32", "layout": "contiguous", "steps": 40}
    told = {**usual, "warm_up": 10, "parameters": 1, "multiply_adds": 1, "busy": 0.0, "time": 1.0, **other}
    return measured.Measurement(network, machine, median=median, lower=0.9 * median, upper=1.2 * median, **told)


def test_what_was_measured_on_this_machine_comes_with_its_network_alone(get):
    assert networks(get(phi=1))["compound"]["measured"] is None
    compound = Network("efficientnet_b0", 1.1, 1.2, 258)
    measured.note([
        measurement(compound, 0.04), measurement(compound, 0.5, batch=8), measurement(compound, 9, task="training"),
        measurement(Network("efficientnet_b0", 1.1, 1.2, 260), 7.0),
    ])  # fmt: skip
    found = networks(get(phi=1))
    one = found["compound"]["measured"]
    assert (one["median"], one["throughput"], one["steps"]) == (0.04, pytest.approx(25), 40)
    assert (one["lower"], one["upper"]) == (pytest.approx(0.036), pytest.approx(0.048))
    assert found["baseline"]["measured"] is None


def test_a_file_of_measurements_that_can_not_be_read_is_told_beside_the_networks(get):
    (workspace.home() / measured.FILE).write_text("{")
    answer = get(phi=1, dimension="width").json()
    assert "can't be read" in answer["problem"]
    assert answer["follows"]
    assert answer["networks"]["compound"]["px"] == 258
