"""Every session-state key: declared, typed and defaulted here; nowhere else is one made up."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import streamlit as st

from core.errors import GapwiseError
from core.workspace import DATABASE, Workspace, find_workspaces, home
from pages.ui import address, login, navigation
from pages.ui.widgets import plain

WORKSPACE = "workspace_root"  # str: root of the chosen workspace
WORKSPACE_PICKED = "workspace"  # str: the same as the picker shows it; the address knows it by this name
WORKSPACE_RIGHTED = "workspace_righted"  # bool: the page is run anew because the picker showed another one
WORKSPACE_PROBLEM = "workspace_problem"  # str: why it is not the one that the address asked for; empty when it is
WORKSPACE_NAMED = "workspace_named"  # str: what the address calls it; empty for the one that it means without a name
REVIEWER = "reviewer"  # str: who decides
REVIEWER_TYPED = "reviewer_typed"  # bool: whether the name was typed just now, for this browser to remember
SESSION = "session"  # str: random; part of the ids of this session's decisions
REVIEW_LABEL = "review_label"  # int: id of the label whose queue is shown
REVIEW_ORDER = "review_order"  # str: a key of core.store.queue.ORDERS
REVIEW_FOCUS = (
    "review_focus"  # ((workspace root, chosen label id), (image id, label id)) shown first after an undo; or None
)
REVIEW_SHOWING = "review_showing"  # int: newest entry of the log about the cell on the plain card, 0 for none
REVIEW_LAST = "review_last"  # (workspace root, str): what the last decision there did, shown on the card
REVIEW_BROKEN = "review_broken"  # (workspace root, decision, str): what it made contradict itself, empty for nothing
REVIEW_PLAIN = "review_plain"  # bool: Streamlit's own buttons instead of the card that holds the next items
REVIEW_BLIND = "review_blind"  # int, one for each workspace: for how many of a hundred items the proposal is hidden
REVIEW_BELOW = "review_below"  # str: what is drawn below the card, None for nothing
BULK_PRECISION = "bulk_precision"  # float: per cent of right cells to promise
SHOW_MAP = "show_map"  # bool: the overlay stays on while going through the queue
SCALING_SECTION = "scaling_section"  # str: what is drawn below the explorer, None for nothing
TRAIN_VIEW = "train_view"  # str: one label, or a cascade over all of them
TRAIN_LABEL = "train_label"  # str: the label to train
TRAIN_RECIPE = "train_recipe"  # str: the recipe to train it with
TRAIN_DRAFTS = "train_drafts"  # dict recipe name -> training_draft.Draft: what was changed there, used or not
TRAIN_CLONE = "train_clone"  # {"label", "recipe", "values"}: what the form opens with once; or None
TRAIN_SAVED = "train_saved"  # str: a recipe that was saved a moment ago, chosen next; empty for none
TRAIN_WHERE = "train_where"  # dict: place (here or cluster), processes, address, workers, gpus_ and cpus_per_worker
TRAIN_TRACKERS = "train_trackers"  # list: names of the tools that follow a training
TRAIN_STARTED = "train_started"  # (workspace root, command, seconds): the last start, so that one press starts one job
TRAIN_DRAWN = "train_drawn"  # (recipe name, its JSON) as the form was drawn last; or None
TRAIN_JOBS_PAGE = "train_jobs_page"  # int: which page of jobs is shown, from 1
TRAIN_DELETE = "train_delete_job"  # (workspace root, job id) that is asked about before it is deleted; or None
SWEEP_SETTINGS = "sweep_settings"  # list: names of the settings that a sweep tries
SWEEP_VALUES = "sweep_values"  # dict setting -> what was typed for it, also for one that is not tried now
SWEEP_SEARCH = "sweep_search"  # str: grid or optuna
SWEEP_TRIALS = "sweep_trials"  # int: combinations that Optuna tries
SWEEP_OBJECTIVE = "sweep_objective"  # str: f1 or accuracy
SWEEP_PREDICT = "sweep_predict"  # bool: whether the best trial predicts at the end
SWEEP_SHOWN = "sweep_shown"  # dict workspace root -> job id of the sweep that is looked at
SWEEP_SCORE = "sweep_score"  # str: f1 or accuracy, in the heat map and the shares
GAPS_VIEW = "gaps_view"  # str: which picture of the gaps is looked at
GAPS_ORDER = "gaps_order"  # str: a key of core.labels.nullity.ORDERS
GAPS_LABEL = "gaps_label"  # int: the place of the label that the rows are ordered by
GAPS_CLASS = "gaps_class"  # int: the place of the label whose classes are looked at
GAPS_LISTING = "gaps_listing"  # str: how the counts are written
SAID = "said"  # (text, icon): what a callback had to say, until it is drawn
GAPS_BOX = "gaps_box"  # str: which box below the pictures is open, empty for none
GAPS_LARGE = "gaps_large"  # str: the picture that was asked for in large, until it is drawn
GAPS_CHOSEN = "gaps_chosen"  # dict workspace root -> gap_selection.Chosen: which images the pictures are filtered by
RUNS_CHOSEN = "runs_chosen"  # dict workspace root -> ids of the ticked runs
RUNS_LABEL = "runs_label"  # str: the label whose runs are shown, empty for all
RUNS_VIEW = "runs_view"  # str: what is shown below the table
RUNS_ONE = "runs_one"  # int: the run that is looked at alone, 0 for none yet
RUNS_MEASURE = "runs_measure"  # str: what the curves show, a key of core.charts.curves.MEASURES
RUNS_AXIS = "runs_axis"  # str: epoch, step or seconds
RUNS_SMOOTHING = "runs_smoothing"  # float: 0 for none
RUNS_SCALES = "runs_scales"  # list: x, y, where logarithmic
RUNS_ONLY_DIFFERENCES = "runs_only_differences"  # bool
RUNS_LIVE = "runs_live"  # bool: whether the page is drawn again when a run has a new epoch
FAMILIES_SHOWN = "families_shown"  # list: keys of core.charts.families.ORDER
FAMILIES_AXIS = "families_axis"  # str: a key of pages.ui.scaling_costs.AXES
FAMILIES_MEMORY = "families_memory"  # float: GB that training may need, 0 for no budget
FAMILIES_LATENCY = "families_latency"  # float: ms for one picture, 0 for no budget
FIT_DEVICE = "fit_device"  # str: cpu or cuda
FIT_MEMORY = "fit_memory"  # float: GB; the next four None for no budget
FIT_LATENCY = "fit_latency"  # float: ms for one picture
FIT_MINUTES = "fit_minutes"  # float: for a whole training
FIT_PX = "fit_px"  # int: the largest side of a picture
FIT_BATCH = "fit_batch"  # int
FIT_EPOCHS = "fit_epochs"  # int
MAPS_LABEL = "maps_label"  # int: the label whose pictures are looked at
MAPS_RUN = "maps_run"  # int: the run whose predictions and maps they have
MAPS_LIST = "maps_list"  # str: a key of core.store.hard.LISTS
MAPS_IMAGE = "maps_image"  # (workspace root, image id, n, tab, came) that another page opened, n counts. Or None
MAPS_MISSED = "maps_missed"  # (workspace root, run, text): what to say of an address while that run is shown; or None
# Hard examples. Those up to the runs are in the address: what is put there before a field is drawn hides what it says.
HARD_LABEL = "hard_label"  # int: the label whose hard examples are looked at
HARD_RUN = "hard_run"  # int: the run that they are hard for
HARD_VIEW = "hard_view"  # str: a key of pages.ui.hard.choice.VIEWS
HARD_LIST = "hard_list"  # str: a key of core.store.hard.LISTS
HARD_TRUTH = "hard_known"  # int: only images known as this class; None for all
HARD_SAID = "hard_said"  # int: only images that the run says to be this class; None for all
HARD_RUNS = "hard_runs"  # list: runs that are held against each other, empty for all of the label
HARD_LASSO = "hard_chosen"  # dict (workspace root, run) -> image ids as an array: what the lasso chose on its map
HARD_GROUP = "hard_group"  # (workspace root, run, n): the group of wrong ones whose images are shown; or None
HARD_OPEN = "hard_open"  # bool: a picture was clicked, its own page comes next
HARD_LEFT = "hard_left"  # (workspace root, dict of the keys in the address) as the page was left for a picture; or None
HARD_SENT = "hard_sent"  # (workspace root, label, text): what was sent to review last, until it is drawn
HARD_TO_REVIEW = "hard_to_review_next"  # bool: the queue of what was sent comes next
HARD_REPORT = "hard_report"  # ((workspace root, run, list, pictures), HTML) of the report made last; or None

_DEFAULTS = {
    HARD_LASSO: {},
    HARD_GROUP: None,
    HARD_OPEN: False,
    HARD_LEFT: None,
    HARD_SENT: None,
    HARD_TO_REVIEW: False,
    HARD_REPORT: None,
    MAPS_IMAGE: None,
    MAPS_MISSED: None,
    WORKSPACE_PROBLEM: "",
    WORKSPACE_NAMED: "",
    REVIEW_FOCUS: None,
    REVIEW_SHOWING: 0,
    REVIEW_LAST: ("", ""),
    REVIEW_BROKEN: ("", 0, ""),
    REVIEW_PLAIN: False,
    REVIEW_BELOW: None,
    BULK_PRECISION: 99.0,
    SHOW_MAP: False,
    WORKSPACE_RIGHTED: False,
    SCALING_SECTION: None,
    TRAIN_VIEW: "One label",
    TRAIN_DRAFTS: {},
    TRAIN_CLONE: None,
    TRAIN_SAVED: "",
    TRAIN_TRACKERS: [],
    TRAIN_STARTED: None,
    TRAIN_DRAWN: None,
    TRAIN_WHERE: {
        "place": "here",
        "processes": 0,
        "address": "",
        "workers": 1,
        "gpus_per_worker": 0,
        "cpus_per_worker": 1,
    },
    TRAIN_DELETE: None,
    SWEEP_SETTINGS: ["dropout", "weight_decay"],
    SWEEP_VALUES: {},
    SWEEP_SEARCH: "grid",
    SWEEP_TRIALS: 20,
    SWEEP_OBJECTIVE: "f1",
    SWEEP_PREDICT: True,
    SWEEP_SHOWN: {},
    SWEEP_SCORE: "f1",
    GAPS_VIEW: "Row by row",
    GAPS_ORDER: "file",
    GAPS_LABEL: 0,
    GAPS_CLASS: 0,
    GAPS_LISTING: "Table",
    GAPS_CHOSEN: {},
    GAPS_LARGE: "",
    SAID: ("", ""),
    GAPS_BOX: "",
    RUNS_CHOSEN: {},
    RUNS_LABEL: "",
    RUNS_VIEW: "Curves",
    RUNS_ONE: 0,
    RUNS_MEASURE: "loss",
    RUNS_AXIS: "epoch",
    RUNS_SMOOTHING: 0.0,
    RUNS_SCALES: [],
    RUNS_ONLY_DIFFERENCES: False,
    RUNS_LIVE: True,
    FAMILIES_SHOWN: ["B", "V2", "V2, 21k first", "V2-B", "by hand", "searched"],
    FAMILIES_AXIS: "multiply_adds",
    FAMILIES_MEMORY: 0.0,
    FAMILIES_LATENCY: 0.0,
    FIT_DEVICE: "cpu",
    FIT_MEMORY: 8.0,
    FIT_LATENCY: None,
    FIT_MINUTES: None,
    FIT_PX: None,
    FIT_BATCH: 32,
    FIT_EPOCHS: 20,
}

# Widgets whose values outlive them: Streamlit forgets what is not drawn, on another page or in another view of one.
KEPT = (
    REVIEWER,  # a page that is opened by a button comes without the fields of the one before
    REVIEW_PLAIN,
    REVIEW_BELOW,
    BULK_PRECISION,
    SCALING_SECTION,
    TRAIN_VIEW,
    GAPS_LISTING,
    *(MAPS_LABEL, MAPS_RUN, MAPS_LIST),
    *(RUNS_LABEL, RUNS_VIEW, RUNS_LIVE, RUNS_ONE),
    *(RUNS_MEASURE, RUNS_AXIS, RUNS_SMOOTHING, RUNS_SCALES, RUNS_ONLY_DIFFERENCES),
    *(FAMILIES_SHOWN, FAMILIES_AXIS, FAMILIES_MEMORY, FAMILIES_LATENCY),
    *(FIT_DEVICE, FIT_MEMORY, FIT_LATENCY, FIT_MINUTES, FIT_PX, FIT_BATCH, FIT_EPOCHS),
)


def get(key: str):
    """Return a key's value, its default when it was never set."""
    if key == SESSION:
        return st.session_state.setdefault(SESSION, uuid.uuid4().hex)
    if key not in st.session_state and key in _DEFAULTS:
        default = _DEFAULTS[key]
        st.session_state[key] = dict(default) if isinstance(default, dict) else default
    return st.session_state[key]


def put(key: str, value: object) -> None:
    st.session_state[key] = value


def sidebar() -> None:
    """Draw the workspace picker and the reviewer's name; keep what was chosen on other pages."""
    for key in KEPT:
        if key in st.session_state:
            put(key, st.session_state[key])
    found = _choose()
    with st.sidebar:
        if found:
            _picker(found)
        if get(WORKSPACE_PROBLEM):
            st.warning(plain(get(WORKSPACE_PROBLEM)))
        if REVIEWER not in st.session_state:
            put(REVIEWER, login.remembered() or login.system_name())
        login.reviewer_field(REVIEWER, REVIEWER_TYPED)


def _picker(found: dict[str, str]) -> None:
    """Draw the picker, which follows what was chosen and never chooses by itself.

    Bound to the address, where Streamlit keeps it from page to page, in one entry of the browser's history. But a bound
    field forgets its value when a run is broken off, and takes that of an older entry when somebody goes back: what
    is decided would go into another workspace.
    """
    chosen = get(WORKSPACE)
    put(WORKSPACE_PICKED, chosen)
    shown = st.selectbox("Workspace", list(found), format_func=found.get, key=WORKSPACE_PICKED, bind="query-params",
                         on_change=_picked)  # fmt: skip
    put(WORKSPACE_NAMED, "" if chosen == next(iter(found)) else found[chosen])
    wrong = shown != chosen
    if wrong and not get(WORKSPACE_RIGHTED):  # once: a field that can't be righted is shown as it is
        put(WORKSPACE_RIGHTED, True)
        st.rerun()
    put(WORKSPACE_RIGHTED, False)


def _picked() -> None:
    put(WORKSPACE, get(WORKSPACE_PICKED))
    put(WORKSPACE_PROBLEM, "")


def _choose() -> dict[str, str]:
    """Return the workspaces there are (root to name), the usual one first, and see to it that one of them is chosen."""
    roots = [str(p) for p in find_workspaces()]
    usual, current = os.environ.get("GAPWISE_WORKSPACE"), st.session_state.get(WORKSPACE)
    for root in (usual, current):
        if root and (Path(root) / DATABASE).is_file() and str(Path(root).resolve()) not in roots:
            roots.append(str(Path(root).resolve()))
    preferred = str(Path(usual).resolve()) if usual else str(home() / "demo")
    names = address.named(roots)
    # First is what the picker takes for its default: an address without a workspace means that one.
    found = {root: names[root] for root in sorted(roots, key=lambda root: root != preferred)}
    if found and current not in found:
        wanted = address.asked(WORKSPACE_PICKED) if current is None else None  # later only the picker decides
        linked = next((root for root, name in found.items() if name == wanted), None)
        problem = address.unknown(wanted) if wanted and not linked else ""
        # Renamed, or its disk is away: nobody is to go on in another set without noticing.
        put(WORKSPACE_PROBLEM, address.gone(Path(current).name) if current else problem)
        put(WORKSPACE, linked or next(iter(found)))
    return found


def workspace() -> Workspace:
    """Return the chosen workspace; without one, say what to do and end the page."""
    root = st.session_state.get(WORKSPACE)
    if not root:
        st.info("There is no workspace yet. Bring data in on the Dataset page, or run `python -m core demo`.")
        navigation.link("dataset", "Go to Dataset")
        st.stop()
    try:
        return _open(root, os.stat(Path(root) / DATABASE).st_ino)
    except (GapwiseError, OSError) as error:
        st.error(f"The workspace in {root} can't be opened: {error}")
        st.stop()


def select_workspace(root: Path) -> None:
    """Make a workspace the current one; only in a callback or before the sidebar is drawn."""
    put(WORKSPACE, str(Path(root).resolve()))
    put(WORKSPACE_PROBLEM, "")


def reviewer() -> str:
    typed = (st.session_state.get(REVIEWER) or "").strip() or login.system_name()
    # Where there is a login, a typed name could be somebody's who logs in.
    return login.name() or (f"{typed}, not logged in" if login.configured() else typed)


@st.cache_resource(max_entries=32, show_spinner=False)
def _open(root: str, inode: int) -> Workspace:  # the inode tells a workspace made anew from the one that was there
    return Workspace.open(root)
