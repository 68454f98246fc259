"""Review: one image at a time, one key each."""

import streamlit as st

from core.store import blind, queue
from core.store.labels import labels as read_labels
from core.store.proposals import latest_run
from pages.ui import below, navigation, review_blind, review_card, review_fast, review_keys, state
from pages.ui.widgets import page_header

page_header(
    "Review", "Accept, reject or choose. Every answer is stored at once, and the rules fill what follows from it."
)
workspace = state.workspace()

with workspace.read() as connection:
    labels = read_labels(connection)
    hidden = blind.percent(connection)
    waiting = {
        label_id: queue.pending_count(connection, label_id)
        for label_id in labels
        if latest_run(connection, label_id) is not None
    }

if not waiting:
    st.info("There are no proposals yet. Train a model on the Fine-tune page: it proposes a class for every open cell.")
    navigation.link("fine_tune", "Go to Fine-tune")
    st.stop()

left, right = st.columns([1, 2])
if st.session_state.get(state.REVIEW_LABEL) not in waiting:
    # Start where there is work, unless another page asked for a label.
    state.put(state.REVIEW_LABEL, max(waiting, key=lambda i: waiting[i] > 0))
chosen = left.selectbox(
    "Label",
    list(waiting),
    format_func=lambda i: labels[i].name,
    key=state.REVIEW_LABEL,
)
order = right.selectbox(
    "Order", list(queue.ORDERS), format_func=lambda o: queue.ORDERS[o].capitalize(), key=state.REVIEW_ORDER
)
review_keys.install()
plain = not review_fast.available() or st.sidebar.toggle(
    "Plain buttons",
    key=state.REVIEW_PLAIN,
    help="Streamlit's own buttons: slower, for browsers or networks in which the card's own script can't work.",
)
review_blind.setting(workspace, hidden)
if plain:
    review_card.card(workspace, chosen, order)
else:
    with st.container(key="pair_review"):  # review_keys looks for it
        review_fast.card(workspace, chosen, labels[chosen], order, hidden)
    if not waiting[chosen]:
        navigation.link("export", "Take the filled table away")
below.draw(workspace, chosen, labels[chosen])
