// The controls: one dimension to the left, compound to the right, what keeps them at one cost above them.

const STEPS = 1000; // of a slider over its whole range, which is one of factors: equal steps multiply by the same

class Controls {
  // `changed(values, moved)` is called with what a person set, and the side that was moved.
  constructor(root, changed) {
    Object.assign(this, { root, changed });
    root.addEventListener("input", (event) => event.target.type === "range" && this.slid(event.target));
    root.addEventListener("change", (event) => this.set(event.target));
    root.addEventListener("click", (event) => {
      const pressed = event.target.closest("[data-set]");
      if (pressed) this.changed({ [pressed.dataset.set]: pressed.value }, pressed.dataset.set === "lock" ? null : "compound");
      if (event.target.closest("[data-do=paper]")) this.changed({ ...this.data.paper }, "compound");
    });
    root.addEventListener("keydown", (event) => this.arrows(event));
  }

  draw(data) {
    this.data = data;
    const radio = (name, options, label) => `<span class="segments" role="radiogroup" aria-label="${label}">${Object.entries(options)
      .map(([value, text]) => `<button type="button" role="radio" data-set="${name}" value="${value}">${text}</button>`).join("")}</span>`;
    const options = data.baselines.map((b) => `<option value="${escaped(b.name)}">${escaped(b.title)}, ${b.px} px</option>`).join("");
    const number = (name, label, step) => `<input type="number" class="number" data-name="${name}" aria-label="${label}" step="${step}" inputmode="decimal">`;
    this.root.querySelector(".top").innerHTML = `<label>Baseline <select data-name="baseline">${options}</select></label>
      <span class="choice"><span id="lock-says">Cost of the two networks</span> ${radio("lock", LOCKS, "Cost of the two networks")}</span>`;
    const devices = Object.entries(DEVICES).map(([value, text]) => `<option value="${value}">${text}</option>`).join("");
    this.root.querySelector(".memory").innerHTML = `<label>Training memory for a batch of ${number("batch", "Pictures of a batch", 1)}</label><label>on <select data-name="device" aria-label="Device">${devices}</select></label>`;
    this.root.querySelector(".sides").innerHTML = `
      <section class="side" aria-label="One dimension"><h3>One dimension</h3>${radio("dimension", NAMED, "Dimension")}
        <div class="slide"><input type="range" data-name="factor" min="0" max="${STEPS}" step="1"><label class="value"><span aria-hidden="true">×</span>${number("factor", "Factor", 0.05)}</label></div>
        <p class="quiet" data-says="factor"></p></section>
      <section class="side" aria-label="Compound"><h3>Compound</h3>
        <div class="coefficients">${[["alpha", "α", "depth"], ["beta", "β", "width"], ["gamma", "γ", "resolution"]]
          .map(([name, sign, of]) => `<label title="What one step of φ multiplies ${of} by">${sign} ${number(name, `${sign}, ${of} per step of φ`, 0.05)}</label>`).join("")}</div>
        <div class="slide"><input type="range" data-name="phi" aria-label="φ" min="${data.phi[0]}" max="${data.phi[1]}" step="0.01"><label class="value"><span aria-hidden="true">φ</span>${number("phi", "φ", 0.1)}</label></div>
        <p class="quiet"><span data-says="phi"></span> <button type="button" class="link" data-do="paper">As in the paper</button></p></section>`;
  }

  range(dimension) {
    return this.data.ranges[dimension];
  }

  // Show a wish, but not in a field that is typed in: the answer to its last value would overwrite the next.
  show(wish, { note = "", product = null } = {}) {
    this.wish = wish;
    const active = this.root.getRootNode().activeElement, [low, high] = this.range(wish.dimension);
    const put = (element, value) => element !== active && element.value !== String(value) && (element.value = value);
    for (const element of this.root.querySelectorAll("[data-name]")) {
      const { name } = element.dataset;
      if (element.type !== "range") put(element, typeof wish[name] === "number" ? field(wish[name]) : wish[name]);
      else if (name === "phi") put(element, field(wish.phi));
      else put(element, Math.round((STEPS * Math.log(wish.factor / low)) / Math.log(high / low)));
    }
    for (const button of this.root.querySelectorAll("[data-set]")) {
      const chosen = wish[button.dataset.set] === button.value;
      button.setAttribute("aria-checked", chosen);
      button.tabIndex = chosen ? 0 : -1;
    }
    const title = this.data.baselines.find((b) => b.name === wish.baseline).title;
    const range = this.root.querySelector("input[type=range][data-name=factor]");
    range.setAttribute("aria-label", `Times the ${wish.dimension} of ${title}`);
    range.setAttribute("aria-valuetext", `${short(wish.factor)} times`);
    this.root.querySelector("[data-says=factor]").textContent = `times the ${wish.dimension} of ${title}`;
    if (product !== null) this.root.querySelector("[data-says=phi]").textContent = note || `α·β²·γ² = ${short(product)}: each step of φ multiplies the cost by it.`;
    this.root.querySelector("[data-says=phi]").classList.toggle("off", Boolean(note));
    this.root.querySelector("[data-do=paper]").hidden = Object.entries(this.data.paper).every(([name, value]) => wish[name] === value);
  }

  // Mark the fields that were refused.
  refuse(names) {
    for (const element of this.root.querySelectorAll("input.number")) {
      if (names.includes(element.dataset.name)) element.setAttribute("aria-invalid", "true");
      else element.removeAttribute("aria-invalid");
    }
  }

  slid(range) {
    const { name } = range.dataset;
    if (name === "phi") return this.changed({ phi: Number(range.value) }, "compound");
    const [low, high] = this.range(this.wish.dimension);
    return this.changed({ factor: Number((low * (high / low) ** (range.value / STEPS)).toPrecision(4)) }, "one");
  }

  set(element) {
    const { name } = element.dataset;
    if (element.type === "range" || !name) return undefined;
    if (element.tagName === "SELECT") return this.changed({ [name]: element.value }, name === "baseline" ? "compound" : null);
    const value = Number(element.value);
    if (element.value === "" || !Number.isFinite(value)) return this.show(this.wish);
    return this.changed({ [name]: value }, name === "factor" ? "one" : name === "batch" ? null : "compound");
  }

  // Arrows go through a group of choices, as in any radio group.
  arrows(event) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key], group = event.target.closest("[role=radiogroup]");
    if (!step || !group) return;
    event.preventDefault();
    const all = [...group.querySelectorAll("[role=radio]")];
    const next = all[(all.indexOf(event.target) + step + all.length) % all.length];
    next.focus();
    next.click();
  }
}
