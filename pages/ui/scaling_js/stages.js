// The stage table of one of the networks; a stage opens what its layers are made of.

function stageTable(network, base, open) {
  const rows = network.stages.map((stage, i) => {
    const was = base.stages[i], share = stage.multiply_adds / network.multiply_adds;
    const cell = (value, before, text = whole, below = "") => `<td class="${value === before ? "" : "differs"}">${text(value)}${below}</td>`;
    const tag = stage.squeeze ? ' <span class="tag" title="With squeeze-excite">SE</span>' : "", shown = open === stage.number;
    const inside = stage.inside?.length;
    const name = inside
      ? `<button type="button" class="operator-name" data-open="${stage.number}" aria-expanded="${shown}">${escaped(stage.operator)}${tag}</button>`
      : `<span class="operator-name">${escaped(stage.operator)}</span>`;
    const row = `<tr data-stage="${stage.number}" style="--hue:${hue(stage)}"><td>${stage.number}</td><th scope="row"><span class="named">${inside ? miniature(stage.inside.at(-1)) : '<i class="dot"></i>'}${name}</span></th>${cell(stage.resolution, was.resolution)}${cell(stage.channels, was.channels)}${cell(stage.layers, was.layers)}
      ${cell(stage.multiply_adds, was.multiply_adds, millions, `<i class="share"><i style="width:${100 * share}%"></i></i>`)}${cell(stage.parameters, was.parameters, millions)}${cell(4 * stage.activations, 4 * was.activations, bytes)}</tr>`;
    return shown && inside ? `${row}<tr class="opened"><td colspan="8"><div class="layers">${operators(stage)}</div></td></tr>` : row;
  });
  return `<div class="scroll" role="region" aria-label="Stages" tabindex="0"><table class="table stage-table"><caption class="hidden">Stages</caption><thead><tr><th scope="col" aria-label="Number">#</th><th scope="col">Operator</th><th scope="col">Input px</th><th scope="col">Channels</th><th scope="col">Layers</th>
    <th scope="col">Mult-adds</th><th scope="col">Params</th><th scope="col">Activations</th></tr></thead><tbody>${rows.join("")}</tbody></table></div>`;
}

class Stages {
  constructor(root) {
    Object.assign(this, { root, which: "compound", open: null });
    root.addEventListener("click", (event) => {
      const tab = event.target.closest("[data-which]"), opened = event.target.closest("[data-open]");
      if (tab) this.which = tab.dataset.which;
      else if (opened) this.open = this.open === Number(opened.dataset.open) ? null : Number(opened.dataset.open);
      else return;
      this.show(this.networks);
      const again = tab ? `[data-which=${this.which}]` : `[data-open="${opened.dataset.open}"]`;
      root.querySelector(again)?.focus({ preventScroll: true });
    });
  }

  // Open a stage of a network, from the drawing.
  look(which, stage) {
    Object.assign(this, { which, open: stage });
    this.show(this.networks);
  }

  show(networks) {
    this.networks = networks;
    const tabs = Object.entries(NAMES).map(([name, text]) => `<button type="button" data-which="${name}" aria-pressed="${name === this.which}">${text}</button>`);
    this.root.innerHTML = `<div class="bar"><h3>Stages</h3><span class="segments" role="group" aria-label="Stages of">${tabs.join("")}</span></div>
      ${stageTable(networks[this.which], networks.baseline, this.open)}<p class="quiet">An operator opens what its layers are made of; the small columns are the channels after each of their convolutions. Bold figures differ from the baseline's.</p>`;
  }
}
