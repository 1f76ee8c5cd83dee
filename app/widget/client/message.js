// One message as it is shown. Only what has changed is drawn anew: focus and selection stay while an answer grows.

import { chips, citer } from "./citations.js";
import { confirming } from "./confirm.js";
import { el, icon, iconButton } from "./dom.js";
import { judging } from "./feedback.js";
import { blocksOf, drawBlock } from "./markdown.js";

/** What is being done once a step has ended. */
const AFTER = { classify: "stepSearch", recall: "stepSearch", retrieve: "stepWrite", answer: "stepCheck", check: "stepCheck" };

export class MessageView {
  #blocks = []; // what each drawn block was drawn from
  #foot = null;
  #mood = null;

  constructor(message, app) {
    this.message = message;
    this.app = app;
    const { say } = app;
    const who = { visitor: say("you"), assistant: app.site.assistant, staff: say("staff") }[message.role];
    this.text = el("div", { class: message.role === "visitor" ? "said" : "prose", dir: "auto" });
    this.state = el("div", { class: "state" });
    this.foot = el("div", { class: "foot" });
    this.element = el("article", { class: `message ${message.role}`, "aria-label": who }, this.text, this.state, this.foot);
    if (message.role === "staff") this.element.prepend(el("p", { class: "who" }, icon("person"), who));
    if (message.role === "visitor") this.#drawQuestion();
    else this.update();
  }

  #drawQuestion() {
    this.text.textContent = this.message.text;
    const files = this.message.attachments ?? [];
    if (files.length) {
      this.foot.append(el("ul", { class: "files", "aria-label": this.app.say("attachments") },
        ...files.map(({ name }) => el("li", {}, icon("file"), el("span", { dir: "auto", text: name })))));
    }
  }

  /** Show the message as it is now. */
  update() {
    if (this.message.role === "visitor") return;
    const { status, sources } = this.message;
    this.#drawText();
    this.#drawState();
    const foot = JSON.stringify([status, sources.length, this.message.notice, this.message.error, this.message.id, this.message.asked?.call]);
    if (foot !== this.#foot) {
      this.#foot = foot;
      this.#drawFoot();
    }
    this.judge?.update();
  }

  #drawText() {
    const { text, status, sources } = this.message;
    const open = status === "open";
    const cite = citer(this.message, this.app);
    const blocks = blocksOf(text);
    blocks.forEach((block, at) => {
      const last = open && at === blocks.length - 1;
      const mark = `${last}${open}${sources.length}\n${block.lines.join("\n")}`;
      if (this.#blocks[at] === mark) return;
      this.#blocks[at] = mark;
      const drawn = drawBlock(block, { cite, open: last });
      const old = this.text.children[at];
      if (old) old.replaceWith(drawn);
      else this.text.append(drawn);
    });
    while (this.text.children.length > blocks.length) this.text.lastChild.remove();
    this.#blocks.length = blocks.length;
  }

  #drawState() {
    const { status, step, text, stopping } = this.message;
    const open = status === "open";
    const doing = AFTER[step] ?? "stepRead";
    const words = !open || stopping || (text && doing !== "stepCheck") ? "" : this.app.say(doing);
    const mood = open ? `${words}${Boolean(text)}` : "";
    if (mood === this.#mood) return;
    this.#mood = mood;
    const dots = el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i"));
    this.state.replaceChildren(...(words ? [dots, el("span", { text: words })] : []));
    this.element.setAttribute("aria-busy", open);
  }

  #drawFoot() {
    const { message, app } = this;
    const { say } = app;
    this.judge = null;
    if (message.status === "open") {
      this.foot.replaceChildren();
      return;
    }
    const ending = { stopped: say("stopped"), cut: say("cut"), failed: failure(message, say) }[message.status];
    const parts = [confirming(message, app), chips(message, app)];
    for (const note of [message.notice, ending]) if (note) parts.push(el("p", { class: "note", dir: "auto", text: note }));
    if (ending && message.retry !== false) {
      const onclick = () => app.retry(message);
      parts.push(el("button", { type: "button", class: "pill", onclick }, icon("retry"), say("retry")));
    }
    if (message.text && message.role === "assistant" && message.status !== "open") {
      const copy = iconButton("copy", say("copy"), () => app.copy(message.text));
      this.judge = message.id && message.reply_to ? judging(message, app) : null;
      parts.push(el("div", { class: "tools" }, copy, ...(this.judge?.buttons ?? [])), this.judge?.more ?? null);
    }
    this.foot.replaceChildren(...parts.filter(Boolean));
  }
}

/** Why an answer failed, in the visitor's language where the reason is known, otherwise in the server's words. */
export function failure({ code, error, retryAfter }, say) {
  if (retryAfter) return say("later", { n: Math.ceil(retryAfter / 60) });
  if (code && say.has(`error_${code}`)) return say(`error_${code}`);
  return error || say("failed");
}
