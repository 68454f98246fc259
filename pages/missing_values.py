"""Missing values: what is missing, why, and what logic fills for free."""

from pages.ui import gap_linked, state
from pages.ui.widgets import page_header

page_header("Missing values", "What the table lacks, what your rules fill without any model, and what stays open.")
gap_linked.section(state.workspace())
