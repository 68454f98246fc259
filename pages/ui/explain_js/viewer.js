// One image, large, with the maps that somebody wants to compare on it.

class Viewer {
  constructor(root, page) {
    Object.assign(this, { root, page, tab: "look", row: null, alone: -1 });
    this.find = (selector) => root.querySelector(selector);
    this.panes = new Panes(this.find(".panes"), this);
    this.choices = new Choices(this.find(".choices"), () => this.enlarge(-1));
    root.addEventListener("click", (event) => this.click(event.target.closest("[data-do]")));
    root.addEventListener("keydown", (event) => this.key(event));
    root.addEventListener("pointerdown", (event) => event.target.closest(".layers") || this.choices.closeTree());
    this.tabs();
    this.fields();
  }

  tabs() {
    const bar = this.find(".tabs");
    for (const [name, text] of Object.entries(TABS)) {
      const tab = make("button", { type: "button", textContent: text });
      tab.setAttribute("role", "tab");
      tab.dataset.tab = name;
      tab.addEventListener("click", () => this.turn(name));
      bar.append(tab);
    }
    bar.addEventListener("keydown", (event) => {
      const names = [...bar.children].filter((tab) => !tab.hidden).map((tab) => tab.dataset.tab);
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      event.stopPropagation();
      this.turn(names[(names.indexOf(this.tab) + step + names.length) % names.length]);
      bar.querySelector('[aria-selected="true"]').focus();
    });
  }

  fields() {
    const fields = [
      { name: "map", kind: "check", text: "Map" },
      { name: "opacity", kind: "range", text: "Opacity" },
      { name: "mode", kind: "segments", text: "How the map is shown", options: Object.entries(MODES) },
      { name: "trust", kind: "check", text: "Check trust", hint: "Holds each map against itself at other places: takes some seconds" },
      { name: "png", kind: "button", text: "Save PNG" },
    ];
    viewFields(this.find(".views"), fields, this.page.view, (name, value) => (name === "png" ? this.save() : this.page.set(name, value)));
  }

  // Data of the page: another run may have come while an image is open.
  update(data) {
    const other = this.stamp !== `${data.label.id}/${data.run}`;
    this.stamp = `${data.label.id}/${data.run}`;
    const { page } = this;
    Object.assign(this.panes.answers, { base: data.base, token: data.token });
    this.data = { ...data, view: page.view, set: (name, value) => page.set(name, value) };
    if (other) {
      const kept = this.chosen ? { method: this.chosen.method, methods: this.chosen.methods } : {};
      this.chosen = { ...usualChoices(data), ...kept };
    }
    for (const tab of this.find(".tabs").children) {
      tab.hidden = (tab.dataset.tab === "labels" && data.labels.length < 2) || (tab.dataset.tab === "runs" && data.runs.length < 2);
      if (tab.hidden && tab.dataset.tab === this.tab) this.tab = "look";
    }
  }

  // The tab that another page asks for; "scaled" is the one of runs, with the networks of a comparison chosen.
  begin(tab) {
    const scaled = tab === "scaled" && this.data.scaled.length > 1;
    if (scaled) this.chosen.runs = [...this.data.scaled];
    this.tab = tab === "scaled" ? "runs" : tab;
  }

  get open() {
    return !this.root.hidden;
  }

  show(row) {
    if (this.row?.image !== row.image) this.trouble = "";
    this.row = row;
    this.root.hidden = false;
    showView(this.root, this.page.view);
    this.find(".name").textContent = row.fname;
    this.find(".name").title = row.fname;
    this.find(".verdict").replaceChildren(badge(verdict(row, this.data.label)));
    this.sized(0, 0);
    this.root.dataset.image = row.image;
    const { came } = this.page;
    this.find('[data-do="return"]').hidden = !came;
    this.find('[data-do="return"]').textContent = `‹ Back to ${came}`;
    this.turn(this.tab);
    const [at, total] = this.page.placeOf(row);
    this.find('[data-do="previous"]').disabled = at <= 0;
    this.find('[data-do="next"]').disabled = at < 0 || at >= total - 1;
  }

  // What of the picture is here: its preview, or all of it.
  sized(width) {
    const { row, page } = this;
    if (!row) return;
    const [at, total] = page.placeOf(row);
    // Who comes from another page sees which list the steps follow: not always the one that they come from.
    const list = page.came ? `“${this.data.title}”` : "";
    const place = at >= 0 ? `${(at + 1).toLocaleString("en")} of ${total.toLocaleString("en")}${list && ` in ${list}`}` : `not in ${list || "this list"}`;
    const size = `${row.width} × ${row.height} px${width && width < row.width ? `, shown at ${width} px` : ""}`;
    this.find(".where").textContent = [place, size, row.reason, this.trouble].filter(Boolean).join(" · ");
  }

  // The picture stays as its preview has it.
  lesser(why) {
    this.trouble = `The original can't be read: ${why.replace(/[.\s]+$/, "")}. This is its preview.`;
    this.sized(this.panes.original.width);
    this.page.say(this.trouble);
  }

  turn(tab) {
    if (tab !== this.tab) this.alone = -1;
    this.tab = tab;
    for (const other of this.find(".tabs").children) {
      other.setAttribute("aria-selected", String(other.dataset.tab === tab));
      other.tabIndex = other.dataset.tab === tab ? 0 : -1;
    }
    this.find(".panel").setAttribute("aria-label", TABS[tab]);
    this.choices.show(tab, this.chosen, this.data, this.row);
    this.wish();
  }

  // Ask for what is chosen.
  wish() {
    const wishes = wishesOf(this.tab, this.chosen, this.data, this.row, this.page.view.smooth);
    const many = wishes.length > MOST_PANES;
    this.find(".limit").hidden = !many;
    this.find(".limit").textContent = many ? `The first ${MOST_PANES} of ${wishes.length} maps; choose fewer to see others.` : "";
    const one = wishes[this.alone];
    const shown = one ? [one] : wishes.slice(0, MOST_PANES);
    this.panes.show(this.row, shown, this.data, Boolean(one));
    const used = new Set(shown.map((wish) => wish.method));
    const lines = this.data.methods.filter((method) => used.has(method.name)).map((method) => {
      const line = make("li");
      line.append(make("b", { textContent: method.title }), `: ${method.about}`);
      return line;
    });
    this.find(".methods").replaceChildren(...lines);
  }

  // One of the maps alone, on the next images too; -1 for all of them again.
  enlarge(place) {
    this.alone = place;
    this.wish();
  }

  set(name) {
    showView(this.root, this.page.view);
    if (!this.open || !this.row) return;
    if (name === "trust") this.panes.judge();
    else if (name === "mode") this.wish();
    else this.panes.modes();
  }

  click(button) {
    if (button && !button.disabled) this.act(button.dataset.do);
  }

  act(what) {
    if (what === "close") this.page.close();
    else if (what === "return") history.back();
    else if (what === "previous" || what === "next") this.page.step(what === "next" ? 1 : -1);
    else if (what === "larger" || what === "smaller") this.panes.step(what === "larger" ? 1.4 : 1 / 1.4);
    else if (what === "fit") this.panes.step(0);
  }

  key(event) {
    const typed = event.target.matches("input:not([type=checkbox]), select, [role=slider]");
    if (event.altKey || event.ctrlKey || event.metaKey || (typed && event.key !== "Escape")) return;
    if (event.key === "Escape" && this.choices.closeTree()) return;
    if (event.target.matches("select")) return; // Escape closes its list
    const found = { Escape: "close", ArrowLeft: "previous", ArrowRight: "next", "+": "larger", "=": "larger", "-": "smaller", 0: "fit" }[event.key];
    if (event.key === "m") this.page.set("map", !this.page.view.map);
    else if (!found) return;
    else this.act(found);
    event.preventDefault();
  }

  save() {
    const found = this.panes.picture();
    if (!found.cells.some((cell) => cell.picture)) return;
    const { sign, text } = verdict(this.row, this.data.label);
    const single = found.cells.length === 1;
    const wide = single ? Math.min(2400, Math.max(768, this.panes.original.width)) : Math.min(900, Math.max(420, this.panes.original.width));
    savePng({ ...found, wide, title: `${this.row.fname} · ${this.data.label.name} · run ${this.data.run} · ${sign} ${text}` }, `${this.page.fileName}-${plainName(this.row.fname)}-${this.tab === "look" ? this.chosen.method : this.tab}`);
  }

  hide() {
    this.root.hidden = true;
    this.row = null;
    this.panes.clear();
  }

  close() {
    this.panes.close();
  }
}
