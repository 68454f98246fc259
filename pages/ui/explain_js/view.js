// How pictures and maps are shown: the same in gallery and viewer, remembered by this browser.

const VIEW = "gapwise-maps-view";
const USUAL = { map: true, opacity: 60, mode: "over", size: "M", per: 24, trust: true, smooth: "none" };
const MODES = { over: "Overlay", side: "Side by side", swipe: "Swipe" };
const PER = [12, 24, 60];

function readView() {
  try {
    const kept = JSON.parse(localStorage.getItem(VIEW) ?? "{}");
    const fit = Object.entries(USUAL).filter(([name, usual]) => typeof kept[name] === typeof usual);
    return { ...USUAL, ...Object.fromEntries(fit.map(([name]) => [name, kept[name]])) };
  } catch {
    return { ...USUAL }; // forbidden or broken: as usual
  }
}

function keepView(view) {
  try {
    localStorage.setItem(VIEW, JSON.stringify(view));
  } catch {
    // forgotten with the page, then
  }
}

// Fields of a bar; `changed(name, value)` hears of them. A field is {name, kind, text, options}.
function viewFields(root, fields, view, changed) {
  root.replaceChildren(...fields.map((field) => FIELDS[field.kind](field, (value) => changed(field.name, value))));
  showView(root, view);
}

const FIELDS = {
  check({ name, text, hint = "" }, changed) {
    const box = make("input", { type: "checkbox" });
    box.dataset.name = name;
    box.addEventListener("change", () => changed(box.checked));
    return labelled(box, text, "check", hint);
  },
  range({ name, text }, changed) {
    const slide = make("input", { type: "range", min: 0, max: 100, step: 1 });
    slide.dataset.name = name;
    slide.addEventListener("input", () => changed(Number(slide.value)));
    return labelled(slide, text, "range");
  },
  select({ name, text, options, spoken = text }, changed) {
    const list = make("select", { ariaLabel: spoken });
    list.dataset.name = name;
    list.append(...options.map(([value, shown]) => new Option(shown, value)));
    list.addEventListener("change", () => changed(typeof USUAL[name] === "number" ? Number(list.value) : list.value));
    return labelled(list, text, "choice");
  },
  segments({ name, text, options }, changed) {
    const group = make("div", { className: "segments" });
    group.dataset.name = name;
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", text);
    for (const [value, shown, spoken = shown] of options) {
      const button = make("button", { type: "button", textContent: shown });
      button.dataset.value = value;
      button.setAttribute("aria-label", spoken);
      button.addEventListener("click", () => changed(value));
      group.append(button);
    }
    return group;
  },
  button({ name, text }, changed) {
    const button = make("button", { type: "button", textContent: text });
    button.dataset.do = name;
    button.addEventListener("click", () => changed(true));
    return button;
  },
};

function labelled(field, text, className, hint = "") {
  const label = make("label", { className, title: hint });
  const words = make("span", { textContent: text });
  label.append(...(className === "check" ? [field, words] : [words, field]));
  return label;
}

// Set the fields to what is so.
function showView(root, view) {
  for (const field of root.querySelectorAll("[data-name]")) {
    const value = view[field.dataset.name];
    if (field.type === "checkbox") field.checked = value;
    else if (field.matches(".segments")) {
      const buttons = [...field.children], on = buttons.find((button) => button.dataset.value === value) ?? buttons[0]; // swipe, in a gallery
      buttons.forEach((button) => button.setAttribute("aria-pressed", String(button === on)));
    } else if (String(field.value) !== String(value)) field.value = value;
  }
}
