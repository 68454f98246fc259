"""Progressive learning in the form: from a start to an end, or stage by stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from core.training.recipe import Recipe
from core.training.stages import GROWS, Progressive, Stage
from pages.ui import training_fields as fields
from pages.ui.training_draft import current, draft, shown, stage_rows

KINDS = {"none": "One size throughout", "between": "From a start to an end", "written": "Stage by stage"}
BY_STAGES = ("epochs", *GROWS)  # what the table decides when stages are written out
_SIDES = ("height", "width")


def kind(values: Mapping[str, object]) -> str:
    """Return which of KINDS a recipe's settings are."""
    return "written" if values["stages"] else "between" if values["progressive"] else "none"


def draw(name: str, base: Recipe) -> None:
    """Draw the choice and what belongs to it."""
    values = shown(base, name)
    chosen = kind(values)
    key = f"train:{name}:kind"
    if st.session_state.get(key) != chosen:
        st.session_state[key] = chosen
    st.segmented_control(
        "Size and regularization",
        list(KINDS),
        format_func=KINDS.get,
        key=key,
        required=True,
        on_change=switch,
        args=(name, base),
        help="Early epochs with small pictures and weak regularization, then both grow together (Tan and Le 2021).",
    )
    if chosen == "between":
        _start(name, base, values["progressive"])
    elif chosen == "written":
        _table(name, base, values["stages"])
        st.caption("The table decides epochs, size, RandAugment, dropout, stochastic depth and weight decay.")
    recipe, _ = current(base, name)
    if recipe is not None and chosen != "none":
        st.caption(" · ".join(_lines(recipe)))


def switch(name: str, base: Recipe) -> None:
    """Take the kind of stages that was chosen, with values to begin with."""
    chosen, own = st.session_state[f"train:{name}:kind"], kind(base.model_dump())
    recipe = current(base, name)[0] or base
    drop = ("stages", "progressive", *(BY_STAGES if "written" in (chosen, kind(shown(base, name))) else ()))
    values = {n: v for n, v in draft(name).values.items() if n not in drop}
    if chosen != own:
        values |= {"written": {"stages": []}, "between": {"progressive": None}}.get(own, {})
        values |= _beginning(chosen, recipe)
    draft(name).replace(values)


def edited_rows(rows: Sequence[Mapping], changes: Mapping) -> list[dict[str, object]]:
    """Return the rows of a table after what Streamlit's editor says was changed: edited, added, deleted."""
    found = [dict(row) for row in rows]
    for i, cells in changes.get("edited_rows", {}).items():
        found[int(i)].update(cells)
    gone = set(changes.get("deleted_rows", ()))
    kept = [row for i, row in enumerate(found) if i not in gone]
    names = list(rows[0]) if rows else []
    return kept + [{n: row.get(n) for n in names} for row in changes.get("added_rows", ())]


def stages_of(rows: Sequence[Mapping]) -> list[dict[str, object]]:
    """Return the stages that the rows of the table are; an empty field takes what the row above has."""
    found: list[dict[str, object]] = []
    above: dict[str, object] = {}
    for row in rows:
        above = {n: above.get(n) if v is None else v for n, v in row.items()}
        height, width = (above[side] for side in _SIDES)
        size = height if width is None or height == width else [height, width]
        found.append({"epochs": above["epochs"], "size": size, **{n: above[n] for n in GROWS if n != "size"}})
    return found


def rows_of(stages: Sequence[Mapping]) -> list[dict[str, object]]:
    """Return the rows of the table: as the stages, but height and width apart."""
    found = []
    for stage in stages:
        sides = stage["size"] if isinstance(stage["size"], list) else [stage["size"]] * 2
        rest = {n: stage[n] for n in GROWS if n != "size"}
        found.append({"epochs": stage["epochs"], **dict(zip(_SIDES, sides, strict=True)), **rest})
    return found


def _beginning(chosen: str, recipe: Recipe) -> dict[str, object]:
    """Return what a kind begins with: half of the recipe's values, which the stages then grow to."""
    if chosen == "none":
        return {}
    if recipe.progressive:
        return {"stages": stage_rows(recipe)}
    halves = {n: v / 2 for n, v in recipe.model_dump(include=set(GROWS)).items() if n not in ("size", "rand_augment")}
    sides = [max(8, side // 2) for side in recipe.pixels]
    size = sides[0] if sides[0] == sides[1] else sides
    start = Progressive(size=size, rand_augment=recipe.rand_augment // 2, **halves)
    if chosen == "between":
        return {"progressive": start.model_dump(mode="json")}
    plain = recipe.model_copy(update={"stages": (), "progressive": start})
    return {"stages": stage_rows(plain)}


def _start(name: str, base: Recipe, values: Mapping[str, object]) -> None:
    st.caption("Where the stages start. They end at the settings above, in equal steps.")
    own = base.model_dump(mode="json")["progressive"]
    row = fields.row()
    for field, about in Progressive.model_fields.items():
        key = f"train:{name}:progressive.{field}"
        changed = own is not None and values[field] != own[field]
        fields.draw(row, field, about, values[field], key, changed, _start_changed, (name, base, field, key))


def _start_changed(name: str, base: Recipe, field: str, key: str) -> None:
    value = fields.read(Progressive.model_fields[field], key)
    own = base.model_dump(mode="json")["progressive"]
    draft(name).put("progressive", {**shown(base, name)["progressive"], field: value}, own)


def _table(name: str, base: Recipe, stages: Sequence[Mapping]) -> None:
    """Draw the table. It keeps what was typed by itself, so what it was drawn with first stays its data."""
    changes = draft(name)
    key = f"train:{name}:stages:{changes.round}"
    rows = rows_of(stages if "stages" in changes.values else stage_rows(base))
    if changes.table is None or key not in st.session_state:  # another page may have been open meanwhile
        changes.table = rows
    st.data_editor(
        pd.DataFrame(changes.table),
        num_rows="dynamic",
        hide_index=True,
        column_config=_columns(changes.table[-1]),
        key=key,
        on_change=_table_changed,
        args=(name, base, key),
    )


def _table_changed(name: str, base: Recipe, key: str) -> None:
    changes = draft(name)
    stages = stages_of(edited_rows(changes.table, st.session_state[key]))
    own = stage_rows(base) if base.stages else []
    changes.put("stages", stages, own)
    for field in BY_STAGES:
        changes.values.pop(field, None)


def _columns(last: Mapping[str, object]) -> dict[str, object]:
    found = {}
    for name in ("epochs", *_SIDES, *(n for n in GROWS if n != "size")):
        about = Stage.model_fields["size" if name in _SIDES else name]
        low, high = fields.bounds(about)
        whole = name in _SIDES or fields.kind(about) == "int"
        # A new row begins as the last one is; fractions have no step, which would round what is typed.
        found[name] = st.column_config.NumberColumn(
            fields.title(name), min_value=low, max_value=high, step=1 if whole else None, default=last[name],
            help=about.description, required=True,
        )  # fmt: skip
    return found


def _lines(recipe: Recipe) -> list[str]:
    found, before = [], 0
    for stage in stage_rows(recipe):
        first, before = before + 1, before + stage["epochs"]
        height, width = stage["size"] if isinstance(stage["size"], list) else [stage["size"]] * 2
        span = f"epoch {first}" if first == before else f"epochs {first}–{before}"
        found.append(f"{span}: {height} × {width} px")
    return found
