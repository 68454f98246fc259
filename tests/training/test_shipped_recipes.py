"""The shipped recipes say what their sources say. Expected figures are typed by hand from the sources."""

from __future__ import annotations

import json

import pytest
import torch

from core.jobs.reporter import Silent
from core.models import zoo
from core.training.batches import train_transform
from core.training.library import RECIPES, list_recipes, load_recipe
from core.training.optim import Schedule, make_optimizer
from core.training.rundir import RunDir
from core.training.train import Order, prepare, trainer
from core.workspace import Workspace

NAMES = ("5k-v2b3", "best", "cars-b0", "progressive", "progressive-cifar", "progressive-fashion", "quick-cpu")
# Each name's rows: first epoch (from 0), size, RandAugment, dropout, drop path, weight decay.
SCHEDULES = {
    "progressive-fashion": [(0, 28, 5, 0.2, 0.0, 0.0), (20, 50, 10, 0.3, 0.1, 3e-4), (50, 80, 20, 0.4, 0.2, 3e-3)],
    "progressive-cifar": [(0, 128, 10, 0.2, 0.0, 1e-4), (20, 150, 15, 0.3, 0.1, 3e-4), (40, 200, 20, 0.4, 0.2, 3e-3)],
    # Table 6 of the V2 paper, row S: 128 to 300 px, RandAugment 5 to 15, dropout 0.1 to 0.3, in four stages.
    "progressive": [
        (0, 128, 5, 0.1, 0.2, 0.05),
        (30, 185, 8, 0.1 + 0.2 / 3, 0.2, 0.05),
        (60, 243, 12, 0.1 + 0.4 / 3, 0.2, 0.05),
        (90, 300, 15, 0.3, 0.2, 0.05),
    ],
}


def test_these_recipes_are_shipped():
    assert tuple(sorted(list_recipes())) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_names_its_source_and_says_what_is_whose(name):
    recipe = load_recipe(name)
    assert recipe.title
    assert recipe.source
    text = (RECIPES / f"{name}.toml").read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert "ours" in text.lower() or "our own" in recipe.source.lower()


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_builds_its_network_transform_and_schedule(name):
    recipe = load_recipe(name)
    with torch.device("meta"):  # shapes, no memory; published weights are not fetched
        model = zoo.build(
            recipe.model, 10, "random", recipe.width, recipe.depth, recipe.dropout, recipe.drop_path, recipe.pixels
        )
        assert model.eval()(torch.empty(2, 3, *recipe.pixels)).shape == (2, 10)
    small = torch.nn.Linear(2, 2)
    assert Schedule(make_optimizer(small, recipe), recipe, 10).lr <= recipe.lr
    for _, stage in recipe.phases:
        train_transform(stage)


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_trains_with_a_tiny_network(ws: Workspace, name: str):
    tiny = {"model": "tf_efficientnetv2_b0", "weights": "random", "width": 0.1, "depth": 0.1, "size": 32}
    recipe = load_recipe(name).changed(**tiny, epochs=4, batch_size=8)
    run_id = prepare(ws, Order("bright", name, recipe, predict=False), Silent())
    position = trainer(ws, run_id, Silent()).fit(Silent())
    assert (position.epoch, position.over) == (4, True)
    rows = [json.loads(line) for line in RunDir(ws.run_dir(run_id)).metrics.read_text().splitlines()]
    assert rows[-1]["size"] == "32x32"
    assert len({row["size"] for row in rows}) == len(SCHEDULES.get(name, [None]))  # every stage had its epochs


@pytest.mark.parametrize("name", ["5k-v2b3", "best", "cars-b0"])
def test_published_weights_exist_for_the_pretrained_recipes(name):
    recipe = load_recipe(name)
    assert recipe.weights == "hub"
    zoo.check_name(recipe.model)
    assert "." in recipe.model, "without a tag, timm may publish other weights tomorrow"


@pytest.mark.parametrize("name", SCHEDULES)
def test_the_stages_are_the_sources(name):
    found = [
        (first, r.size, r.rand_augment, r.dropout, r.drop_path, r.weight_decay) for first, r in load_recipe(name).phases
    ]
    for row, expected in zip(found, SCHEDULES[name], strict=True):
        assert row == pytest.approx(expected)


@pytest.mark.parametrize(
    ("name", "model", "epochs"),
    [("progressive-fashion", "tf_efficientnetv2_s", 100), ("progressive-cifar", "tf_efficientnetv2_m", 60)],
)
def test_what_stays_the_same_in_the_studys_schedules(name, model, epochs):
    recipe = load_recipe(name)
    assert (recipe.model, recipe.weights, recipe.epochs) == (model, "random", epochs)
    assert (recipe.optimizer, recipe.lr, recipe.label_smoothing) == ("adam", 1e-3, 0.1)


@pytest.mark.parametrize("name", ["progressive-fashion", "progressive-cifar"])
def test_the_studys_rate_falls_by_a_hundredth_after_every_epoch(name):
    recipe, steps = load_recipe(name), 7
    schedule = Schedule(make_optimizer(torch.nn.Linear(2, 2), recipe), recipe, steps)
    rates = []
    for step in range(3 * steps):
        rates.append(schedule.lr)
        schedule.after_step(step + 1)
    assert rates == pytest.approx([1e-3] * steps + [0.99e-3] * steps + [0.9801e-3] * steps)


def test_the_cars_recipe_says_what_the_thesis_says():
    recipe = load_recipe("cars-b0")
    assert recipe.model.split(".")[0] == "efficientnet_b0"
    assert (recipe.size, recipe.epochs, recipe.batch_size) == (224, 150, 32)
    assert (recipe.optimizer, recipe.lr, recipe.label_smoothing) == ("adamw", 1e-3, 0.1)
    assert (recipe.schedule, recipe.decay_rate, recipe.decay_epochs) == ("plateau", 0.1, 7)
    assert (recipe.patience, recipe.min_delta) == (10, 1e-3)
    assert (recipe.scale, recipe.ratio, recipe.hflip) == ((1.0, 1.0), (1.0, 1.0), 0.5)
    assert (recipe.rotate, recipe.translate, recipe.zoom, recipe.shear) == (25.0, 0.1, (0.9, 1.1), 8.0)
    assert recipe.color_jitter > 0
    assert (recipe.normalization, recipe.grey, recipe.freeze) == ("own", False, False)


def test_the_cars_recipes_variants_are_settings_of_it():
    recipe = load_recipe("cars-b0")
    scratch = recipe.changed(weights="random", grey=True, dropout=0.0, weight_decay=0.1)
    assert (scratch.grey, scratch.dropout, scratch.weight_decay) == (True, 0.0, 0.1)
    assert recipe.changed(freeze=True).freeze


def test_the_cars_recipes_rate_falls_to_a_tenth_after_seven_epochs_without_a_thousandth():
    recipe = load_recipe("cars-b0")
    schedule = Schedule(make_optimizer(torch.nn.Linear(2, 2), recipe), recipe, 5)
    schedule.after_epoch(0.5)
    rates = []
    for _ in range(9):
        rates.append(schedule.lr)
        schedule.after_epoch(0.5002)  # better by less than a thousandth of 0.5
    assert rates == pytest.approx([1e-3] * 8 + [1e-4])


def test_the_5k_recipe_is_the_reports():
    recipe = load_recipe("5k-v2b3")
    assert (recipe.model, recipe.size) == ("tf_efficientnetv2_b3.in21k_ft_in1k", 300)
    assert (recipe.hflip, recipe.label_smoothing) == (0.5, 0.0)
    assert recipe.dropout > 0
    assert recipe.weight_decay > 0
    assert recipe.scale[0] < 1
    assert recipe.ratio[0] < 1 < recipe.ratio[1]


def test_the_5k_recipes_velocity_is_momentum_times_velocity_less_rate_times_gradient():
    """timm's "sgd" is Nesterov's: it took a first step of 1.9 rates where the report's takes one of 1."""
    recipe = load_recipe("5k-v2b3").changed(lr=0.1, momentum=0.9)
    layer = torch.nn.Linear(1, 1)  # its bias is not decayed
    optimizer = make_optimizer(layer, recipe)
    before, moved = layer.bias.item(), []
    for _ in range(3):
        layer.bias.grad = torch.ones(1)
        optimizer.step()
        moved.append(before - layer.bias.item())
    # v: 0.1, 0.9 * 0.1 + 0.1 = 0.19, 0.9 * 0.19 + 0.1 = 0.271; moved by their sums.
    assert moved == pytest.approx([0.1, 0.29, 0.561])
