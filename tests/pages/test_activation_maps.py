"""The page of activation maps."""

from __future__ import annotations


def test_without_runs_it_says_where_maps_come_from(demo, open_page):
    assert "Fine-tune" in open_page("activation_maps").info[0].value


def test_it_lists_wrong_right_and_open_images(proposed, open_page):
    app = open_page("activation_maps")
    for which in ("wrong", "right", "open"):
        app.selectbox(key="maps_list").set_value(which).run()
        assert not app.exception
    assert any("images · predictions of run" in c.value for c in app.caption)
