"""Five ways to scale a network at equal multiply-adds, trained on the person's own images: one button, one job."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.errors import GapwiseError
from core.models.starts import SCALABLE
from core.store.images import heldout_image
from core.store.labels import label_id
from core.training.compare import duration
from core.training.library import list_recipes
from core.training.pace import TRAINED
from core.training.scaled import results
from core.training.scaled.command import COMPARE, SEEDS, Asked, check
from core.training.scaled.estimate import estimate
from core.training.summary import summaries
from pages.ui import navigation, readers, scaling_jobs, scaling_outcomes
from pages.ui import training_fields as fields
from pages.ui.explain.choice import open_image
from pages.ui.widgets import plain, show_error

if TYPE_CHECKING:
    from core.training.recipe import Recipe
    from core.training.scaled.results import Outcome
    from core.training.sweep.plan import Plan
    from core.workspace import Workspace

_ABOUT = (
    "The recipe's network is the baseline. It is trained as it is, with more layers, wider, with larger pictures, and"
    " with all three, the last four at equal multiply-adds as counted: from random weights, with the same seeds, on the"
    " same images. Small networks grow in large steps, so how near the four costs come is said before the start."
)


def draw(workspace: Workspace) -> None:
    """Draw the form, the comparisons of this workspace, and the one that was measured with Gapwise."""
    st.markdown(_ABOUT)
    found = scaling_jobs.of_kind(workspace, COMPARE)
    asked = ask(workspace, COMPARE)
    if asked is not None:
        _offer(workspace, asked, busy=any(job.active for job in found))
    if found:
        scaling_jobs.shown(workspace, found, "Comparison", _maps)
    measured()


def ask(workspace: Workspace, kind: str) -> Asked | None:
    """Draw what is asked of a comparison or a search; None where there is no label yet."""
    labels = [label.name for label in readers.labels(workspace)]
    recipes = {name: r for name, r in list_recipes().items() if can_scale(r)}
    if not labels or not recipes:
        st.info("There is no label to train yet: import a table on the Dataset page.")
        return None
    row, key = fields.row(), kind.replace("-", "_")
    label = row.selectbox("Label", labels, width=fields.NARROW, **_kept(key, "label"))
    names = list(recipes)
    recipe = row.selectbox("Recipe", names, index=names.index("quick-cpu") if "quick-cpu" in names else 0,
                           width=220, help="Recipes whose network can be scaled, without progressive learning.",
                           **_kept(key, "recipe"))  # fmt: skip
    own = recipes[recipe]
    size = row.number_input("Picture size", 8, 2048, min(own.pixels), width=120, **_kept(key, f"size_{recipe}"))
    epochs = row.number_input("Epochs", 1, 10_000, own.epochs, width=120, **_kept(key, f"epochs_{recipe}"))
    seeds = row.number_input("Seeds", 1, 20, len(SEEDS), width=110, **_kept(key, "seeds"),
                             help="Each network is trained so many times: only then chance is seen.")  # fmt: skip
    phi = 1.0
    if kind == COMPARE:
        phi = row.number_input("φ", 0.1, 5.0, 1.0, step=0.1, width=110, **_kept(key, "phi"),
                               help="Of the compound network; one nearby where costs meet better.")  # fmt: skip
    sets = (f"size={int(size)}", f"epochs={int(epochs)}")
    return Asked(kind, label, recipe, sets, tuple(range(int(seeds))), round(float(phi), 4))


def can_scale(recipe: Recipe) -> bool:
    """Whether a recipe's network can be the baseline."""
    return recipe.model.split(".")[0] in SCALABLE and not recipe.stages and recipe.progressive is None


def told(workspace: Workspace, plan: Plan) -> str:
    """Return how much work a plan is, before it is started."""
    known = readers.missing(workspace).by_label[plan.label]
    images = round(TRAINED * sum(known[source] for source in plan.sources))
    classes = next(len(each.classes) for each in readers.labels(workspace) if each.name == plan.label)
    many = f"**{plan.total} trainings**: {len(plan.points)} networks, {len(plan.seeds)} seeds, about {images:,} images."
    found = estimate(plan, images, classes, summaries(workspace))
    if found is None:
        return f"{many} How long they take is not known: no run here had a network that can be counted."
    other = "" if found.same_model else ", which had another model"
    return f"{many} About {duration(found.seconds)} on this machine, reckoned from run {found.run}{other}."


def measured() -> None:
    """Draw the comparison whose result file comes with Gapwise."""
    if not results.MEASURED.is_file():
        return
    box = st.expander("Measured with Gapwise, reduced", icon=":material/science:", key="scaled_measured",
                      on_change="rerun")  # fmt: skip
    if not box.open:
        return
    with box:
        try:
            about, found = results.of_file(results.MEASURED)
        except GapwiseError as error:
            show_error(error)
            return
        images = about["images"]
        st.markdown(
            f"{plain(about['data'])}, **reduced**: {images['train']:,} training images, {images['validation']:,} others"
            f" to choose the best epoch, recipe {plain(about['recipe'])} with a small network, on"
            f" {plain(about['device'])}."
        )
        scaling_outcomes.draw(found, "compound", "measured", f"{images['test']:,} official test images")
        st.code(str(about["command"]), language="shell")


def _offer(workspace: Workspace, asked: Asked, busy: bool) -> None:
    try:
        plan = check(workspace, asked)
    except GapwiseError as error:
        show_error(error)
        return
    scaling_outcomes.networks(plan)
    pressed = st.button("Train all five", icon=":material/play_arrow:", type="primary", key="scaled_start",
                        disabled=busy)  # fmt: skip
    st.caption("A comparison is going on." if busy else told(workspace, plan))
    if pressed:
        scaling_jobs.begin(workspace, asked)


def _maps(workspace: Workspace, plan: Plan, found: list[Outcome]) -> None:
    """Link to the activation maps of the networks, where the first seed's are trained."""
    if not all(o.runs for o in found):
        return
    with workspace.read() as connection:
        label = label_id(connection, plan.label)
        image = heldout_image(connection, label)
    pressed = st.button("Their activation maps on one image", icon=":material/visibility:", key="scaled_maps",
                        on_click=open_image, args=(workspace, image, label, None, "scaled"), disabled=image is None,
                        help="Of the newest comparison's first seed, side by side.")  # fmt: skip
    if pressed:
        navigation.go("activation_maps")


def _kept(kind: str, name: str) -> dict[str, str]:
    """A field's key, and that it keeps its value while another page is open."""
    return {"key": f"{kind}_{name}", "persist_state": "session"}
