"""`scale`, `cost` and `zoo` as a person types them."""

import json
import subprocess
import sys

import pytest

from core.__main__ import main

KEYS = {"depth", "width", "resolution", "parameters", "multiply_adds"}


def told(capsys, *words):
    status = main(list(words))
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_scale_without_factors_is_b0(capsys):
    status, out, _ = told(capsys, "scale", "--json")
    found = json.loads(out)
    assert status == 0
    assert set(found) >= KEYS
    assert (found["depth"], found["width"], found["resolution"]) == (1, 1, 224)
    assert (found["parameters"], found["multiply_adds"]) == (5_288_548, 385_814_752)
    assert [s["layers"] for s in found["stages"]] == [1, 2, 2, 3, 3, 4, 1]


def test_scale_takes_another_baseline_at_its_own_size(capsys):
    found = json.loads(told(capsys, "scale", "--baseline", "mobilenetv2_100", "--width", "1.4", "--json")[1])
    assert found["baseline"] == "mobilenetv2_100"
    # Sandler et al. 2018, table 4: MobileNetV2 (1.4) has 585M multiply-adds.
    assert found["multiply_adds"] == pytest.approx(585e6, rel=0.01)


def test_scale_by_phi_uses_the_papers_coefficients(capsys):
    found = json.loads(told(capsys, "scale", "--phi", "1", "--json")[1])
    assert (found["depth"], found["width"]) == pytest.approx((1.2, 1.1))
    assert found["resolution"] == 258


def test_scale_by_phi_takes_other_coefficients_and_notes_what_they_break(capsys):
    status, out, err = told(
        capsys, "scale", "--phi", "1", "--alpha", "2", "--beta", "2", "--gamma", "1.5", "--json"
    )  # fmt: skip
    found = json.loads(out)
    assert status == 0
    assert (found["depth"], found["width"], found["resolution"]) == (2, 2, 336)
    assert found["cost_factor"] == pytest.approx(2 * 4 * 2.25)
    assert "α·β²·γ² is 18" in err


def test_scale_by_factors(capsys):
    found = json.loads(told(capsys, "scale", "--depth", "1.4", "--width", "1.2", "--resolution", "1.3", "--json")[1])
    assert found["resolution"] == 291
    assert found["multiply_adds"] == pytest.approx(1.80e9, rel=0.002)


@pytest.mark.parametrize(
    "words",
    [
        ["--phi", "1", "--depth", "2"],
        ["--alpha", "1.2"],
        ["--alpha", "1.2", "--depth", "2"],
        ["--phi", "much"],
        ["--baseline", "vgg16"],
        ["--x"],
    ],
)
def test_wrong_usage_exits_with_2(words):
    with pytest.raises(SystemExit) as stopped:
        main(["scale", *words])
    assert stopped.value.code == 2


@pytest.mark.parametrize(
    "words",
    [["scale", "--phi", "20"], ["scale", "--phi", "nan"], ["scale", "--width", "0.01"], ["scale", "--resolution", "7"],
     ["scale", "--depth", "-1"], ["scale", "--phi", "1", "--alpha", "0.2"], ["cost", "no_such_net"],
     ["scale", "--phi", "10", "--alpha", "4"], ["scale", "--phi", "inf"],
     ["scale", "--baseline", "resnet50", "--phi", "-1"],
     ["cost", "resnet50", "--size", "0"], ["cost", "resnet50", "--size", "999999"]],
)  # fmt: skip
def test_wrong_values_exit_with_1_and_one_plain_line(capsys, words):
    status, out, err = told(capsys, *words)
    assert (status, out) == (1, "")
    assert err.startswith("error: ")
    assert "Traceback" not in err


def test_cost_of_a_named_network(capsys):
    found = json.loads(told(capsys, "cost", "efficientnet_b0", "--size", "448", "--json")[1])
    # Four times as many pixels; what is kept behind a pooling does not grow with them: the classifier's 1280 features,
    # and of each squeeze-excite twice its channels (8,960 in all of B0's) and twice its bottleneck's (380).
    pooled = 19_960
    assert found == {
        "name": "efficientnet_b0", "depth": 1, "width": 1, "resolution": 448,
        "parameters": 5_288_548, "multiply_adds": 1_537_537_408, "activations": 4 * (21_896_696 - pooled) + pooled,
    }  # fmt: skip


def test_factors_are_checked_before_torch_is_imported():
    code = (
        "import sys; from core.__main__ import main; status = main(['scale', '--phi', 'nan']);"
        " sys.exit(3 if 'torch' in sys.modules else status)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 1


def test_zoo_lists_one_family(capsys):
    found = json.loads(told(capsys, "zoo", "--family", "v2-b", "--json")[1])
    assert {f["family"] for f in found} == {"v2-b"}
    assert {f"tf_efficientnetv2_b{i}" for i in range(4)} <= {f["name"] for f in found}


def test_reports_are_text_without_json(capsys):
    assert "multiply-adds 385,814,752" in told(capsys, "scale")[1]
    assert "multiply-adds 4,089,184,256" in told(capsys, "cost", "resnet50")[1]
    assert "efficientnet_b0\tb" in told(capsys, "zoo")[1]
