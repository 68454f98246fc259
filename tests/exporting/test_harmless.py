from __future__ import annotations

import pandas as pd
import pytest

from core.exporting.harmless import harmless, harmless_frame


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "@SUM(A1)",
        "+A1",
        "-A1",
        "\t=1",
        " =1",
        "\r=1",
        "\n=1",
        "|calc",
        "%x",
        "=cmd.png",
        "＝1",
        "'=1",
        '"=1',
        "-1+1",
    ],
)
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(text):
    assert harmless(text) == "'" + text


@pytest.mark.parametrize(
    "text",
    ["", "1", "-1", "+1", "1.0", "-0.5", "-.5", "+3,5", "1e-3", "-1E5", "-5%", "-", "+", "--", "a=b", "img-1.png", "0"],
)
def test_numbers_signs_alone_and_plain_text_stay(text):
    assert harmless(text) == text


def test_frames_are_made_harmless_with_their_headers_and_whatever_their_names():
    frame = pd.DataFrame([["=1", "-1"], ["a", "b"]], columns=["=x", "=x"])
    safe = harmless_frame(frame)
    assert list(safe.columns) == ["'=x", "'=x"]
    assert safe.to_numpy().tolist() == [["'=1", "-1"], ["a", "b"]]
    assert frame.iloc[0, 0] == "=1"


def test_one_long_value_does_not_cost_every_row_its_length():
    """As a numpy text array this column took 40 GB."""
    safe = harmless_frame(pd.DataFrame({"a": ["x" * 1_000_000, *["1"] * 10_000, "nul\x00"]}))
    assert len(safe) == 10_002
    assert safe["a"].iloc[-1] == "nul\x00"
