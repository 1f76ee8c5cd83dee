// Where the visitor writes: text that is kept until it is sent, files, send and stop.

import { el, icon, iconButton } from "./dom.js";

export class Composer {
  #files = [];

  constructor(app) {
    this.app = app;
    const { say, site } = app;
    const { attachments } = site;
    this.field = el("textarea", {
      rows: "1", "aria-label": say("placeholder"), placeholder: say("placeholder"), enterkeyhint: "send", dir: "auto",
      oninput: () => this.#typed(), onkeydown: (event) => this.#key(event), onpaste: (event) => this.#dropped(event, event.clipboardData),
    });
    this.input = el("input", { type: "file", multiple: true, hidden: true, accept: attachments?.accept, tabindex: "-1", "aria-label": say("attach"), onchange: () => {
      this.#take([...this.input.files]);
      this.input.value = "";
    } });
    this.attach = attachments?.count ? iconButton("attach", say("attach"), () => this.input.click()) : null;
    this.button = iconButton("send", say("send"), () => this.#press(), { class: "round go" });
    this.chosen = el("ul", { class: "files", "aria-label": say("attachments") });
    this.problem = el("p", { class: "problem", role: "alert" });
    this.element = el("form", {
      class: "composer",
      onsubmit: (event) => event.preventDefault(),
      ondragover: (event) => event.preventDefault(),
      ondrop: (event) => this.#dropped(event, event.dataTransfer),
    }, this.problem, el("div", { class: "box" }, this.chosen, this.field, el("div", { class: "bar" }, this.attach, this.input, this.button)));
    this.field.value = app.widget.store("draft") ?? "";
    this.update();
  }

  /** Show whether there is something to send or to stop. */
  update() {
    const { app } = this;
    const stops = app.conversation?.busy ?? false;
    const name = stops ? "stop" : "send";
    if (this.shown !== name) {
      this.shown = name;
      this.button.replaceChildren(icon(name));
      this.button.setAttribute("aria-label", app.say(name));
      this.button.title = app.say(name);
    }
    this.button.disabled = stops ? app.conversation.open.stopping : !this.field.value.trim();
  }

  /** Make room for the text; the style sheet says how much at most. */
  fit() {
    this.field.style.height = "auto";
    this.field.style.height = `${this.field.scrollHeight}px`;
  }

  #typed() {
    this.problem.textContent = "";
    this.app.widget.store("draft", this.field.value || null);
    this.fit();
    this.update();
  }

  #key(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    if (!this.app.conversation.busy) this.#press();
  }

  #press() {
    const { app } = this;
    if (app.conversation.busy) {
      app.conversation.stop(app.conversation.open);
      this.field.focus();
      return;
    }
    const text = this.field.value.trim();
    if (!text) return;
    if (text.length > app.site.message_chars) {
      this.problem.textContent = app.say("tooLong", { n: app.site.message_chars });
      return;
    }
    const files = this.#files;
    this.#files = [];
    this.#drawFiles();
    this.field.value = "";
    this.#typed();
    this.field.focus();
    app.send(text, files);
  }

  #dropped(event, transfer) {
    const files = [...(transfer?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    if (this.attach) this.#take(files);
  }

  #take(files) {
    const { say, site: { attachments: { count, bytes, accept } } } = this.app;
    const endings = accept.split(",").map((ending) => ending.trim().toLowerCase());
    const problems = [];
    for (const file of files) {
      if (this.#files.some((one) => one.name === file.name && one.size === file.size)) continue;
      if (!endings.some((ending) => file.name.toLowerCase().endsWith(ending))) problems.push(say("fileType", { name: file.name, types: accept.replaceAll(",", " ") }));
      else if (file.size > bytes) problems.push(say("fileSize", { name: file.name, n: Math.floor(bytes / 1000) }));
      else if (!file.size) problems.push(say("fileEmpty", { name: file.name }));
      else if (this.#files.length >= count) {
        problems.push(say("fileCount", { n: count }));
        break;
      } else this.#files.push(file);
    }
    this.problem.textContent = problems.join(" ");
    this.#drawFiles();
    this.field.focus();
  }

  #drawFiles() {
    this.chosen.replaceChildren(...this.#files.map((file) => {
      const drop = () => {
        this.#files = this.#files.filter((one) => one !== file);
        this.#drawFiles();
        this.field.focus();
      };
      return el("li", {}, icon("file"), el("span", { dir: "auto", text: file.name }),
        iconButton("close", this.app.say("removeFile", { name: file.name }), drop, { class: "drop" }));
    }));
  }
}
