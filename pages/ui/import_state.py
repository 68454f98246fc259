"""Session-state keys of bringing data in: declared, typed and defaulted here."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import streamlit as st

from core.importing.check import Report
from core.importing.folder import ImageFolder
from core.importing.read import SourceTable
from core.importing.upload import Upload, discard


@dataclass
class Draft:
    """A table that was read and not yet imported.

    Attributes:
        target: Root of the workspace that it will go to.
        upload: What was stored on the way, if it came through the browser.
        report: The last check.
        guesses: What was guessed, by file-name column and missing tokens: a rerun reads no column again.
        typed: What is in the fields, by their keys: Streamlit forgets it when another page is opened.
        edited: The label tables, by their editors' keys: as each was when it was drawn first, and as it is.
    """

    number: int
    target: Path
    table: SourceTable
    table_path: Path | None
    folder: ImageFolder
    upload: Upload | None = None
    report: Report | None = None
    guesses: dict[tuple, tuple] = field(default_factory=dict)
    typed: dict[str, object] = field(default_factory=dict)
    edited: dict[str, tuple] = field(default_factory=dict)


DRAFT = "import_draft"  # Draft or None
DRAFTS = "import_drafts"  # int: how many drafts this session had; part of the editors' keys
PREVIEWS = "import_previews"  # str: root of a workspace whose previews are to be made
MESSAGE = "import_message"  # (kind, text) shown once at the top of the page
SHUFFLE = "import_shuffle"  # int: which sample the strip shows

_DEFAULTS = {DRAFT: None, DRAFTS: 0, PREVIEWS: "", MESSAGE: None, SHUFFLE: 0}


def get(key: str):
    """Return a key's value, its default when it was never set."""
    return st.session_state.setdefault(key, _DEFAULTS[key])


def put(key: str, value: object) -> None:
    st.session_state[key] = value


def shuffle() -> None:
    put(SHUFFLE, get(SHUFFLE) + 1)


def remembered(draft: Draft, name: str, default: object) -> str:
    """Return a field's key, its value put back if another page was open meanwhile."""
    key = f"{name}:{draft.number}"
    if key not in st.session_state:
        put(key, draft.typed.get(key, default))
    draft.typed[key] = st.session_state[key]
    return key


def start_over(draft: Draft) -> None:
    """Forget a draft and take back what was uploaded for it."""
    if draft.upload is not None:
        discard(draft.upload)
    put(DRAFT, None)
