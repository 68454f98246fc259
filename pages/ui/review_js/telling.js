// What is known about the item on screen, in words and small pictures.

const PATIENT = 300; // milliseconds that a picture must be there before its neighbours are loaded: the quick need none

function tell(find, item, label) {
  const name = item.blind ? "which" : label.names[item.value];
  const sure = item.blind ? "" : item.confidence.toFixed(2);
  find(".question").textContent = `${label.name}: ${name}? `;
  find(".question").append(make("small", { textContent: sure }));
  find(".meter").hidden = Boolean(item.blind);
  find(".meter span").style.transform = `scaleX(${item.confidence ?? 0})`;
  const ranked = item.probs.map((p, i) => [p, label.names[i]]).sort((a, b) => b[0] - a[0]);
  find(".probs").hidden = label.names.length < 3 || item.blind;
  find(".probs").textContent = ranked.slice(0, 5).map(([p, n]) => `${n} ${p.toFixed(2)}`).join(" · ");
  const others = item.others.map((o) => `${o.label} ${o.value ?? "–"} (${o.source})`);
  find(".others").textContent = others.length ? `This image: ${others.join(" · ")}` : "";
  find(".why").textContent = item.why;
  find(".file").textContent = item.run ? `${item.fname} · run ${item.run}` : item.fname;
  find(".notes").hidden = !item.notes?.length;
  find(".notes").replaceChildren(...(item.notes ?? []).map((n) => make("li", { textContent: `${n.by}: ${n.text}` })));
  const said = `${item.fname}. ${label.name}: ${name}? ${sure}`;
  find(".picture").setAttribute("aria-label", said);
  find(".live").textContent = said;
}

function answerButtons(label) {
  const button = (act, text, key, value) => {
    const made = make("button", { type: "button" });
    made.append(make("span", { textContent: text }), " ");
    made.dataset.act = act;
    const sign = make("kbd", { textContent: key, ariaHidden: "true" });
    if (value === undefined) sign.dataset.key = act;
    else made.dataset.value = value;
    if (key) made.append(sign);
    if (key) made.setAttribute("aria-keyshortcuts", key);
    return made;
  };
  const accept = button("accept", "Accept", "a");
  accept.className = "main";
  const choices = label.names.map((name, i) => button("choose", name, i < 9 ? String(i + 1) : "", i));
  return [accept, button("reject", "Reject", "x"), ...choices];
}

// What is stored and what is not, how many are left, how fast it goes.
function tellStanding(find, queue) {
  const waiting = queue.outbox.entries.length;
  find(".warning").hidden = !queue.trouble && !queue.outbox.unsafe;
  const kept = queue.outbox.unsafe ? "Keep this page open: the browser stores nothing." : "Kept in this tab, and sent again.";
  find(".warning").textContent = waiting ? `${waiting} not stored yet. ${queue.trouble} ${kept}` : queue.trouble;
  find(".refused").hidden = !queue.refused.length;
  find(".refused").replaceChildren(...queue.refused.map((text) => make("li", { textContent: text })));
  find(".contradicted").hidden = !queue.contradicted.length;
  find(".contradicted").textContent = queue.contradicted.map(({ text }) => text).join("\n");
  find(".said").textContent = queue.said;
  const rate = queue.session.rate();
  const left = Math.max(0, (queue.left ?? 0) - queue.outbox.settling());
  const parts = [queue.left === null ? "" : `${left.toLocaleString("en")} left`, queue.done ? `${queue.done} done` : ""];
  if (rate) parts.push(`${rate} a minute`, left ? `${minutes(left / rate)} at this rate` : "");
  find(".progress").textContent = parts.filter(Boolean).join(" · ");
  find(".card").dataset.waiting = waiting;
}

// The nearest known images, with the label that is asked about.
class Neighbours {
  constructor(root) {
    this.root = root;
  }

  show(item, queue) {
    clearTimeout(this.timer);
    const near = (item?.near ?? []).slice(0, 3);
    this.root.hidden = !near.length;
    this.item = item;
    if (!near.length) return;
    this.root.querySelector(".three").replaceChildren(...near.map((n) => this.figure(n)));
    this.timer = setTimeout(() => this.load(item, near, queue), PATIENT);
  }

  figure({ value, fname }) {
    const figure = make("figure");
    const canvas = make("canvas", { width: 4, height: 3, role: "img", ariaLabel: `${fname}, known as ${value}` });
    figure.append(canvas, make("figcaption", { textContent: value, title: fname }));
    return figure;
  }

  async load(item, near, queue) {
    const canvases = [...this.root.querySelectorAll("canvas")];
    for (const [i, one] of near.entries()) {
      try {
        const bitmap = await queue.bitmap(one, { resizeWidth: 200, resizeQuality: "medium" });
        if (this.item === item) {
          Object.assign(canvases[i], { width: bitmap.width, height: bitmap.height });
          canvases[i].getContext("2d", { alpha: false }).drawImage(bitmap, 0, 0);
        }
        bitmap.close();
      } catch {
        // its name and class stay
      }
    }
  }

  close() {
    clearTimeout(this.timer);
  }
}
