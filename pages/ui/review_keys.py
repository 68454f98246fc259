"""What a browser does to the keys of a review, put right.

A held key is repeated 30 times a second. Streamlit's shortcuts take each repetition for a new press, so that a
finger resting on `a` accepted images that nobody had looked at: here a held key counts once. The card with a script of
its own sees to that itself, and lets arrows go on.

A list keeps the focus after a choice, and the next `a` was typed into it: here it lets go.
"""

from __future__ import annotations

import streamlit as st

# On window and capturing: before Streamlit's own listener. Set once for a tab, idle where there is no card.
_SCRIPT = """
<script>
if (!window.gapwiseHeldKeys) {
  window.gapwiseHeldKeys = true;
  const reviewing = () => document.querySelector(".st-key-pair_review");
  const shortcuts = () => reviewing()?.querySelector('[data-testid="stButton"]');
  window.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable=true]");
    const answers = event.key.length === 1 || event.key === "Backspace"; // arrows scroll the page
    if (event.repeat && answers && !typing && shortcuts()) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  }, true);
  const letGo = () => setTimeout(() => {
    const focused = document.activeElement;
    if (reviewing() && focused?.matches('input[role="combobox"][aria-expanded="false"]')) focused.blur();
  }, 150);  // milliseconds: the list closes after the event, and then takes the focus
  window.addEventListener("click", (event) => event.target.closest?.('[role="option"]') && letGo(), true);
  window.addEventListener("keyup", (event) => event.key === "Enter" && letGo(), true);
}
</script>
"""


def install() -> None:
    """Set the listeners; they act while a review card is on the page."""
    st.html(_SCRIPT, unsafe_allow_javascript=True)
