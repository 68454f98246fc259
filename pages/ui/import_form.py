"""Bringing data in: where from and where to; then the plan, the report and the confirmation."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.errors import GapwiseError
from core.images.decode import IMAGE_SUFFIXES
from core.images.prepare import prepare
from core.images.previews import failed_previews
from core.importing.folder import ImageFolder
from core.importing.naming import root_for
from core.importing.read import TABLE_SUFFIXES, read_folder, read_table
from core.importing.upload import Upload, discard, store_uploads
from core.workspace import Workspace
from pages.ui import import_plan, import_report
from pages.ui import import_state as keys
from pages.ui.import_state import Draft
from pages.ui.progress import Bar
from pages.ui.widgets import plain, told

HERE, NEW = "The workspace in the sidebar", "A new workspace"
PATHS, UPLOAD = "Paths on this computer", "Upload"


def finish(workspace: Workspace | None) -> None:
    """Tell what the last import did, and make the previews and take the measures that it still needs."""
    message = keys.get(keys.MESSAGE)
    if message is not None:
        keys.put(keys.MESSAGE, None)
        kind, text = message
        (st.success if kind == "success" else st.error)(plain(text))
    if workspace is None or keys.get(keys.PREVIEWS) != str(workspace.root):
        return
    place = st.empty()
    with place:
        prepare(workspace, Bar("Making previews and measuring pictures"))
    place.empty()
    keys.put(keys.PREVIEWS, "")
    failed = failed_previews(workspace)
    if failed:
        st.warning(f"{len(failed):,} previews could not be made, the first because: {next(iter(failed.values()))}")


def draw(workspace: Workspace | None) -> None:
    """Draw the step that comes next."""
    draft = keys.get(keys.DRAFT)
    if draft is None:
        _source(workspace)
        return
    plan = import_plan.edit(draft)
    if plan is not None:
        import_report.draw(draft, plan)


def _source(workspace: Workspace | None) -> None:
    with st.container(border=True):
        into = _into(workspace)
        way = st.segmented_control("From", [PATHS, UPLOAD], default=PATHS, required=True, key="import_from")
        table, images, files = "", "", []
        if way == UPLOAD:
            files = _uploads()
        else:
            left, right = st.columns(2)
            table = left.text_input(
                "Table", key="import_table", placeholder="/data/train.csv",
                help="CSV, TSV, Parquet or Excel. Leave it empty for a folder of pictures, or one folder per class.",
            )  # fmt: skip
            images = right.text_input("Image folder", key="import_images", placeholder="/data/images")
        if not st.button("Preview", type="primary", icon=":material/visibility:", key="import_preview"):
            return
        with told(), st.spinner("Reading…"):
            draft = _uploaded(workspace, into, files) if way == UPLOAD else _by_path(workspace, into, table, images)
            keys.put(keys.DRAFT, draft)
        st.rerun()


def _into(workspace: Workspace | None) -> str | None:
    """Return the new workspace's name; None for the current one."""
    if workspace is not None:
        # The demo's numbers are compared with its hidden truth; other data would blur them.
        default = NEW if workspace.setting("demo") else HERE
        chosen = st.segmented_control("Into", [HERE, NEW], default=default, required=True, key="import_into")
        if chosen == HERE:
            return None
    return st.text_input("Name of the new workspace", key="import_name", placeholder="street scenes", max_chars=60)


def _uploads() -> list:
    left, right = st.columns(2)
    table = left.file_uploader(
        "Table", type=[s[1:] for s in TABLE_SUFFIXES], key="import_table_file",
        help="Leave it empty if the zip file holds it, or if there is none.",
    )  # fmt: skip
    images = right.file_uploader(
        "Images, or zip files of them", type=["zip", *sorted(s[1:] for s in IMAGE_SUFFIXES)],
        accept_multiple_files=True, key="import_image_files",
    )  # fmt: skip
    return [*([table] if table is not None else []), *images]


def _by_path(workspace: Workspace | None, into: str | None, table: str, images: str) -> Draft:
    if not table.strip() and not images.strip():
        raise GapwiseError("Name a table, an image folder or both.")
    path = Path(table.strip()).expanduser() if table.strip() else None
    folder = ImageFolder.scan(images.strip() or path.parent)
    source = read_folder(folder.root) if path is None else read_table(path)
    return _draft(_target(workspace, into), source, path, folder)


def _uploaded(workspace: Workspace | None, into: str | None, files: list) -> Draft:
    if not files:
        raise GapwiseError("Choose the images, or a zip file of them, and the table if there is one.")
    target = _target(workspace, into)
    upload = store_uploads(target / "images", [(file.name, file) for file in files])
    try:
        folder = ImageFolder.scan(upload.images)
        source = read_folder(folder.root) if upload.table is None else read_table(upload.table)
    except GapwiseError:
        discard(upload)
        raise
    return _draft(target, source, upload.table, folder, upload)


def _target(workspace: Workspace | None, into: str | None) -> Path:
    if into is None and workspace is not None:
        return workspace.root
    if not (into or "").strip():
        raise GapwiseError("Give the new workspace a name.")
    return root_for(into)


def _draft(target: Path, source, path: Path | None, folder: ImageFolder, upload: Upload | None = None) -> Draft:
    keys.put(keys.DRAFTS, keys.get(keys.DRAFTS) + 1)
    return Draft(keys.get(keys.DRAFTS), target, source, path, folder, upload)
