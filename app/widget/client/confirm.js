// A call that waits for the visitor's word: the answer says what would be done, and two buttons decide.

import { el } from "./dom.js";

/** The buttons under an answer; null when there is nothing to decide, or no more. */
export function confirming(message, app) {
  const { say } = app;
  const asked = message.asked;
  if (!asked || Date.parse(asked.expires_at) <= Date.now()) return null;
  const decide = (agreed) => app.decide(message, agreed);
  const until = new Date(asked.expires_at).toLocaleTimeString(say.language, { hour: "2-digit", minute: "2-digit" });
  return el("div", { class: "confirm", role: "group", "aria-label": asked.title },
    el("button", { type: "button", class: "main", onclick: () => decide(true) }, say("confirmYes")),
    el("button", { type: "button", class: "pill", onclick: () => decide(false) }, say("confirmNo")),
    el("p", { class: "note", text: say("confirmUntil", { time: until }) }));
}
