// Where errors look: the mean map of wrong and of right answers, and the kinds of maps there are among the wrong ones.

const SMOOTH = 12; // pixels of a map's cell on its canvas

class Look {
  constructor(root, said) {
    Object.assign(this, { root, said });
    root.addEventListener("click", (event) => {
      const open = event.target.closest("[data-open]"), show = event.target.closest("[data-cluster]");
      if (open) said({ what: "open", image: Number(open.dataset.open) });
      else if (show) said({ what: "cluster", n: Number(show.dataset.cluster) });
      else if (event.target.closest("[data-do=save]")) this.save();
    });
  }

  // `data`: title, colors, means [{name, note, map, size}], clusters [{share, note, map, size, examples [{image, digest, name}], count}], chosen.
  show(data) {
    this.data = data;
    this.colors ||= numbers(data.colors, Uint8Array);
    const mean = (one, n) => `<figure class="gh-mean"><canvas data-mean="${n}" role="img" aria-label="Mean map: ${html(one.name)}"></canvas><figcaption><b>${html(one.name)}</b><span class="gh-note">${html(one.note)}</span></figcaption></figure>`;
    const cluster = (one, n) => `<section class="gh-cluster"><canvas data-cluster-map="${n}" role="img" aria-label="Mean map of group ${n + 1}"></canvas>
      <div><div class="gh-share"><i style="width:${100 * one.share}%"></i></div><b>${Math.round(100 * one.share)}% of the wrong ones</b>, <span class="gh-note">${html(one.note)}</span>
      <div class="gh-examples">${one.examples.map((e) => `<button type="button" class="gh-open" data-open="${e.image}" aria-label="Open ${html(e.name)}" title="${html(e.name)}"><img data-image="${e.image}" data-digest="${html(e.digest)}" alt=""></button>`).join("")}</div>
      <button type="button" data-cluster="${n}" aria-pressed="${data.chosen === n}">${data.chosen === n ? "Shown below" : `Show ${counted(one.count, "image")}`}</button></div></section>`;
    this.root.innerHTML = `<div class="gh-bar"><span class="gh-keys">no part of the map <span class="gh-scale"></span> ${(data.means[0]?.most ?? 1).toFixed(1)} times what an even map has</span><button type="button" class="gh-quiet" data-do="save">Save as PNG</button></div>
      <div class="gh-means">${data.means.map(mean).join("")}</div>${data.clusters.length ? `<div class="gh-clusters">${data.clusters.map(cluster).join("")}</div>` : ""}`;
    const steps = [0, 64, 128, 192, 255].map((v) => `rgb(${[0, 1, 2].map((c) => this.colors[3 * v + c]).join()})`);
    this.root.querySelector(".gh-scale").style.background = `linear-gradient(90deg, ${steps.join()})`;
    data.means.forEach((one, n) => this.paint(this.root.querySelector(`[data-mean="${n}"]`), one));
    data.clusters.forEach((one, n) => this.paint(this.root.querySelector(`[data-cluster-map="${n}"]`), one));
    fillPictures(this.root);
  }

  paint(canvas, { map, size: [height, width] }) {
    const cells = numbers(map, Uint8Array), small = new ImageData(width, height);
    cells.forEach((value, i) => {
      for (let c = 0; c < 3; c += 1) small.data[4 * i + c] = this.colors[3 * value + c];
      small.data[4 * i + 3] = 255;
    });
    const raw = Object.assign(document.createElement("canvas"), { width, height });
    raw.getContext("2d").putImageData(small, 0, 0);
    Object.assign(canvas, { width: width * SMOOTH, height: height * SMOOTH });
    const brush = canvas.getContext("2d");
    brush.imageSmoothingEnabled = false; // cells as they are: what is between them nobody measured
    brush.drawImage(raw, 0, 0, canvas.width, canvas.height);
  }

  save() {
    const { means, clusters, title } = this.data, look = theme(this.root), side = 160, all = [...means, ...clusters];
    const canvases = this.root.querySelectorAll(".gh-means canvas, .gh-cluster > canvas"), columns = Math.min(4, all.length);
    const { canvas, brush, top } = sheet(look, title, Math.max(420, columns * (side + 16) + 12), Math.ceil(all.length / columns) * (side + 32) + 8);
    brush.font = `13px ${look.font}`;
    all.forEach((one, n) => {
      const [x, y] = [12 + (n % columns) * (side + 16), top + Math.floor(n / columns) * (side + 32)];
      brush.drawImage(canvases[n], x, y, side, side);
      brush.fillStyle = look.ink;
      brush.fillText(shortened(brush, one.name ?? `${Math.round(100 * one.share)}% of the wrong ones`, side), x, y + side + 14);
    });
    save(canvas, "where-errors-look");
  }

  end() {}
}
