// The field for a note on the picture that was there when it was opened: it never goes to another one.

class Noting {
  constructor(root, store) {
    Object.assign(this, { root, store, field: root.querySelector("textarea"), item: null });
    this.field.addEventListener("keydown", (event) => this.typed(event));
  }

  open(item) {
    if (!item || this.item) return this.field.focus();
    this.item = item;
    this.root.hidden = false;
    return this.field.focus();
  }

  // Close it and return what was typed.
  take() {
    const text = this.field.value.trim();
    this.field.value = "";
    this.root.hidden = true;
    this.field.blur();
    this.item = null;
    return text;
  }

  // The note is stored by itself.
  keep() {
    const { item } = this;
    const text = this.take();
    if (text) this.store(item, text);
  }

  // Another picture is on screen: what was typed belongs to the one before.
  follow(item) {
    if (this.item && this.item !== item) this.keep();
  }

  typed(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.keep();
    } else if (event.key === "Escape") this.take();
    event.stopPropagation();
  }
}
