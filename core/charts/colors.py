"""One colour for one meaning, on every page; chosen to stay apart for colour-blind eyes (Okabe and Ito 2008)."""

CELL_COLORS = {
    "given": "#0072B2",
    "human": "#009E73",
    "derived": "#56B4E9",
    "pseudo": "#CC79A7",
    "free": "#F0E442",
    "open": "#B8C0BF",
    "conflict": "#D55E00",
}
CELL_MEANINGS = {
    "given": "in the imported table",
    "human": "decided by a person",
    "derived": "implied by a rule, written",
    "pseudo": "a model's prediction, accepted in bulk",
    "free": "implied by a rule, not written yet",
    "open": "nobody knows",
    "conflict": "the image's known labels contradict each other",
}
ACCENT = "#0f766e"
MUTED = "#B8C0BF"
# Lines of runs. Okabe and Ito's without the yellow, which is lost on white, and with a grey that shows on any ground.
LINE_COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#7A8785")
