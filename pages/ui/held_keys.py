"""A key that is held down counts once.

The keyboard repeats a held key 30 times a second. Streamlit's shortcuts take each repetition for a new press, so
that a finger resting on `a` accepted images that nobody had looked at.
"""

from __future__ import annotations

import streamlit as st

# On window and capturing: before Streamlit's own listener. Set once for a tab, idle where there is no card.
_SCRIPT = """
<script>
if (!window.gapwiseHeldKeys) {
  window.gapwiseHeldKeys = true;
  window.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable=true]");
    if (event.repeat && !typing && document.querySelector(".st-key-pair_review")) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  }, true);
}
</script>
"""


def ignore() -> None:
    """Ignore the repetitions of a held key while a review card is on the page."""
    st.html(_SCRIPT, unsafe_allow_javascript=True)
