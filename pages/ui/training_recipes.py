"""Recipes in the form: what differs from the chosen one, saving, resetting, deleting; those that are broken."""

from __future__ import annotations

import streamlit as st

from core.errors import GapwiseError
from core.training import library
from core.training.recipe import Recipe
from core.training.settings import differing
from pages.ui import state
from pages.ui import training_fields as fields
from pages.ui.saying import say
from pages.ui.training_draft import reset
from pages.ui.training_stages import BY_STAGES
from pages.ui.widgets import plain, show_error

_LISTED = 8  # differences that are spelled out in the line


def broken(entries: list[library.Entry]) -> None:
    """Say which of one's own recipes can't be used, and why."""
    failed = [e for e in entries if e.recipe is None]
    if not failed:
        return
    with st.expander(f"{len(failed)} of your recipes can't be used", icon=":material/warning:"):
        for entry in failed:
            st.markdown(f"**{plain(entry.name)}**")
            st.code(entry.problem, language=None)
            st.button("Delete it", key=f"train_delete_broken_{entry.name}", on_click=_delete, args=(entry.name,))


def differences(name: str, base: Recipe, recipe: Recipe) -> str:
    """Return a line that says what differs from the recipe as it is stored."""
    found = _changes(base, recipe)
    if not found:
        return f"As in {plain(name)}."
    said = [f"{fields.title(n)}: {_before(base, n)}{_short(v)}" for n, v in found.items()]
    more = f" and {len(said) - _LISTED} more" if len(said) > _LISTED else ""
    one = len(said) == 1
    head = f"{len(said)} setting{'' if one else 's'} differ{'s' if one else ''} from {plain(name)}"
    return f":orange[●] {head}: {plain('; '.join(said[:_LISTED]))}{more}."


def buttons(where, name: str, own: bool, base: Recipe, recipe: Recipe | None, changed: bool) -> None:
    """Draw what can be done with the recipe."""
    where.button("Reset to the recipe", icon=":material/undo:", key="train_reset", disabled=not changed,
                 on_click=reset, args=(name,))  # fmt: skip
    with where.popover("Save as a recipe", icon=":material/save:", disabled=recipe is None):
        _save(name, own, base, recipe)
    if own:
        with where.popover("Delete the recipe", icon=":material/delete:"):
            st.write("Jobs that were started with it go on, and runs keep their settings.")
            st.button(f"Delete {plain(name)}", key="train_delete", on_click=_delete, args=(name,))


def _save(name: str, own: bool, base: Recipe, recipe: Recipe) -> None:
    called = st.text_input("Name", value=name if own else "", max_chars=library.NAME_LENGTH,
                           key=f"train_save_name_{name}", help=f"Expected: {library.NAMING}.")  # fmt: skip
    title = st.text_input("What people read", value=base.title if own else "", max_chars=120,
                          key=f"train_save_title_{name}")  # fmt: skip
    over = st.checkbox("Replace a recipe of mine with this name", key=f"train_save_over_{name}")
    if not st.button("Save", type="primary", key="train_save"):
        return
    source = base.source if own else f"Your own, made from {name}"
    words = {"title": title.strip() or called.strip(), "source": source}
    try:
        library.save_recipe(called.strip(), recipe.model_copy(update=words), overwrite=over)
    except GapwiseError as error:
        show_error(error)
        return
    reset(name)  # the changes live on in the new recipe
    reset(called.strip())
    state.put(state.TRAIN_SAVED, called.strip())
    st.rerun()


def _delete(name: str) -> None:
    try:
        library.delete_recipe(name)
        reset(name)
    except GapwiseError as error:
        say(error, ":material/error:")


def _changes(base: Recipe, recipe: Recipe) -> dict[str, object]:
    """Return what differs; what stages bring along is one difference with them."""
    found = differing(base, recipe)
    if "stages" in found:
        found = {n: v for n, v in found.items() if n not in BY_STAGES}
    return found


def _before(base: Recipe, name: str) -> str:
    value = base.model_dump(mode="json")[name]
    return "" if isinstance(value, dict) or value is None or name == "stages" else f"{_short(value)} → "


def _short(value: object) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return "on" if value else "off"
        case float():
            return f"{value:g}"
        case {"size": size, "stages": count}:
            return f"from {_short(size)} px in {count} steps"
        case [dict(), *_]:
            return f"{len(value)} in a table"
        case [int(height), int(width)]:
            return f"{height}×{width}"
        case [low, high]:
            return f"{low:g} to {high:g}"
    return str(value)
