// The messages of the conversation, or what an empty one offers; the newest stay in sight unless the visitor scrolls up.

import { el, iconButton } from "./dom.js";
import { MessageView } from "./message.js";

const NEAR = 60;
/** How often a growing answer is drawn. A timer, not a frame: frames rest in tabs that nobody looks at. */
const DRAW_MS = 40;

export class Thread {
  #views = new Map();
  #due = new Set();
  #timer = null;
  #sticky = true;
  #top = 0;

  constructor(app) {
    this.app = app;
    this.list = el("div", { class: "list" });
    this.scroller = el("div", {
      class: "scroller", role: "log", "aria-live": "off", "aria-label": app.say("messages"), tabindex: "0",
      onscroll: () => this.#scrolled(),
    }, this.list);
    const onclick = () => {
      this.toEnd();
      this.scroller.focus(); // the button goes away
    };
    this.latest = iconButton("down", app.say("latest"), onclick, { class: "round latest", hidden: true });
    this.element = el("div", { class: "thread" }, this.scroller, this.latest);
    new ResizeObserver(() => this.#settle()).observe(this.list);
    new ResizeObserver(() => this.#settle()).observe(this.scroller);
  }

  /** Show a conversation from scratch. */
  show() {
    this.#views.clear();
    this.list.replaceChildren();
    for (const message of this.app.conversation.messages) this.#add(message, false);
    if (!this.#views.size) this.#welcome();
    this.toEnd();
  }

  /** Show a message that is new or has changed. */
  changed(message) {
    if (message.role === "visitor" || !this.#views.has(message)) {
      if (!this.#views.size) this.list.replaceChildren();
      if (!this.#views.has(message)) this.#add(message, true);
      if (message.role === "visitor") this.toEnd();
      return;
    }
    this.#due.add(message);
    this.#timer ??= setTimeout(() => this.#draw(), DRAW_MS);
  }

  /** Draw what is due now. */
  #draw() {
    this.#timer = null;
    for (const message of this.#due) this.#views.get(message)?.update();
    this.#due.clear();
  }

  toEnd() {
    this.#sticky = true;
    this.#settle();
  }

  #add(message, fresh) {
    const view = new MessageView(message, this.app);
    view.element.classList.toggle("fresh", fresh);
    this.#views.set(message, view);
    this.list.append(view.element);
  }

  #welcome() {
    const { site, say } = this.app;
    const greeting = site.greeting || say("greeting", { name: site.assistant });
    const starters = (site.starters ?? []).map((text) =>
      el("li", {}, el("button", { type: "button", class: "starter", dir: "auto", text, onclick: () => this.app.send(text) })));
    this.list.append(el("div", { class: "welcome" },
      el("p", { class: "greeting", dir: "auto", text: greeting }),
      starters.length ? el("ul", { class: "starters", "aria-label": say("starters") }, ...starters) : null));
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    const near = scrollHeight - scrollTop - clientHeight < NEAR;
    // An answer that has just grown leaves the end, too: only who moves up wants to stay there.
    if (near || scrollTop < this.#top) this.#sticky = near;
    this.#top = scrollTop;
    this.latest.hidden = this.#sticky;
  }

  #settle() {
    if (this.#sticky) this.scroller.scrollTop = this.scroller.scrollHeight;
    this.#scrolled();
  }
}
