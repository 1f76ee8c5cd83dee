// "Talk to a person": the wish, a message for them, and where to reach the visitor. Both may stay empty.

import { el } from "./dom.js";
import { failure } from "./message.js";

/** Open the form; the reply is shown as a message of the conversation. */
export function openHandover(app) {
  const { say, sheet } = app;
  const message = el("textarea", { rows: "4", maxlength: "2000", id: "person-message", dir: "auto" });
  const contact = el("input", { type: "text", maxlength: "200", id: "person-contact", autocomplete: "email", dir: "auto" });
  const send = el("button", { class: "main", text: say("personSend") });
  const problem = el("p", { class: "problem", role: "alert" });
  const onsubmit = async (event) => {
    event.preventDefault();
    if (send.disabled) return;
    send.disabled = true;
    problem.textContent = "";
    try {
      const reply = await app.handover(message.value.trim(), contact.value.trim());
      sheet.close();
      app.voice.tell(reply);
    } catch (error) {
      problem.textContent = error.code ? failure({ ...error, error: error.message }, say) : say("lost");
    } finally {
      send.disabled = false;
    }
  };
  const form = el("form", { class: "person", onsubmit },
    el("p", { text: say("personIntro") }),
    el("label", { for: "person-message", text: say("personMessage") }), message,
    el("label", { for: "person-contact", text: say("personContact") }), contact,
    problem, send);
  sheet.open(say("person"), [form], message);
}
