"""A field for each setting of a recipe, made from the recipe's own model: no bound, choice or help is repeated."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, get_args, get_origin

import streamlit as st
from pydantic.fields import FieldInfo
from streamlit.delta_generator import DeltaGenerator

from core.training.stages import Size

# What people read where the setting's name does not say it.
TITLES = {
    "lr": "Learning rate", "min_lr": "Lowest learning rate", "hflip": "Horizontal flip", "rand_augment": "RandAugment",
    "cutmix": "CutMix", "clip_grad": "Largest gradient norm", "ema_decay": "Mean of weights (EMA)",
    "color_jitter": "Colour changes", "drop_path": "Stochastic depth", "best_by": "Best checkpoint by",
    "min_delta": "Least gain", "accumulate": "Parts of a batch", "balance": "Weigh rare classes more",
    "freeze": "Train the classifier only", "grey": "Grey pictures", "compile": "Compile the network",
    "scale": "Share a crop keeps", "ratio": "Shape of a crop", "rotate": "Rotation", "translate": "Shift",
    "decay_epochs": "Epochs between falls", "decay_rate": "Factor of a fall", "stages": "Stages",
    "progressive": "Start of the stages", "warmup_epochs": "Warm-up epochs",
}  # fmt: skip
NARROW, WIDE = 168, 352  # pixels of a field: two narrow ones and their gap are as wide as a wide one
_PARTS = {"size": ("height", "width"), "pair": ("from", "to")}  # what has two fields
_NOTHING = object()


def title(name: str) -> str:
    """Return what people read for a setting."""
    return TITLES.get(name, name.replace("_", " ").capitalize())


def row() -> DeltaGenerator:
    """Return a row that wraps in a narrow window, where columns would cut names off."""
    return st.container(horizontal=True, gap="small", vertical_alignment="bottom")


def kind(about: FieldInfo) -> str:
    """Return bool, choice, int, float, pair (of numbers), size or text."""
    hint = about.annotation
    if hint == Size:
        return "size"
    if get_origin(hint) is Literal:
        return "choice"
    if get_origin(hint) is tuple:
        return "pair"
    return {bool: "bool", int: "int", float: "float"}.get(hint, "text")


def draw(
    where: DeltaGenerator,
    name: str,
    about: FieldInfo,
    value: object,
    key: str,
    changed: bool,
    on_change: Callable,
    args: tuple,
    disabled: bool = False,
    options: Sequence[str] = (),
    width: int = NARROW,
) -> None:
    """Draw a setting's field, or two for a pair or a size; `read` has its value.

    Args:
        value: What it shows, a JSON value.
        changed: Whether that differs from the recipe's own.
        options: Texts to choose from; without any, the text is typed.
    """
    more = {"on_change": on_change, "args": args, "disabled": disabled, "help": about.description}
    what = kind(about)
    if what in _PARTS:
        whole = [value, value] if isinstance(value, int) else value
        number = "int" if what == "size" else "float"
        for part, single in zip(_PARTS[what], whole, strict=True):
            label = _marked(f"{title(name)}: {part}", changed)
            _number(where, label, number, single, f"{key}:{part}", more)
        return
    label = _marked(title(name), changed)
    if what in ("int", "float"):
        _number(where, label, what, value, key, more, _highest(about))
        return
    _show(key, value)
    if what == "bool":
        where.checkbox(label, key=key, **more)
    elif what == "choice":
        where.selectbox(label, get_args(about.annotation), key=key, width=NARROW, **more)
    elif options:
        listed = options if value in options else [value, *options]
        # A name that is not in the list is taken as it was typed, and refused with close ones; without this it would
        # be dropped without a word, and another network trained.
        where.selectbox(label, listed, key=key, width=width, accept_new_options=True, **more)
    else:
        where.text_input(label, key=key, width=width, **more)


def read(about: FieldInfo, key: str) -> object:
    """Return what a field holds now, a JSON value."""
    what = kind(about)
    if what not in _PARTS:
        return st.session_state[key]
    first, second = (st.session_state[f"{key}:{part}"] for part in _PARTS[what])
    return first if what == "size" and first == second else [first, second]


def _number(
    where: DeltaGenerator,
    label: str,
    number: str,
    value: float,
    key: str,
    more: Mapping,
    high: float | None = None,
) -> None:
    whole = number == "int"
    convert = int if whole else float
    _show(key, convert(value))
    step, form = (1, None) if whole else (_step(value, high), "%.6g")
    # No bounds: the browser would keep a number beyond them in the field and never tell, and another would be trained
    # with than the one on screen. The recipe refuses it, and says what is allowed.
    where.number_input(label, None, None, step=step, format=form, key=key, width=NARROW, **more)


def _step(value: float, high: float | None) -> float:
    """Return what one press of plus adds: a tenth of the value's own power of ten."""
    if value > 0:
        return 10.0 ** (math.floor(math.log10(value)) - 1)
    return 1.0 if high is not None and high > 10 else 0.01


def _show(key: str, value: object) -> None:
    """Bring a field to a value. Only when it has another: what is being typed would be overwritten."""
    if st.session_state.get(key, _NOTHING) != value:
        st.session_state[key] = value


def _marked(text: str, changed: bool) -> str:
    return f"{text} ●" if changed else text


def _highest(about: FieldInfo) -> float | None:
    """Return the largest value of a number, None for none."""
    return next((getattr(rule, "le", getattr(rule, "lt", None)) for rule in about.metadata
                 if hasattr(rule, "le") or hasattr(rule, "lt")), None)  # fmt: skip
