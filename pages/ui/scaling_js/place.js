// What is looked at: in the address for a link or a reload, in the tab's storage for coming back from another page.

const PARAMETER = "scale";
const BETWEEN = "-"; // what addresses spell as it is, and neither names nor numbers have
const LOCKS = { formula: "Equal by formula", counted: "Equal by counting", off: "Not locked" };
const DEVICES = { cpu: "a CPU, float32", cuda: "a CUDA GPU, bf16" };
const NAMED = { depth: "Depth", width: "Width", resolution: "Resolution" };

// Names of a wish, in the order in which the address has them.
const PARTS = ["baseline", "dimension", "factor", "phi", "alpha", "beta", "gamma", "lock", "moved", "batch", "device"];

function usual({ baselines, paper }) {
  return { baseline: baselines[0].name, dimension: "depth", factor: 1.92, phi: 1, ...paper, lock: "formula", moved: "compound", batch: 32, device: "cpu" };
}

// A wish from a text; what is no wish gives the usual one. Bounds are the server's to check.
function read(text, data) {
  const start = usual(data), values = (text ?? "").split(BETWEEN);
  if (values.length !== PARTS.length) return start;
  const found = Object.fromEntries(PARTS.map((name, i) => [name, typeof start[name] === "number" ? Number(values[i]) : values[i]]));
  const known = data.baselines.some((one) => one.name === found.baseline) && found.dimension in NAMED
    && found.lock in LOCKS && ["one", "compound"].includes(found.moved) && found.device in DEVICES;
  return known && PARTS.every((name) => typeof start[name] !== "number" || Number.isFinite(found[name])) ? found : start;
}

function placed(data) {
  return read(new URL(location.href).searchParams.get(PARAMETER) ?? sessionStorage.getItem(`gapwise-${PARAMETER}`), data);
}

function keep(wish) {
  const text = PARTS.map((name) => (typeof wish[name] === "number" ? exact(wish[name]) : wish[name])).join(BETWEEN);
  sessionStorage.setItem(`gapwise-${PARAMETER}`, text);
  const url = new URL(location.href);
  if (url.searchParams.get(PARAMETER) === text) return;
  url.searchParams.set(PARAMETER, text);
  history.replaceState(history.state, "", url);
}

// Asks for networks: one request at a time, the newest wish next, and no answer that was overtaken.
class Asking {
  constructor(answered, failed) {
    Object.assign(this, { answered, failed });
  }

  get(wish) {
    this.next = wish;
    if (!this.busy) this.pump();
  }

  async pump() {
    this.busy = true;
    while (this.next) {
      const wish = this.next;
      this.next = null;
      try {
        const answer = await ask(`${this.base}/scale?${new URLSearchParams(wish)}`, { headers: { "X-Gapwise-Token": this.token } });
        const found = await answer.json();
        if (!this.ended) this.answered(wish, found, !this.next);
      } catch (error) {
        if (!this.ended && !this.next) this.failed(wish, reason(error), error instanceof Refusal);
      }
    }
    this.busy = false;
  }
}
