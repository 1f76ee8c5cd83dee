// The chat in the panel: who the visitor is, which conversation is shown, and what each part tells the others.

import { Composer } from "./composer.js";
import { Conversation } from "./conversation.js";
import { el, icon, iconButton } from "./dom.js";
import { openHandover } from "./handover.js";
import { openHistory } from "./history.js";
import { failure } from "./message.js";
import { patiently, Refused } from "./patience.js";
import { Session } from "./session.js";
import { Sheet } from "./sheet.js";
import { Status } from "./status.js";
import { Thread } from "./thread.js";
import { Voice } from "./voice.js";
import { wordsIn } from "./words.js";

/** A conversation is fetched anew when the panel is opened after so long: staff may have written. */
const STALE_MS = 20_000;

export class Chat {
  #connecting = null;
  #queue = [];
  #loaded = 0;
  #waiting = null; // the answer that was being written when an earlier page was left

  conversation = null;

  constructor(widget, say, dialog) {
    this.widget = widget;
    this.say = say;
    this.dialog = dialog;
    this.session = new Session(widget, () => this.#somebodyElse());
    this.#waiting = widget.store("pending");
    this.tabs = "BroadcastChannel" in window ? new BroadcastChannel(`parley:${widget.site}`) : null;
    this.tabs?.addEventListener("message", ({ data }) => this.#heard(data));
    this.#build(null);
  }

  get site() {
    return this.session.site;
  }

  /** Draw the panel: with what there is before the site is known, or whole. */
  #build(conversation) {
    const { say, site } = this;
    const name = site?.assistant ?? "";
    const whole = conversation !== null;
    this.dialog.setAttribute("aria-label", name ? `${say("chat")}: ${name}` : say("chat"));
    const head = el("header", { class: "head" },
      el("span", { class: "mark", "aria-hidden": "true" }),
      el("h2", {}, el("bdi", { text: name })),
      whole ? iconButton("history", say("history"), () => openHistory(this)) : null,
      whole ? iconButton("fresh", say("fresh"), () => this.begin()) : null,
      iconButton("close", say("close"), () => this.widget.close()));
    this.status = new Status(this);
    this.voice = new Voice(say);
    this.conversation = conversation;
    this.thread = this.composer = this.sheet = null;
    if (!whole) {
      this.notice = el("div", { class: "notice" });
      this.dialog.replaceChildren(head, this.notice, this.status.element, this.voice.element);
      return;
    }
    this.thread = new Thread(this);
    this.composer = new Composer(this);
    const foot = el("footer", {}, site.handover
      ? el("button", { type: "button", class: "quiet", onclick: () => openHandover(this) }, icon("person"), say("person"))
      : null);
    const main = el("div", { class: "main-part" }, this.thread.element, this.status.element, this.composer.element, foot);
    this.sheet = new Sheet(say, main);
    this.dialog.replaceChildren(head, main, this.sheet.element, this.voice.element);
    this.thread.show();
    this.composer.fit();
  }

  /** Fetch an answer that was being written when the visitor left the last page, even while the panel is closed. */
  resume() {
    if (this.#waiting) this.connect();
  }

  /** The panel is seen. */
  shown() {
    if (!this.conversation) this.connect();
    else if (!this.conversation.busy && Date.now() - this.#loaded > STALE_MS) this.#refresh();
    this.thread?.toEnd();
    this.composer?.fit();
  }

  /** Fetch what the server has of the conversation that is shown. */
  async #refresh() {
    const { conversation } = this;
    this.#loaded = Date.now();
    try {
      await conversation.load();
    } catch {
      return; // what is there stays; whatever the visitor does next says what is wrong
    }
    this.#seen(conversation, () => this.thread.show());
  }

  /** Become who the page says the visitor is. */
  identify() {
    this.session.forget();
    if (this.widget.identity === null) this.#forgetVisitor();
    if (this.#connecting) return; // it begins anew by itself
    this.conversation?.leave();
    if (this.conversation) this.#build(null);
    if (this.widget.opened) this.connect();
  }

  /** Open a session and the conversation that this browser has with the site. */
  connect() {
    this.#connecting ??= this.#connect().catch((error) => this.#refused(error)).finally(() => { this.#connecting = null; });
    return this.#connecting;
  }

  async #connect() {
    const { widget } = this;
    this.notice.replaceChildren(el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i")), el("p", { text: this.say("loading") }));
    const signal = new AbortController().signal;
    const trouble = (what) => this.status.show(this, what);
    const { epoch } = this.session;
    await patiently(() => this.session.open(), { trouble, signal });
    widget.paint(this.site);
    if (widget.language !== this.say.language) this.say = await wordsIn(widget.language);
    const begun = widget.store("conversation");
    const conversation = this.#made(begun);
    if (begun) await patiently(() => conversation.load(), { trouble, signal });
    if (epoch !== this.session.epoch) {
      await this.#connect(); // meanwhile the visitor became somebody else
      return;
    }
    this.#loaded = Date.now();
    const focused = this.dialog.contains(widget.shadow.activeElement);
    this.#build(conversation);
    if (focused) (this.dialog.matches(":modal") ? this.dialog : this.composer.field).focus();
    this.#sendAgain();
    this.#catchUp();
    this.#next();
  }

  /** An answer that came to its end between two pages has not been seen yet. */
  #catchUp() {
    const answer = this.conversation.messages.find(({ id }) => id && id === this.#waiting?.answer);
    if (this.conversation.busy) return;
    this.widget.store("pending", null);
    if (answer && !this.widget.opened) this.widget.unread(this.widget.waiting + 1);
  }

  /** A message that had not arrived when the page was left is sent now; the server knows whether it has it. */
  #sendAgain() {
    const waiting = this.#waiting;
    if (waiting?.conversation !== this.conversation.id || !waiting.question) return;
    const { id, text, decision } = waiting.question;
    if (!this.conversation.messages.some((message) => message.id === id)) this.conversation.ask(text, [], id, decision);
  }

  #refused(error) {
    const told = { code: error.code ?? "failed", message: error.message };
    this.widget.emit("error", told);
    console.warn(`Parley: ${told.code}: ${told.message}`);
    const reason = error instanceof Refused ? failure({ ...error, error: error.message }, this.say) : this.say("failed");
    const onclick = () => {
      this.dialog.focus(); // the button goes away
      this.connect();
    };
    const again = el("button", { type: "button", class: "pill", onclick }, icon("retry"), this.say("retry"));
    this.notice.replaceChildren(el("p", { role: "alert", dir: "auto", text: reason }), again);
  }

  #made(id) {
    const conversation = new Conversation(this.session, id, {
      changed: (message) => this.#seen(conversation, () => {
        this.thread.changed(message);
        this.voice.follow(message);
        this.composer.update();
      }),
      asking: (question) => {
        this.#remember(conversation);
        const { id: message, text, decision } = question;
        this.widget.store("pending", { conversation: conversation.id, question: { id: message, text, decision } });
        this.widget.emit("message", { role: "visitor", text, id: message, conversation: conversation.id });
      },
      asked: (question, answer) => {
        const asked = { ...question, files: undefined };
        const user = this.widget.store("user");
        this.widget.store("pending", { conversation: conversation.id, answer: answer.id });
        this.tabs?.postMessage({ user, conversation: conversation.id, question: asked, answer: answer.id });
      },
      trouble: (answer, what) => this.#seen(conversation, () => {
        this.status.show(answer, what);
        this.composer.update();
      }),
      ended: (answer, own) => this.#ended(conversation, answer, own),
    });
    return conversation;
  }

  /** Show this conversation again after a reload. */
  #remember(conversation) {
    this.widget.store("conversation", conversation.id);
  }

  #seen(conversation, work) {
    if (conversation === this.conversation) work();
  }

  #ended(conversation, answer, own) {
    const { widget } = this;
    const awaited = own || answer.id === this.#waiting?.answer;
    if (awaited) widget.store("pending", null);
    this.#seen(conversation, () => this.composer.update());
    const { id, text, status, code } = answer;
    if (status === "done") widget.emit("message", { role: "assistant", text, id, conversation: conversation.id });
    if (status === "failed") widget.emit("error", { code: code ?? "failed", message: answer.error });
    if (awaited && !widget.opened) widget.unread(widget.waiting + 1);
    this.#next();
  }

  /** Something was asked in another tab, or everything deleted. */
  #heard({ erased, user, conversation, question, answer }) {
    if (erased) {
      this.session.drop();
      this.#somebodyElse();
      return;
    }
    if (!this.conversation || user !== this.widget.store("user")) return;
    if (this.conversation.id !== conversation) {
      if (this.conversation.messages.length) return;
      this.conversation.id = conversation;
    }
    this.conversation.join(question, answer);
  }

  /** Ask; while an answer is being written, or nobody is there yet, the question waits. */
  send(text, files = []) {
    this.#queue.push({ text, files });
    this.#next();
  }

  /** Decide on the call that an answer asks for. */
  decide(answer, agreed) {
    this.conversation.decide(answer, agreed, this.say(agreed ? "confirmYes" : "confirmNo"));
    this.composer.field.focus(); // the buttons go away
  }

  #next() {
    if (!this.composer || this.conversation.busy || !this.#queue.length) return;
    const { text, files } = this.#queue.shift();
    this.conversation.ask(text, files);
  }

  /** Ask for a person; returns the reply. */
  async handover(message, contact) {
    const reply = await this.conversation.handover(message, contact);
    this.#remember(this.conversation);
    this.thread.show();
    return reply;
  }

  /** Delete everything of the visitor's; returns how much that was. */
  async erase() {
    const gone = await this.session.json("erasure", "POST", { sure: true });
    this.session.erased();
    this.tabs?.postMessage({ erased: true });
    this.#somebodyElse();
    return gone;
  }

  /** The visitor has read what was deleted. */
  endOfErasure() {
    this.sheet.close();
    this.composer.field.focus();
  }

  retry(answer) {
    if (this.conversation.busy) return;
    this.conversation.retry(answer);
    this.composer.field.focus();
  }

  /** Begin a new conversation. */
  begin() {
    if (this.conversation.messages.length) {
      this.conversation.leave();
      this.widget.store("conversation", null);
      this.#build(this.#made(null));
    }
    this.composer.field.focus();
  }

  /** Show one of the visitor's conversations as the server has it now. */
  async show(id) {
    const conversation = this.#made(id);
    try {
      await conversation.load();
    } catch {
      this.tell(this.say("lost"));
      return;
    }
    this.#loaded = Date.now();
    this.#remember(conversation);
    if (this.conversation !== conversation) this.conversation?.leave();
    const focused = this.dialog.contains(this.widget.shadow.activeElement);
    this.#build(conversation);
    if (focused) this.composer.field.focus();
  }

  async copy(text) {
    try {
      await navigator.clipboard.writeText(text.replace(/\s*\[\d{1,3}\](?!\()/g, ""));
      this.tell(this.say("copied"));
    } catch {
      this.tell(this.say("notCopied"));
    }
  }

  /** Say something in passing. */
  tell(text) {
    this.status.tell(text);
  }

  /** Whoever was here before has left: nothing of theirs stays on this screen. */
  #somebodyElse() {
    this.#forgetVisitor();
    if (!this.conversation) return;
    this.conversation.leave();
    this.#build(this.#made(null));
  }

  #forgetVisitor() {
    for (const name of ["conversation", "draft", "pending"]) this.widget.store(name, null);
    this.#waiting = null;
    this.#queue = [];
    this.widget.unread(0);
  }
}
