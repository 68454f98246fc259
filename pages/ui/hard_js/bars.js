// Rows of bars: classes by how hard they are, by recall and precision. A row may be clicked.

class Bars {
  constructor(root, said) {
    Object.assign(this, { root, said });
    root.addEventListener("click", (event) => {
      const row = event.target.closest("[data-at]");
      if (row) said({ what: "row", at: Number(row.dataset.at) });
      if (event.target.closest("[data-do=save]")) this.save();
    });
  }

  // `data`: title, columns [{name, color, help}], rows [{name, note, shares [0..1 or null], at or null}].
  show(data) {
    this.data = data;
    const heads = data.columns.map((c) => `<th scope="col" title="${html(c.help)}">${html(c.name)}</th>`).join("");
    const bar = (share, { color }) => share == null ? `<td class="gh-note">–</td>`
      : `<td><div class="gh-bar-cell"><span class="gh-fill"><i style="width:${100 * share}%;background:${color}"></i></span><b>${Math.round(100 * share)}%</b></div></td>`;
    const name = (row) => row.at == null ? html(row.name) : `<button type="button" data-at="${row.at}" title="Show its images">${html(row.name)}</button>`;
    this.root.innerHTML = `<div class="gh-bar"><strong>${html(data.title)}</strong><button type="button" class="gh-quiet" data-do="save">Save as PNG</button></div>
      <div class="gh-scroll"><table class="gh-table"><thead><tr><th scope="col">${html(data.first)}</th>${heads}<th scope="col"></th></tr></thead>
      <tbody>${data.rows.map((row) => `<tr><th scope="row">${name(row)}</th>${row.shares.map((s, n) => bar(s, data.columns[n])).join("")}<td class="gh-note">${html(row.note)}</td></tr>`).join("")}</tbody></table></div>`;
  }

  save() {
    const { data } = this, look = theme(this.root), width = 760, line = 24, wide = 150;
    const { canvas, brush, top } = sheet(look, data.title, width, (data.rows.length + 1) * line + 8);
    brush.font = `13px ${look.font}`;
    const text = (words, x, y, room, color) => { brush.fillStyle = color; brush.fillText(shortened(brush, words, room), x, y); };
    data.columns.forEach((c, n) => text(c.name, 190 + n * (wide + 20), top + line / 2, wide, look.quiet));
    data.rows.forEach((row, k) => {
      const y = top + (k + 1.5) * line;
      text(row.name, 12, y, 170, look.ink);
      row.shares.forEach((share, n) => {
        const x = 190 + n * (wide + 20);
        if (share == null) return;
        brush.fillStyle = look.faint;
        brush.fillRect(x, y - 7, wide - 45, 14);
        brush.fillStyle = data.columns[n].color;
        brush.fillRect(x, y - 7, (wide - 45) * share, 14);
        text(`${Math.round(100 * share)}%`, x + wide - 40, y, 40, look.ink);
      });
      const x = 190 + data.columns.length * (wide + 20);
      text(row.note, x, y, width - x - 8, look.quiet);
    });
    save(canvas, data.file);
  }

  end() {}
}
