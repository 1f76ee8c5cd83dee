// One conversation: its messages, and the answers that are being written.

import { Refused } from "./patience.js";
import { follow } from "./stream.js";

const uuid = () =>
  crypto.randomUUID?.() ?? // absent on pages without https
  "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (digit) =>
    (digit ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (digit / 4)))).toString(16));

export class Conversation {
  messages = [];
  #session;
  #hooks;
  #running = new Map(); // answer -> AbortController
  #left = false;

  /**
   * @param hooks `changed(message)`, `asking(question)`, `asked(question, answer)` once the server has both, `ended(answer, own)`,
   *   `trouble(answer, what)` while it is waited for
   */
  constructor(session, id, hooks) {
    this.#session = session;
    this.#hooks = hooks;
    this.id = id ?? uuid();
  }

  get busy() {
    return this.#running.size > 0;
  }

  /** The answer that is being written, the latest if there are several. */
  get open() {
    return [...this.#running.keys()].at(-1);
  }

  /** Fetch what the server has; what is being written is followed. A conversation that nobody began is empty. */
  async load() {
    let kept;
    try {
      kept = (await this.#session.json(`conversations/${this.id}`)).messages;
    } catch (error) {
      if (error instanceof Refused && error.code === "not_found") return;
      throw error;
    }
    if (this.busy) return; // what this page is reading is newer
    // Of several answers to one message the last one counts: the visitor asked anew.
    const latest = new Map(kept.filter((m) => m.role === "assistant" && m.reply_to).map((m) => [m.reply_to, m.id]));
    this.messages = kept.filter((m) => m.role !== "assistant" || !m.reply_to || latest.get(m.reply_to) === m.id);
    const end = this.messages.at(-1);
    if (end?.role === "visitor") this.messages.push({ ...blank(end.id), status: "cut" });
    for (const message of this.messages) {
      if (message.status === "failed") message.text = ""; // as far as it came, which nobody vouches for
      if (message.role === "assistant" && message.status === "open") this.#read(message, {});
    }
  }

  /** Ask; the answer is written into a message that is there at once. `id`: of a message that may not have arrived. */
  ask(text, files = [], id = uuid(), decision = null) {
    const attachments = files.map((file) => ({ name: file.name, bytes: file.size }));
    const question = { id, role: "visitor", text, status: "done", attachments, files, decision };
    const answer = blank(question.id);
    this.messages.push(question, answer);
    this.#hooks.changed(question);
    this.#hooks.asking(question);
    return this.#post(question, answer, null);
  }

  /** Decide on the call that an answer asks for; `text` says it in the conversation. */
  decide(answer, agreed, text) {
    const { call, digest } = answer.asked;
    answer.asked = null; // it is decided once
    this.#hooks.changed(answer);
    return this.ask(text, [], uuid(), { call, digest, agreed });
  }

  /** Ask the same again: the new answer takes the old one's place. */
  retry(answer) {
    const question = this.messages.find((message) => message.id === answer.reply_to);
    const old = answer.id;
    Object.assign(answer, blank(question.id));
    return this.#post(question, answer, old);
  }

  /** Show what was asked in another tab, and follow the answer. */
  join(question, id) {
    if (this.messages.some((message) => message.id === id)) return;
    const decided = this.messages.find((message) => message.asked && message.asked.call === question.decision?.call);
    if (decided) {
      decided.asked = null;
      this.#hooks.changed(decided);
    }
    let answer = this.messages.find((message) => message.reply_to === question.id);
    if (answer) Object.assign(answer, blank(question.id), { id });
    else {
      answer = { ...blank(question.id), id };
      this.messages.push(question, answer);
      this.#hooks.changed(question);
    }
    this.#read(answer, {});
  }

  #post(question, answer, old) {
    const ask = (again) => {
      const form = new FormData();
      form.set("id", question.id);
      form.set("text", question.text);
      if (again) form.set("again", "true");
      if (question.decision) form.set("decision", JSON.stringify(question.decision));
      for (const file of question.files ?? []) form.append("files", file, file.name);
      const signal = this.#running.get(answer)?.signal;
      return this.#session.call(`conversations/${this.id}/messages`, { method: "POST", body: form, signal });
    };
    return this.#read(answer, { ask, old, started: () => this.#hooks.asked(question, answer) });
  }

  async #read(answer, { ask, old, started }) {
    const leaving = new AbortController();
    this.#running.get(answer)?.abort("left"); // asked anew in another tab before this one heard the end
    this.#running.set(answer, leaving);
    this.#hooks.changed(answer);
    const take = ({ type, data }) => {
      if (leaving.signal.aborted) return;
      if (type === "started") {
        answer.id = data.answer;
        started?.();
        if (this.#left) leaving.abort("left");
        if (answer.stopping) this.#tellStop(answer);
      } else if (type === "step") answer.step = data.name;
      else if (type === "token") answer.text += data.text;
      else if (type === "reset") answer.text = "";
      else if (type === "failed") {
        Object.assign(answer, { status: "failed", text: "", error: data.text, retry: data.retry });
      } else Object.assign(answer, data, { status: type });
      this.#hooks.changed(answer);
    };
    const trouble = (what) => {
      answer.waiting = what;
      this.#hooks.trouble(answer, what);
    };
    try {
      await follow(this.#session, { id: answer.id, ask, old, take, trouble, signal: leaving.signal });
    } catch (error) {
      if (leaving.signal.aborted && leaving.signal.reason !== "stop") return; // the visitor looks at something else
      if (leaving.signal.aborted) answer.status = "stopped";
      else {
        const { code = "failed", message = "", retryAfter } = error;
        const lasting = code === "bad_request" || code === "too_large";
        Object.assign(answer, { status: "failed", text: "", code, error: message, retryAfter, retry: !lasting });
        if (!(error instanceof Refused)) console.error("Parley:", error);
      }
    } finally {
      if (this.#running.get(answer) === leaving) {
        this.#running.delete(answer);
        answer.step = answer.waiting = null;
      }
    }
    this.#hooks.changed(answer);
    this.#hooks.ended(answer, Boolean(ask));
  }

  /** Stop an answer: at once where nothing has come yet, otherwise the server says how far it came. */
  stop(answer) {
    answer.stopping = true;
    if (answer.waiting) this.#running.get(answer)?.abort("stop");
    else if (answer.id) this.#tellStop(answer);
    this.#hooks.changed(answer);
  }

  async #tellStop(answer) {
    try {
      await this.#session.json(`answers/${answer.id}/stop`, "POST");
    } catch {
      this.#running.get(answer)?.abort("stop"); // at least it is not shown any more
    }
  }

  /** Judge an answer: `value` 1 or 0 with a comment, or null to take it back. */
  async rate(answer, value, comment = "") {
    const before = answer.rating;
    answer.rating = value === null ? null : { value, comment };
    this.#hooks.changed(answer);
    try {
      await (value === null
        ? this.#session.json(`answers/${answer.id}/rating`, "DELETE")
        : this.#session.json(`answers/${answer.id}/rating`, "PUT", { value, comment }));
    } catch (error) {
      answer.rating = before;
      this.#hooks.changed(answer);
      throw error;
    }
  }

  /** Ask for a person; what the server replies becomes a message. Returns its text. */
  async handover(message, contact) {
    const reply = await this.#session.json(`conversations/${this.id}/handover`, "POST", { message, contact });
    await this.load();
    if (!this.messages.some((one) => one.id === reply.id)) {
      this.messages.push({ ...blank(null), id: reply.id, text: reply.text, status: "done" });
    }
    return reply.text;
  }

  /** Stop reading; the server goes on writing. What has not arrived there yet is still sent. */
  leave() {
    this.#left = true;
    for (const [answer, leaving] of this.#running) if (answer.id) leaving.abort("left");
  }
}

/** An answer of which nothing is known yet. */
function blank(replyTo) {
  return {
    id: null, role: "assistant", text: "", status: "open", reply_to: replyTo, sources: [], notice: null, rating: null,
    attachments: [], step: null, error: null, code: null, retry: true, stopping: false, waiting: null, retryAfter: null,
    asked: null,
  };
}
