"""What the pictures of the journey show, in their order: title and sentence by file name."""

from __future__ import annotations

CAPTIONS = {
    "dataset": ("A table with gaps", "The demo's street scenes, and three labels of which many cells are empty."),
    "missing-values": (
        "What is missing, and why",
        "Some gaps follow from the rule `5k = mask and distancing`, without any model.",
    ),
    "derived": ("What logic fills", "One press writes them. What stays open is for a model and a person."),
    "training": ("A training", "A network learns `{label}` from the known cells, in a process of its own."),
    "trained": ("Proposals", "It ended while the page was loaded anew; every open cell has a proposal now."),
    "the-card": (
        "The card",
        "The picture, the question in words, what else is known of this image, why it is here, and the three known"
        " images that are most alike.",
    ),
    "accepted": (
        "Accept",
        "`a` accepts. The next picture is there at once; below the buttons stands what was stored, and what the rules"
        " drew from it.",
    ),
    "map": (
        "Where the network looked",
        "`m` shows the map, and keeps showing it. `x` rejected the card before this one, which with two classes stores"
        " the other one.",
    ),
    "zoom": ("Zoom", "`+`, the wheel, a double click or two fingers zoom; arrows or a drag move the picture."),
    "note": ("A note", "`n` writes a note on the image. Keys that are typed there decide nothing."),
    "flagged": ("Flag and skip", "`f` flags an image and `space` skips one; both come back at the end."),
    "undo": ("Undo", "`backspace` takes back one decision after the other; the image is there again."),
    "hidden-proposal": (
        "A hidden proposal",
        "For a share of the items the proposal is hidden, so that it can't lead the answer: there is nothing to accept,"
        " one says what one sees.",
    ),
    "server-gone": (
        "The server is killed",
        "By SIGKILL, in the middle. One can go on: three answers are shown as not stored yet, and kept in the browser.",
    ),
    "server-back": (
        "And is back",
        "The page was loaded anew as well: the answers have arrived, and the queue goes on with the next image.",
    ),
    "grid": (
        "Many at once",
        "`g` shows pictures with the same proposal, here “{proposed}”. What is wrong is marked, by click or by arrow"
        " keys and space: {marked} of 12.",
    ),
    "exceptions": (
        "The exceptions",
        "One key accepted all the others, one decision each; the marked ones come next, alone and large.",
    ),
    "no-threshold": (
        "A promise that can't be kept",
        "Bulk acceptance at 99%: that no threshold keeps it is a right answer, and says what would be needed.",
    ),
    "offer": (
        "One that can",
        "At {percent}% there is a threshold: how many cells it fills, how many errors to expect, what that rests on.",
    ),
    "accepted-in-bulk": (
        "Accepted in bulk",
        "One press filled them, and what the rules draw from them. A sample goes into the queue to be checked.",
    ),
    "a-check": (
        "A check",
        "Among the others come cells of the acceptance, drawn at random, without a word about what the model said.",
    ),
    "audit": (
        "What the checks say",
        "What people found so far stands beside the promise, with bounds that hold however often one looks.",
    ),
    "undo-through-it": (
        "Undo, through all of it",
        "Undo goes back through the answers given since, and through the bulk acceptance itself.",
    ),
    "by-chance": (
        "Some by chance",
        "At {percent}% too few known cells speak. Some that wait are chosen by chance; once people have answered them,"
        " a threshold can rest on them.",
    ),
    "withdrawn": ("Withdrawn", "Accepted once more; an acceptance that nobody trusts is withdrawn with one click."),
    "two-people": (
        "Two people",
        "Ben has answered the very image that Ann looks at: her card says so, without a reload.",
    ),
    "second-opinions": (
        "A third one decides",
        "Both answers are kept: how far the two agree (Cohen's kappa), and the cells that need a second opinion.",
    ),
    "train-again": (
        "When to train again",
        "What is new since the last training, and the button that repeats it on all that is known by now.",
    ),
    "nothing-waits": (
        "The end of the queue",
        "More was accepted at 70%, the server started anew, the rest answered; checks were skipped once they had told"
        " that the promise is kept. Below stands what was done in this session, where each cell's value came"
        " from, and how often people agreed with what was proposed, seeing it and not.",
    ),
    "export": (
        "The filled table",
        "The table that came in, filled, with the origin of every value beside it.",
    ),
}
