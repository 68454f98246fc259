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
_OWN = {"written": ("stages",), "between": ("progressive",), "plain": BY_STAGES}  # what only one kind has


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
    changes, before = draft(name), kind(shown(base, name))
    kept = changes.kept | _belongings(before, chosen, changes.values)
    gone = {n for names in _OWN.values() for n in names if names != BY_STAGES or "written" in (chosen, before)}
    values = {n: v for n, v in changes.values.items() if n not in gone}
    if chosen != own:
        values |= {"written": {"stages": []}, "between": {"progressive": None}}.get(own, {})
        values |= {} if chosen in kept else _beginning(chosen, recipe)
    values |= kept.get(chosen, {})
    if before == "written":
        values |= kept.get("plain", {})
    changes.replace(values, kept)


def _belongings(before: str, chosen: str, values: Mapping[str, object]) -> dict[str, dict[str, object]]:
    """Return what was changed of the kind that is left, and of the fields that a table takes over, by whose it is."""
    whose = [w for w in (before, "plain" if chosen == "written" else None) if w in _OWN]
    return {w: {n: values[n] for n in _OWN[w] if n in values} for w in whose}


def edited_rows(rows: Sequence[Mapping], changes: Mapping) -> list[dict[str, object]]:
    """Return the rows of a table after what Streamlit's editor says was changed."""
    found = [dict(row) for row in rows]
    for i, cells in changes.get("edited_rows", {}).items():
        found[int(i)].update(cells)
    return found


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
    # Rows are added by a button: a row that the editor itself adds can lose what is typed into it first.
    st.data_editor(
        pd.DataFrame(changes.table),
        num_rows="fixed",
        hide_index=True,
        column_config=_columns(),
        key=key,
        on_change=_table_changed,
        args=(name, base, key),
    )
    row = st.container(horizontal=True, gap="small")
    row.button("Add a stage", icon=":material/add:", key=f"train:{name}:stages:more", on_click=_resize,
               args=(name, base, key, 1), help="It begins as the last one is.")  # fmt: skip
    row.button("Remove the last stage", icon=":material/remove:", key=f"train:{name}:stages:less", type="tertiary",
               disabled=len(rows) < 2, on_click=_resize, args=(name, base, key, -1))  # fmt: skip


def _table_changed(name: str, base: Recipe, key: str) -> None:
    changes = draft(name)
    if changes.table is None:  # its button came first, with what was typed
        return
    changes.put(
        "stages", stages_of(edited_rows(changes.table, st.session_state[key])), stage_rows(base) if base.stages else []
    )
    for field in BY_STAGES:
        changes.values.pop(field, None)


def _resize(name: str, base: Recipe, key: str, by: int) -> None:
    """Add a stage like the last one, or remove that; the table is drawn anew."""
    _table_changed(name, base, key)
    changes, own = draft(name), stage_rows(base)
    stages = changes.values.get("stages") or own
    changes.put("stages", [*stages, dict(stages[-1])] if by > 0 else stages[:-1], own if base.stages else [])
    changes.replace(changes.values, changes.kept)


def _columns() -> dict[str, object]:
    found = {}
    for name in ("epochs", *_SIDES, *(n for n in GROWS if n != "size")):
        about = Stage.model_fields["size" if name in _SIDES else name]
        whole = name in _SIDES or fields.kind(about) == "int"
        # Fractions have no step, which would round what is typed. No bounds: the editor would put another number there
        # without a word; the recipe refuses it and says what is allowed.
        found[name] = st.column_config.NumberColumn(
            fields.title(name), step=1 if whole else None, help=about.description, required=True
        )
    return found


def _lines(recipe: Recipe) -> list[str]:
    found, before = [], 0
    for stage in stage_rows(recipe):
        first, before = before + 1, before + stage["epochs"]
        height, width = stage["size"] if isinstance(stage["size"], list) else [stage["size"]] * 2
        span = f"epoch {first}" if first == before else f"epochs {first}–{before}"
        found.append(f"{span}: {height} × {width} px")
    return found
