from __future__ import annotations

import stat

import pytest

from core.errors import GapwiseError
from core.serving import token
from core.workspace import home

NOW = 1_800_000_000.0


def test_a_token_says_what_it_was_made_for():
    found = token.read(token.make("/data/w", "Änn", NOW), NOW)
    assert (found.workspace, found.reviewer) == ("/data/w", "Änn")
    assert 12 * 3600 <= found.expires - NOW <= 13 * 3600


def test_tokens_of_the_same_hour_are_the_same_so_that_a_run_of_the_page_changes_nothing_in_the_browser():
    hour = NOW // 3600 * 3600
    assert token.make("/w", "a", hour) == token.make("/w", "a", hour + 3599)
    assert token.make("/w", "a", hour) != token.make("/w", "a", hour + 3600)


def test_a_token_expires():
    made = token.make("/w", "a", NOW)
    expires = token.read(made, NOW).expires
    assert token.read(made, expires - 1).reviewer == "a"
    with pytest.raises(token.TokenError, match="expired"):
        token.read(made, expires)


@pytest.mark.parametrize("spoil", [lambda t: t[:-1], lambda t: "x" + t, lambda t: t.split(".")[0], lambda t: t + "é",
                                   lambda t: ".", lambda t: t * 100, lambda t: t.split(".")[0] + "."])  # fmt: skip
def test_a_spoiled_token_is_refused(spoil):
    with pytest.raises(token.TokenError, match="not made by this server"):
        token.read(spoil(token.make("/w", "a", NOW)), NOW)


@pytest.mark.parametrize("nothing", [None, ""])
def test_no_token_is_refused(nothing):
    with pytest.raises(token.TokenError, match="without a token"):
        token.read(nothing)


def test_another_servers_token_is_refused(tmp_path, monkeypatch):
    made = token.make("/w", "a", NOW)
    monkeypatch.setenv("GAPWISE_HOME", str(tmp_path / "other"))
    with pytest.raises(token.TokenError):
        token.read(made, NOW)


def test_the_key_is_its_owners_alone_and_outlives_the_process():
    made = token.make("/w", "a", NOW)
    path = home() / token.KEY_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in home().iterdir()] == [token.KEY_FILE]
    token._key.cache_clear()
    assert token.read(made, NOW).reviewer == "a"


def test_a_key_that_was_cut_off_is_said_so():
    token.make("/w", "a", NOW)
    (home() / token.KEY_FILE).write_bytes(b"short")
    token._key.cache_clear()
    with pytest.raises(GapwiseError, match="has 5 bytes"):
        token.make("/w", "a", NOW)
    token._key.cache_clear()
