// What a screen reader is told: whole sentences of an answer as they are finished, and what happens beside it.

import { el } from "./dom.js";
import { spoken } from "./markdown.js";

const SENTENCE = /[.!?…。؟](["')\]*_]|\s*\[\d{1,3}\])*\s/g;
const KEPT = 30;

export class Voice {
  element = el("div", { class: "unseen", "aria-live": "polite", role: "log" });
  #heard = new WeakMap(); // answer -> the text that was read

  constructor(say) {
    this.say = say;
  }

  /** Say one thing. */
  tell(text) {
    if (!text) return;
    this.element.append(el("p", { text }));
    if (this.element.childElementCount > KEPT) this.element.firstChild.remove();
  }

  /** Say what is new in an answer that is being written, or has ended. */
  follow(answer) {
    if (answer.role !== "assistant") return;
    const { text, status } = answer;
    if (status === "open") {
      const heard = this.#heard.get(answer) ?? "";
      if (!text.startsWith(heard)) return; // it began anew: at its end the whole of it is read
      let end = heard.length;
      SENTENCE.lastIndex = end;
      while (SENTENCE.exec(text)) end = SENTENCE.lastIndex;
      if (end > heard.length) this.tell(spoken(text.slice(heard.length, end)));
      this.#heard.set(answer, text.slice(0, end));
    } else if (this.#heard.has(answer)) {
      const heard = this.#heard.get(answer);
      this.#heard.delete(answer);
      const rest = text.startsWith(heard) ? text.slice(heard.length) : `${this.say("revised")} ${text}`;
      this.tell(spoken(rest));
      this.tell(answer.error || answer.notice);
      if (answer.sources.length) this.tell(this.say("sourcesCount", { n: answer.sources.length }));
    }
  }
}
