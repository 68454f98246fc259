"""Where errors look: mean maps of wrong and right answers, groups of wrong ones whose maps are alike, and sentences."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core.hard import where
from core.store import hard
from pages.ui import navigation, readers, scripts, state
from pages.ui.hard import component, gallery
from pages.ui.hard.sources import Named
from pages.ui.widgets import counted, plain

if TYPE_CHECKING:
    from core.hard.where import Look
    from core.workspace import Workspace
    from pages.ui.hard.choice import Looked

EXAMPLES = 4  # pictures of a group


def show(looked: Looked) -> None:
    """Draw sentences, mean maps, groups, and the images of the group that is chosen."""
    found = _look(readers.stamp(looked.workspace), looked.run_id, looked.workspace)
    for sentence in found.sentences:
        st.markdown(plain(sentence))
    if found.wrong is None and found.right is None:
        st.info("Maps come with a run's predictions. A network without a layer that fits has none.")
        navigation.link("activation_maps", "Go to Activation maps")
        return
    component.draw(looked, "look", _data(looked, found), lambda event: _chosen(looked, found, event))
    if found.left_out_told:
        st.caption(found.left_out_told)
    _below(looked, found)


@st.cache_data(max_entries=8, show_spinner="Looking where the maps lie…")
def _look(stamp: tuple, run_id: int, _workspace: Workspace) -> Look:
    with _workspace.read() as connection:
        return where.where_errors_look(connection, run_id)


def _data(looked: Looked, found: Look) -> dict[str, object]:
    named = (("Wrong", found.wrong, found.wrong_count), ("Right", found.right, found.right_count))
    means = [
        {"name": name, "note": f"mean of {counted(count, 'map')}", "cells": cells}
        for name, cells, count in named
        if cells is not None
    ]
    groups = found.clusters if len(found.clusters) > 1 else ()
    clusters = [
        {
            "share": one.share,
            "note": f"{one.right_share:.0%} of the right ones look like this",
            "cells": one.map,
            "count": len(one.image_ids),
            "examples": _examples(looked, one.image_ids),
        }
        for one in groups
    ]
    chosen = state.get(state.HARD_GROUP)
    return {
        "title": f"{looked.title}: where errors look",
        "colors": scripts.colors(),
        "means": _shades(means),
        # Each on a scale of its own: one that is spread all over would be dark beside others.
        "clusters": [row for one in clusters for row in _shades([one])],
        "chosen": chosen[2] if chosen is not None and chosen[:2] == _place(looked) else None,
    }


def _shades(rows: list[dict]) -> list[dict]:
    """Return rows with their `cells` as bytes on one scale for all of them, so that they can be compared."""
    most = max((float(row["cells"].max()) for row in rows), default=1.0) or 1.0
    return [
        {
            **{name: value for name, value in row.items() if name != "cells"},
            "map": base64.b64encode(np.rint(255 * row["cells"] / most).astype(np.uint8).tobytes()).decode(),
            "size": list(row["cells"].shape),
            "most": most,
        }
        for row in rows
    ]


def _examples(looked: Looked, image_ids: np.ndarray) -> list[dict]:
    ids = [int(i) for i in image_ids[:EXAMPLES]]
    with looked.workspace.read() as connection:
        rows = hard.rows_of(connection, looked.label_id, looked.run_id, ids)
    return [{"image": row.image_id, "digest": row.digest[:16], "name": row.fname} for row in rows]


def _chosen(looked: Looked, found: Look, event: Mapping[str, object]) -> None:
    n = event.get("n")
    if event.get("what") != "cluster" or not isinstance(n, int) or not 0 <= n < len(found.clusters):
        return
    wanted = (*_place(looked), n)
    state.put(state.HARD_GROUP, None if state.get(state.HARD_GROUP) == wanted else wanted)


def _below(looked: Looked, found: Look) -> None:
    chosen = state.get(state.HARD_GROUP)
    if chosen is None or chosen[:2] != _place(looked) or chosen[2] >= len(found.clusters):
        return
    group = found.clusters[chosen[2]]
    st.subheader(f"{counted(len(group.image_ids), 'wrong one')} with maps like this, most typical first", anchor=False)
    gallery.show(
        looked, Named(group.image_ids, "Wrong, with maps that are alike"), f"group {chosen[2] + 1} of wrong ones"
    )


def _place(looked: Looked) -> tuple[str, int]:
    return str(looked.workspace.root), looked.run_id
