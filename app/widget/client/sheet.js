// A sheet over the messages: a source, earlier conversations, the form that asks for a person.

import { el, iconButton } from "./dom.js";

export class Sheet {
  #before = null;

  /** @param covered what must rest while the sheet is open */
  constructor(say, covered) {
    this.covered = covered;
    this.title = el("h2", { id: "sheet-title", tabindex: "-1" });
    this.body = el("div", { class: "body" });
    const back = iconButton("back", say("closeSheet"), () => this.close());
    this.element = el("section", { class: "sheet", role: "dialog", "aria-labelledby": "sheet-title", hidden: true },
      el("header", {}, back, this.title), this.body);
  }

  get isOpen() {
    return !this.element.hidden;
  }

  /** Show `content` under a title; focus goes to `focus`, or to the title, and back where it was afterwards. */
  open(title, content, focus = this.title) {
    if (!this.isOpen) this.#before = this.element.getRootNode().activeElement;
    this.title.textContent = title;
    this.body.replaceChildren(...content.filter(Boolean));
    this.element.hidden = false;
    this.body.scrollTop = 0;
    // What scrolls must be reachable by keyboard even when nothing in it is.
    if (this.body.scrollHeight > this.body.clientHeight) this.body.tabIndex = 0;
    else this.body.removeAttribute("tabindex");
    this.covered.inert = true;
    focus.focus();
  }

  close() {
    if (!this.isOpen) return;
    this.element.hidden = true;
    this.covered.inert = false;
    this.#before?.focus();
  }
}
