"""What a recipe can ask of the loop beyond the plain step: parts, mean, mixing, stages, freezing, grey, memory."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from core.errors import GapwiseError
from core.jobs.reporter import Silent
from core.models.zoo import build
from core.store import runs
from core.training import loop
from core.training import train as training
from core.training.batches import EpochBatches, Normalize, loader_workers
from core.training.checkpoint import best_size
from core.training.rundir import RunDir
from core.training.step import Stepper
from core.training.train import Order, prepare, train, trainer
from tests import tiny
from tests.training.test_train import StopAfter, curve, order

STAGES = [
    {"epochs": 2, "size": 16, "dropout": 0.1},
    {"epochs": 2, "size": 32, "dropout": 0.3, "drop_path": 0.2, "rand_augment": 5, "weight_decay": 0.1},
]


def staged(**values: object):
    own = tiny.recipe().model_dump(exclude={"epochs", "size", "dropout", "drop_path", "rand_augment", "weight_decay"})
    return training.Recipe(**{**own, "stages": STAGES, **values})


def made(ws, **values: object):
    """Return a trainer that has not begun."""
    return trainer(ws, prepare(ws, order(**values), Silent()), Silent())


def only_trained(**values: object) -> Order:
    """No predictions: the linear network below can't be built from its recipe."""
    return Order("bright", "tiny", tiny.recipe(**values), predict=False)


class NoNorm(nn.Module):
    """A network whose gradient is a sum over pictures: no batch statistics, no dropout."""

    def __init__(self, classes: int = 2) -> None:
        super().__init__()
        self.num_classes, self.drop_rate = classes, 0.0
        self.classifier = nn.Linear(3, classes)

    def get_classifier(self) -> nn.Module:
        return self.classifier

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classifier(x.mean((2, 3)))


@pytest.fixture
def linear(monkeypatch):
    """Let trainings build a network without batch statistics."""

    def build_linear(recipe, classes):
        torch.manual_seed(0)
        return NoNorm(classes)

    monkeypatch.setattr(training, "_build", build_linear)


@pytest.mark.parametrize("parts", [2, 3, 8])
def test_a_batch_in_parts_teaches_the_same_as_the_batch_at_once(ws, linear, parts):
    for accumulate in (1, parts):
        train(ws, only_trained(accumulate=accumulate, optimizer="sgd", lr=0.5, batch_size=7), Silent())
    one, two = (next((ws.run_dir(i) / "checkpoints").glob("*/model.safetensors")) for i in (1, 2))
    one, two = load_file(one), load_file(two)
    assert all(torch.allclose(one[k], two[k], atol=1e-5) for k in one)
    assert all((one[k] != 0).any() for k in one)


def test_processes_and_parts_share_every_batch_out_without_loss_or_doubling():
    whole = [sorted(p for _, p in batch) for batch in EpochBatches(50, 16, seed=3)]
    assert [len(b) for b in whole] == [16, 16, 16, 2]
    for world in (2, 3):
        ranks = [list(EpochBatches(50, 16, 3, parts=3, rank=r, world=world)) for r in range(world)]
        assert len({len(r) for r in ranks}) == 1, "a process that takes more parts would wait for the others for ever"
        sampler = EpochBatches(50, 16, 3, parts=3, world=world)
        for step in range(len(sampler)):
            before, count = sum(sampler.parts_of(s) for s in range(step)), sampler.parts_of(step)
            got = [p for r in ranks for part in r[before : before + count] for _, p in part]
            assert sorted(got) == whole[step]


def test_a_last_batch_that_is_too_small_for_all_processes_is_left_out():
    assert [len(EpochBatches(50, 16, 0, world=w)) for w in (1, 2)] == [4, 3]
    assert EpochBatches(17, 16, 0).drop_last
    with pytest.raises(GapwiseError, match="too small for 4 processes"):
        EpochBatches(50, 6, 0, world=4)


def test_memory_that_is_short_halves_what_is_computed_at_once_and_keeps_the_batch(ws, monkeypatch):
    loss = Stepper._loss
    seen = []

    def short(self, pictures, targets):
        seen.append(len(pictures))
        if len(pictures) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return loss(self, pictures, targets)

    monkeypatch.setattr("core.training.train.foretold", lambda *asked: "")  # it would compute a loss as well
    monkeypatch.setattr(Stepper, "_loss", short)
    message = train(ws, order(), Silent())
    assert message.startswith("Run 1: accuracy ")
    assert seen[:2] == [8, 4]
    assert set(seen[2:]) <= {1, 2, 3}
    # 20 pictures in batches of 8: three steps an epoch, whatever the parts.
    assert list(runs.metrics_frame(ws, 1)["step"]) == [3, 6, 9]


def test_a_run_whose_memory_was_short_goes_on_with_the_smaller_parts(ws, monkeypatch):
    loss = Stepper._loss

    def short(self, pictures, targets):
        if len(pictures) > 4:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return loss(self, pictures, targets)

    monkeypatch.setattr(Stepper, "_loss", short)
    train(ws, order(), StopAfter(8))
    monkeypatch.undo()
    work = trainer(ws, 1, Silent())
    work.checkpoints.load()
    assert work.position.parts == 2


def test_memory_that_does_not_suffice_for_one_picture_is_told_and_nothing_is_lost(ws, monkeypatch):
    def never(self, pictures, targets):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    train(ws, order(epochs=4), StopAfter(7))
    kept = curve(ws, 1)
    monkeypatch.setattr(Stepper, "_loss", never)
    with pytest.raises(GapwiseError, match="memory is too small for this network at 32x32 px, even with 1 pictures"):
        train(ws, order(), Silent(), run_id=1)
    assert curve(ws, 1) == kept
    monkeypatch.undo()
    train(ws, order(), Silent(), run_id=1)
    assert len(curve(ws, 1)) == 4


def test_the_running_mean_is_measured_kept_and_goes_on_after_a_stop(ws):
    settings = {"ema_decay": 0.9, "epochs": 4}
    train(ws, order(**settings), Silent())
    train(ws, order(**settings), StopAfter(9))
    train(ws, order(**settings), Silent(), run_id=2)
    train(ws, order(epochs=4), Silent())
    assert curve(ws, 1) == curve(ws, 2)
    plain, mean = curve(ws, 3), curve(ws, 1)
    assert [row[2] for row in plain] == [row[2] for row in mean], "the mean must not change what is learned"
    assert [row[3] for row in plain] != [row[3] for row in mean]


def test_the_running_mean_is_the_closed_form_of_one_step():
    """After two steps from w0 with warmup, timm's V3 has decay 0 and then 1 - 2^(-2/3) at most."""
    from timm.utils import ModelEmaV3

    model = NoNorm()
    ema = ModelEmaV3(model, 0.5, use_warmup=True)
    with torch.no_grad():
        for step, value in ((1, 1.0), (2, 2.0)):
            model.classifier.weight.fill_(value)
            ema.update(model, step)
    decay = 1 - 2 ** (-2 / 3)
    assert ema.module.classifier.weight[0, 0].item() == pytest.approx(decay * 1 + (1 - decay) * 2)


@pytest.mark.parametrize("settings", [{"mixup": 0.4}, {"cutmix": 1.0}, {"mixup": 0.2, "cutmix": 1.0, "balance": True}])
def test_mixing_trains_and_resumes_to_the_same_curve(ws, settings):
    # Batches of 7: one picture has no partner.
    train(ws, order(**settings, batch_size=7), Silent())
    train(ws, order(**settings, batch_size=7), StopAfter(5))
    train(ws, order(**settings, batch_size=7), Silent(), run_id=2)
    assert curve(ws, 1) == curve(ws, 2)


def test_mixed_targets_are_the_pictures_shares(ws):
    step = made(ws, mixup=1.0).stepper
    x = torch.arange(5.0).view(5, 1, 1, 1).expand(5, 3, 4, 4).clone()
    targets = torch.tensor([0, 0, 1, 1, 1])
    mixed, shares = step._mixed(x.clone(), targets)
    assert shares.sum(1).tolist() == pytest.approx([1.0] * 5)
    share = ((mixed[0, 0, 0, 0] - 3) / (0 - 3)).item()  # picture 0 is mixed with 3
    assert shares[0].tolist() == pytest.approx([share, 1 - share], abs=1e-6)
    assert torch.equal(mixed[4], x[4])
    assert shares[4].tolist() == [0.0, 1.0]


def test_each_stage_has_its_size_and_regularization_and_the_last_ones_best_is_kept(ws):
    train(ws, Order("bright", "staged", staged()), Silent())
    frame = runs.metrics_frame(ws, 1)
    folder = RunDir(ws.run_dir(1))
    assert list(frame["size"]) == ["16x16", "16x16", "32x32", "32x32"]
    assert list(frame["stage"]) == [0, 0, 1, 1]
    assert best_size(folder.best) == (32, 32)
    with ws.read() as connection:
        assert runs.run(connection, 1).metrics["epoch"] in (3, 4)


def test_a_run_stopped_in_a_stage_resumes_to_the_same_curve_across_stages(ws):
    for looks in (4, 8, 9):
        train(ws, Order("bright", "staged", staged(seed=5)), StopAfter(looks))
    train(ws, Order("bright", "staged", staged(seed=5)), Silent())
    for run_id in (1, 2, 3):
        train(ws, Order("bright", "staged", staged()), Silent(), run_id=run_id)
        assert curve(ws, run_id) == curve(ws, 4)


def test_entering_a_stage_sets_dropout_drop_path_and_weight_decay(ws):
    run_id = prepare(ws, Order("bright", "staged", staged()), Silent())
    work = trainer(ws, run_id, Silent())
    paths = [m for m, _ in work.drop_paths._own]
    groups = work.stepper.optimizer.param_groups

    def state() -> tuple:
        return work.stepper.plain.drop_rate, max(p.drop_prob for p in paths), {g["weight_decay"] for g in groups}

    assert state() == (0.1, 0.0, {0.0})
    work._enter(2)
    rate, path, decays = state()
    assert (rate, decays) == (0.3, {0.0, 0.1})
    assert 0 < path < 0.2 or path == pytest.approx(0.2)


def test_a_run_stopped_in_its_first_stage_predicts_at_the_size_it_was_measured_at(ws):
    from core.pseudo.network import load_network

    train(ws, Order("bright", "staged", staged()), StopAfter(8))
    folder = RunDir(ws.run_dir(1))
    assert load_network(folder).size == best_size(folder.best) == (16, 16)


def test_frozen_networks_change_their_classifier_only(ws):
    run_id = prepare(ws, order(freeze=True, weight_decay=0.1), Silent())
    work = trainer(ws, run_id, Silent())
    before = {k: v.clone() for k, v in work.stepper.plain.state_dict().items()}
    work.fit(Silent())
    after = work.stepper.plain.state_dict()
    changed = {k for k in before if not torch.equal(before[k], after[k])}
    assert changed == {"classifier.weight", "classifier.bias"}


def test_grey_pictures_have_three_equal_channels_of_luma():
    normalize = Normalize([0.0] * 3, [1 / 255] * 3, torch.device("cpu"), grey=True)
    red = torch.zeros(1, 3, 2, 2, dtype=torch.uint8)
    red[:, 0] = 100
    x = normalize(red)
    assert x.shape == (1, 3, 2, 2)
    assert torch.allclose(x, torch.full_like(x, 29.9))


def test_grey_runs_measure_grey_pictures(ws):
    train(ws, order(grey=True, epochs=1), Silent())
    facts = RunDir(ws.run_dir(1)).facts()
    assert len(set(facts["mean"])) == len(set(facts["std"])) == 1


def test_normalization_is_the_weights_own_or_the_datas(ws):
    for choice in ("own", "weights", "auto"):
        train(ws, only_trained(epochs=1, normalization=choice, width=1, depth=1), Silent())
    own, theirs, auto = (json.loads((ws.run_dir(i) / "run.json").read_text())["mean"] for i in (1, 2, 3))
    assert theirs == [0.485, 0.456, 0.406]  # ImageNet's, which timm gives for tf_efficientnetv2_b0
    assert own == auto != theirs


def test_turned_pictures_train_and_resume_to_the_same_curve(ws):
    settings = {"rotate": 25, "translate": 0.1, "zoom": (0.9, 1.1), "shear": 8, "rand_augment": 3}
    train(ws, order(**settings), Silent())
    train(ws, order(**settings), StopAfter(5))
    train(ws, order(**settings), Silent(), run_id=2)
    assert curve(ws, 1) == curve(ws, 2)


def test_the_patience_counts_only_what_is_better_by_enough(ws):
    settings = {"epochs": 40, "patience": 2, "lr": 1e-9, "schedule": "constant", "warmup_epochs": 0, "min_delta": 0.5}
    train(ws, order(**settings), Silent())
    assert len(runs.metrics_frame(ws, 1)) == 3


def test_dropout_that_a_network_has_no_place_for_is_refused():
    from core.training.regularize import set_dropout

    network = build("efficientnet_b0", 2)
    set_dropout(network, 0.4)
    assert network.drop_rate == 0.4
    with pytest.raises(GapwiseError, match="no dropout before its classifier"):
        set_dropout(nn.Sequential(nn.Linear(2, 2)), 0.4)


def test_a_compiled_network_learns_the_same_and_its_run_can_be_resumed(ws, linear):
    for compile_it in (False, True):
        train(ws, only_trained(compile=compile_it, optimizer="sgd", epochs=2), Silent())
    train(ws, only_trained(compile=True, optimizer="sgd", epochs=2), StopAfter(4))
    train(ws, only_trained(compile=True, optimizer="sgd", epochs=2), Silent(), run_id=3)
    plain, compiled, resumed = (curve(ws, i) for i in (1, 2, 3))
    for row, other in zip(plain, compiled, strict=True):
        assert row[2:4] == pytest.approx(other[2:4], abs=1e-5)
    assert resumed == compiled


def test_a_process_that_prepares_pictures_changes_nothing_but_the_time(ws, monkeypatch):
    settings = {"rotate": 10, "rand_augment": 5, "dropout": 0.2, "stages": STAGES}
    recipe = training.Recipe(**{**tiny.recipe().model_dump(exclude={"epochs", "size"}), **settings})
    for workers in (0, 1):
        monkeypatch.setattr(loop, "loader_workers", lambda *asked, n=workers: n)
        train(ws, Order("bright", "tiny", recipe, predict=False), Silent())
    train(ws, Order("bright", "tiny", recipe, predict=False), StopAfter(9))
    train(ws, Order("bright", "tiny", recipe, predict=False), Silent(), run_id=3)
    assert curve(ws, 1) == curve(ws, 2) == curve(ws, 3)


@pytest.mark.parametrize(
    ("cores", "pictures", "processes", "workers"), [(2, 999, 1, 0), (8, 999, 1, 1), (8, 999, 4, 0), (8, 9, 1, 0)]
)
def test_pictures_are_prepared_elsewhere_where_cores_are_left_and_it_is_worth_it(
    monkeypatch, cores, pictures, processes, workers
):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: range(cores), raising=False)
    assert loader_workers(torch.device("cpu"), pictures, processes) == workers
    assert loader_workers(torch.device("cuda"), pictures, processes) == 4
