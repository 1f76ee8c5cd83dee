// "Delete my data": a question before, and what was deleted after.

import { el, icon } from "./dom.js";
import { failure } from "./message.js";

/** The button that leads there. */
export function erasureButton(app) {
  return el("button", { type: "button", class: "quiet to-erase", onclick: () => openErasure(app) }, icon("erase"), app.say("erase"));
}

function openErasure(app) {
  const { say, sheet } = app;
  const problem = el("p", { class: "problem", role: "alert" });
  const yes = el("button", { type: "button", class: "main danger", text: say("eraseNow") });
  const no = el("button", { type: "button", class: "pill", text: say("eraseKeep"), onclick: () => sheet.close() });
  yes.addEventListener("click", async () => {
    if (yes.disabled) return;
    yes.disabled = true;
    problem.textContent = "";
    try {
      shown(app, await app.erase());
    } catch (error) {
      problem.textContent = error.code ? failure({ ...error, error: error.message }, say) : say("lost");
      yes.disabled = false;
    }
  });
  sheet.open(say("erase"), [el("p", { text: say("eraseAsk") }), problem, el("div", { class: "choice" }, yes, no)]);
}

function shown(app, { conversations, messages, attachments }) {
  const { say, sheet } = app; // the panel was drawn anew, with another sheet
  const counts = say("eraseCounts", { conversations, messages, attachments });
  const close = el("button", { type: "button", class: "main", text: say("eraseDone"), onclick: () => app.endOfErasure() });
  sheet.open(say("erased"), [el("p", { role: "status", text: counts }), el("p", { class: "note", text: say("eraseLeft") }), close]);
}
