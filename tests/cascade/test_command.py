"""What is asked for, from the shell or the page, and the command line that it becomes."""

from __future__ import annotations

import pytest

from core import jobs
from core.__main__ import parser
from core.cascade.command import Asked, in_order, read_own, start
from core.cascade.plan import NOTHING, read_plan
from core.cli.cascade import _asked
from core.errors import GapwiseError
from core.jobs import process
from core.store.labels import label_id
from core.training import library
from tests import tiny


@pytest.fixture
def spawned(monkeypatch) -> list[list[str]]:
    found: list[list[str]] = []
    monkeypatch.setattr(process, "spawn", lambda arguments, log: found.append(list(arguments)) or 2**22 + 1)
    return found


def again(ws, asked):
    """Return what the command line that `asked` becomes asks for."""
    return _asked(parser().parse_args(asked.command()), ws)


def test_the_command_line_asks_for_the_same_again(ws):
    for asked in (
        Asked("quick-cpu", {"epochs": 3}, reviewer="Ann B."),
        Asked("quick-cpu", {"epochs": 3}, "own", ("kind", "bright"), "nothing", 0.9, "never",
              {"kind": {"precision": "0.8", "accept": "promise", "epochs": "2", "optimizer": "sgd"}}, "--job"),
    ):  # fmt: skip
        assert again(ws, asked) == asked
        assert again(ws, asked).plan(ws) == asked.plan(ws)


def test_what_holds_for_one_label_holds_for_its_stage_alone(ws):
    own = {"kind": {"precision": "0.8", "accept": "nothing", "stop": "never", "epochs": "2", "recipe": "fashion-mnist"}}
    one, two = Asked("quick-cpu", {"epochs": 3}, own={"kind": {**own["kind"], "recipe": "quick-cpu"}}).plan(ws).stages
    assert (one.label, one.precision, one.accept, one.stop) == ("bright", 0.99, "promise", "after")
    assert (two.label, two.precision, two.accept, two.stop) == ("kind", 0.8, NOTHING, "never")
    assert (one.full_recipe().epochs, two.full_recipe().epochs) == (3, 2)


def test_a_recipe_of_ones_own_for_one_label_outlives_its_file(ws, tmp_path, monkeypatch):
    monkeypatch.setenv("GAPWISE_HOME", str(tmp_path / "home"))
    library.save_recipe("mine", tiny.recipe(epochs=7, dropout=0.3))
    asked = Asked("quick-cpu", own={"kind": {"recipe": "mine", "precision": "0.8"}})
    whole, command = asked.plan(ws), asked.command()
    library.delete_recipe("mine")
    after = _asked(parser().parse_args(command), ws).plan(ws)
    left_out = {"title", "source"}
    assert {k: v for k, v in after.stages[1].recipe.items() if k not in left_out} == {
        k: v for k, v in whole.stages[1].recipe.items() if k not in left_out
    }
    assert after.stages[1].precision == 0.8


def test_a_label_may_have_colons_and_equal_signs_in_its_name(build):
    names = ("a", "a: b", "a:c=d")
    ws = build({name: ["0", "1", ""] for name in names}, dict.fromkeys(names, ("0", "1")))
    found = read_own(ws, ["a: stop=never", "a: b:precision=0.9", "a:c=d: weights=x:y=z"])
    assert found == {"a": {"stop": "never"}, "a: b": {"precision": "0.9"}, "a:c=d": {"weights": "x:y=z"}}


def test_what_does_not_fit_is_told(ws):
    for texts, words in ((["nose: stop=never"], "is for no label"), (["kind"], "is for no label"),
                         (["kind: stop=never", "kind:stop=after"], "given twice")):  # fmt: skip
        with pytest.raises(GapwiseError, match=words):
            read_own(ws, texts)
    for asked, words in (
        (Asked("quick-cpu", precision=1.0), "above 0 and below 1"),
        (Asked("quick-cpu", accept="all"), "accepts promise or nothing"),
        (Asked("quick-cpu", own={"kind": {"precision": "much"}}), "'much' arrived"),
        (Asked("quick-cpu", own={"kind": {"drop": "1"}}), "drop"),
        (Asked("quick-cpu", own={"both": {"epochs": "1"}}), "both has no stage"),
        (Asked("nosuch"), "no recipe"),
        (Asked("quick-cpu", reviewer="a\nb"), "reviewer's name"),
        (Asked("quick-cpu", order="quality"), "no run that was measured"),
    ):
        with pytest.raises(GapwiseError, match=words):
            asked.plan(ws)


def test_order_and_labels_are_named_once():
    assert in_order(["counts"], ["a"]) == ("counts", ("a",))
    assert in_order([], []) == ("counts", ())
    assert in_order(["b", "a"], []) == ("own", ("b", "a"))
    assert in_order(["b", "a"], ["a", "b"]) == ("own", ("b", "a"))
    with pytest.raises(GapwiseError, match="other labels"):
        in_order(["b", "a"], ["a"])


def test_the_plan_lies_there_before_the_process_begins(ws, spawned):
    job_id = start(ws, Asked("quick-cpu", {"epochs": 2}))
    assert [stage.full_recipe().epochs for stage in read_plan(ws.job_dir(job_id)).stages] == [2, 2]
    assert spawned[0][0] == "cascade"
    with ws.read() as connection:
        assert label_id(connection, "bright") == read_plan(ws.job_dir(job_id)).stages[0].label_id
    with pytest.raises(GapwiseError, match="no recipe"):
        start(ws, Asked("nosuch"))
    assert len(jobs.list_jobs(ws)) == 1
