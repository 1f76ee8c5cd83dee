// The panel: a window beside the page or, on a phone, in its place; where focus is, and how it is left.

import { Chat } from "./chat.js";
import { el } from "./dom.js";
import { wordsIn } from "./words.js";

const SMALL = matchMedia("(max-width: 500px), (max-height: 460px)");

/** Fetch what the panel needs and build it; nothing is asked of the server before it is shown. */
export async function start(widget) {
  const fetched = fetch(`${widget.client}panel.css`).then((response) => {
    if (!response.ok) throw new Error(`panel.css: ${response.status}`);
    return response.text();
  });
  const [css, say] = await Promise.all([fetched, wordsIn(widget.language)]);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  widget.shadow.adoptedStyleSheets.push(sheet);
  return new Panel(widget, say);
}

class Panel {
  #before = null;

  constructor(widget, say) {
    this.widget = widget;
    this.dialog = el("dialog", { class: "panel", tabindex: "-1" });
    this.chat = new Chat(widget, say, this.dialog);
    widget.root.append(this.dialog);
    widget.root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !widget.opened) return;
      event.preventDefault();
      this.#back();
    });
    this.dialog.addEventListener("cancel", (event) => {
      event.preventDefault(); // "back" on Android
      this.#back();
    });
    this.dialog.addEventListener("close", () => {
      if (!this.dialog.open) widget.close();
    });
    // The page's own shortcuts and focus guards would take typing here for theirs.
    for (const type of ["keydown", "keyup", "keypress", "focusin"]) {
      widget.root.addEventListener(type, (event) => event.stopPropagation());
    }
    SMALL.addEventListener("change", () => widget.opened && this.#place());
    for (const type of ["resize", "scroll"]) visualViewport?.addEventListener(type, () => this.#fit());
    this.chat.resume();
  }

  /** Open; `focus` when the visitor asked for it, not when the page did while it was loading. */
  show(focus) {
    const active = document.activeElement;
    this.#before = active === this.widget.host || active === document.body ? null : active;
    this.#place();
    this.chat.shown();
    // On a phone focus in the field would bring up the keyboard before anything was read.
    if (focus) (SMALL.matches ? this.dialog : this.chat.composer?.field ?? this.dialog).focus();
  }

  /** Close, and give focus back to where it came from. */
  hide() {
    const inside = this.dialog.contains(this.widget.shadow.activeElement);
    if (this.dialog.open) this.dialog.close();
    if (inside) (this.#before?.isConnected ? this.#before : this.widget.button).focus();
  }

  send(text) {
    this.chat.send(text);
  }

  identify() {
    this.chat.identify();
  }

  #back() {
    if (this.chat.sheet?.isOpen) this.chat.sheet.close();
    else this.widget.close();
  }

  /** Stand beside the page where there is room; otherwise in its place, so that nothing behind can be reached. */
  #place() {
    const { dialog } = this;
    const focused = this.widget.shadow.activeElement;
    if (dialog.open && dialog.matches(":modal") === SMALL.matches) return;
    if (dialog.open) dialog.close();
    if (SMALL.matches) dialog.showModal();
    else dialog.setAttribute("open", ""); // show() would take focus
    if (focused && dialog.contains(focused)) focused.focus();
    this.#fit();
  }

  /** Keep the field above the keyboard of a phone; pinching is no keyboard. */
  #fit() {
    const view = window.visualViewport;
    if (!view || view.scale > 1.05) return;
    this.dialog.style.setProperty("--top", `${view.offsetTop}px`);
    this.dialog.style.setProperty("--height", `${view.height}px`);
    this.chat.thread?.toEnd();
  }
}
