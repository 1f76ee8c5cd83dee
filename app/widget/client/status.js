// One line above the field: that the network is away, that the server is busy, or something said in passing.

import { el } from "./dom.js";

const PASSING_MS = 4000;

export class Status {
  element = el("p", { class: "status", hidden: true });
  #troubles = new Map(); // what waits -> {kind, until}
  #passing = "";
  #timer = null;
  #said = null;

  constructor(app) {
    this.app = app;
    for (const type of ["online", "offline"]) addEventListener(type, () => this.element.isConnected && this.#draw());
  }

  /** `what` keeps `whom` waiting: `{kind, seconds}`, or null when nothing does any more. */
  show(whom, what) {
    if (!what && !this.#troubles.has(whom)) return;
    if (what) this.#troubles.set(whom, { kind: what.kind, until: Date.now() + what.seconds * 1000 });
    else this.#troubles.delete(whom);
    this.#draw();
  }

  tell(text) {
    this.#passing = text;
    this.app.voice.tell(text);
    this.#draw();
    setTimeout(() => {
      this.#passing = "";
      this.#draw();
    }, PASSING_MS);
  }

  #draw() {
    const { say, voice } = this.app;
    const trouble = [...this.#troubles.values()].at(-1);
    const kind = navigator.onLine ? trouble?.kind : "offline";
    const seconds = trouble ? Math.max(1, Math.ceil((trouble.until - Date.now()) / 1000)) : 0;
    const text = kind ? say(kind, { n: seconds }) : this.#passing;
    this.element.textContent = text;
    this.element.hidden = !text;
    this.element.dataset.kind = kind ?? "passing";
    if (kind && kind !== this.#said) voice.tell(text); // once, not at every second
    this.#said = kind;
    clearTimeout(this.#timer);
    if (kind === "busy" && this.element.isConnected) this.#timer = setTimeout(() => this.#draw(), 1000);
  }
}
