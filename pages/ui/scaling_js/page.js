// The explorer: a wish, the server's answer to it, and all that is drawn from that.

const SETTLED = 500; // milliseconds without a change before the address and a screen reader are told

// Numbers of a wish as sentences name them.
const sign = (name, text) => [name, (wish) => [text(wish), field(wish[name])]];
const SAID = Object.fromEntries([
  sign("factor", (wish) => wish.dimension), sign("phi", () => "φ"), sign("alpha", () => "α"), sign("beta", () => "β"), sign("gamma", () => "γ"), sign("batch", () => "batch"),
]);

class Explorer {
  constructor(root) {
    this.root = root.querySelector(".scaling");
    const find = (name) => this.root.querySelector(name);
    Object.assign(this, { svg: find(".towers"), stage: find(".stage"), tip: find(".tip"), problem: find(".problem"), figures: find(".figures"), live: find(".live") });
    this.controls = new Controls(this.root, (values, moved) => this.change(values, moved));
    this.stages = new Stages(find(".stages"));
    this.asking = new Asking((...found) => this.answered(...found), (...refused) => this.failed(...refused));
    this.root.addEventListener("click", (event) => this.pressed(event.target.closest("[data-use], [data-do=count], [data-do=measure]")));
    this.stage.addEventListener("pointermove", (event) => this.point(event));
    this.stage.addEventListener("pointerleave", () => this.point(null));
    this.svg.addEventListener("click", (event) => {
      const block = event.target.closest(".block");
      if (block) this.stages.look(block.dataset.network, Number(block.dataset.stage));
    });
    this.sized = new ResizeObserver(() => this.networks && this.stage.clientWidth !== this.drawnWidth && this.paint());
    this.sized.observe(this.stage);
  }

  update({ data, setTriggerValue }) {
    this.send = (event) => setTriggerValue("event", event);
    Object.assign(this.asking, { base: data.base, token: data.token });
    const before = this.data, measure = this.root.querySelector("[data-do=measure]");
    this.data = data;
    Object.assign(measure, { disabled: data.measuring, textContent: data.measuring ? "Times are being measured…" : "Measure times here" });
    if (before && String(before.measured) !== String(data.measured)) this.get();
    if (before) return;
    this.controls.draw(data);
    this.wish = placed(data);
    this.controls.show(this.wish);
    this.get();
  }

  change(values, moved) {
    this.wish = { ...this.wish, ...values, moved: moved ?? this.wish.moved };
    // Another dimension begins where it costs what compound costs; without a lock, where nothing is scaled.
    if (values.dimension && this.wish.lock === "off") this.wish.factor = 1;
    this.controls.show(this.wish);
    this.get();
  }

  get() {
    this.root.setAttribute("aria-busy", "true");
    this.asking.get(this.wish);
  }

  answered(asked, answer, last) {
    if (last) {
      this.wish = { ...this.wish, factor: answer.factor, phi: answer.phi };
      this.root.removeAttribute("aria-busy");
    }
    this.networks = answer.networks;
    this.drawn = { ...asked, factor: answer.factor, phi: answer.phi };
    this.follows = answer.follows;
    if (last) this.controls.refuse([]);
    this.controls.show(last ? this.wish : { ...this.wish, ...(asked.moved === "one" ? { phi: answer.phi } : { factor: answer.factor }) }, answer);
    if (!this.usual) this.tell(answer.follows ? answer.problem : `The lock can't follow: ${answer.problem}`);
    this.usual = false;
    this.paint();
    this.root.dataset.drawn = JSON.stringify(asked);
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.settled(), SETTLED);
  }

  failed(wish, text, checked) {
    this.root.removeAttribute("aria-busy");
    this.root.dataset.refused = JSON.stringify(wish);
    if (this.networks) return checked ? this.refused(wish, text) : this.tell(text);
    this.tell(this.usual ? text : `${text} Drawn are the networks to begin with.`);
    if (this.usual) return;
    this.usual = true; // what the address asks for can't be built: there is something to look at all the same
    this.wish = usual(this.data);
    this.get();
  }

  // Nothing is drawn anew: say which networks still are, and which fields don't agree with them.
  refused(wish, text) {
    const differ = Object.keys(wish).filter((name) => wish[name] !== this.drawn[name]);
    const named = differ.filter((name) => text.includes(`${SAID[name]?.(wish)[0]} is `));
    const names = named.length ? named : differ.filter((name) => name in SAID);
    this.controls.refuse(names);
    const still = names.map((name) => SAID[name](this.drawn).join(" = "));
    this.tell(still.length ? `${text} Drawn is still ${still.join(", ")}.` : `${text} The drawing is as it was.`);
  }

  tell(text) {
    this.problem.textContent = text ?? "";
    this.problem.hidden = !text;
  }

  settled() {
    if (this.asking.ended) return;
    keep(this.drawn);
    const { one, compound } = this.networks;
    this.live.textContent = `${this.drawn.dimension} ${short(this.drawn.factor)}: ${billions(one.multiply_adds)} multiply-adds. Compound at φ ${short(this.drawn.phi)}: ${billions(compound.multiply_adds)}.`;
  }

  paint() {
    const { baseline, one, compound } = this.networks, wish = this.drawn;
    const title = this.data.baselines.find((b) => b.name === wish.baseline).title;
    const line = (n) => `${n.px} px · ${billions(n.multiply_adds)}`;
    this.drawnWidth = this.stage.clientWidth;
    if (!this.drawnWidth) return; // not laid out yet: the observer comes back
    drawTowers(this.svg, [
      ["baseline", title, line(baseline), baseline],
      ["one", `${NAMED[wish.dimension]} alone`, line(one), one],
      ["compound", `Compound, φ = ${short(wish.phi)}`, line(compound), compound],
    ], this.drawnWidth);
    this.svg.setAttribute("aria-label", this.described(title));
    this.legend([baseline, one, compound]);
    this.root.querySelector(".apart").innerHTML = apart(this.networks, wish, this.follows);
    this.figures.innerHTML = figureTable(this.networks);
    this.root.querySelector(".measured").textContent = measuredOn(this.networks);
    this.stages.show(this.networks);
    this.mark(this.marked);
  }

  described(title) {
    const of = (n) => `${n.layers} layers, up to ${whole(Math.max(...drawnStages(n).map((s) => s.channels)))} channels, ${n.px} pixels, ${billions(n.multiply_adds)} multiply-adds`;
    const { baseline, one, compound } = this.networks;
    return `Three networks at one scale. ${title}: ${of(baseline)}. ${this.drawn.dimension} alone: ${of(one)}. Compound: ${of(compound)}.`;
  }

  legend(networks) {
    const kinds = new Map(networks.flatMap(drawnStages).map((s) => [kindOf(s), s]));
    const text = [...kinds].map(([kind, stage]) => `<li style="--hue:${hue(stage)}"><i class="dot"></i>${KINDS[kind]?.[1] ?? kind}</li>`).join("");
    if (text !== this.legendText) this.root.querySelector(".legend").innerHTML = this.legendText = text;
  }

  // What is under the pointer: the stage, in all three networks.
  point(event) {
    const block = event?.target.closest?.(".block");
    this.mark(block?.dataset.stage);
    this.tip.hidden = !block;
    if (!block) return;
    const stage = this.networks[block.dataset.network].stages.find((s) => s.number === Number(block.dataset.stage));
    this.tip.innerHTML = `<b>Stage ${stage.number}: ${escaped(stage.operator)}</b><br>${stage.resolution} px → ${stage.out_resolution} px · ${whole(stage.channels)} channels · ${stage.layers} layer${stage.layers === 1 ? "" : "s"}<br>
      ${millions(stage.multiply_adds)} multiply-adds · ${millions(stage.parameters)} parameters`;
    const box = this.stage.getBoundingClientRect(), { offsetWidth: w, offsetHeight: h } = this.tip;
    const [x, y] = [event.clientX - box.x, event.clientY - box.y];
    Object.assign(this.tip.style, { left: `${Math.max(0, Math.min(x + 14, box.width - w))}px`, top: `${y + 18 + h > box.height ? y - h - 10 : y + 18}px` });
  }

  mark(stage) {
    this.marked = stage;
    this.svg.classList.toggle("marked", Boolean(stage));
    for (const element of this.root.querySelectorAll("[data-stage]")) element.classList.toggle("on", Boolean(stage) && element.dataset.stage === stage);
  }

  pressed(button) {
    if (!button || !this.networks) return;
    const { baseline } = this.drawn, of = (name) => ({ depth: this.networks[name].depth, width: this.networks[name].width, resolution: this.networks[name].resolution });
    if (button.dataset.use) this.send({ what: "use", baseline, network: of(button.dataset.use) });
    else if (button.dataset.do === "measure") this.send({ what: "measure", baseline, networks: [of("baseline"), of("one"), of("compound")] });
    else this.send({ what: "count", baseline, networks: [of("one"), of("compound")] });
  }

  end() {
    this.asking.ended = true;
    clearTimeout(this.settling);
    this.sized.disconnect();
  }
}

const explorers = new WeakMap();

export default function (component) {
  const root = component.parentElement;
  if (!explorers.has(root)) explorers.set(root, new Explorer(root));
  explorers.get(root).update(component);
  return ending(root, () => {
    explorers.get(root)?.end();
    explorers.delete(root);
  });
}
