// The visitor's earlier conversations.

import { el } from "./dom.js";
import { erasureButton } from "./erasure.js";

/** Open the list; choosing one shows it. */
export async function openHistory(app) {
  const { say, sheet } = app;
  sheet.open(say("history"), [el("p", { class: "note", text: say("loading") })]);
  let conversations;
  try {
    ({ conversations } = await app.session.json("conversations"));
  } catch {
    sheet.open(say("history"), [el("p", { class: "note", text: say("lost") })]);
    return;
  }
  const day = new Intl.DateTimeFormat(say.language, { day: "numeric", month: "short" });
  const items = conversations.map(({ id, title, updated_at: updated }) => {
    const onclick = () => {
      sheet.close();
      app.show(id);
    };
    const current = id === app.conversation.id ? "true" : null;
    return el("li", {}, el("button", { type: "button", class: "row", onclick, "aria-current": current },
      el("span", { dir: "auto", text: title || say("untitled") }),
      el("time", { datetime: updated, text: day.format(new Date(updated)) })));
  });
  const nothing = el("p", { class: "note", text: say("historyEmpty") });
  sheet.open(say("history"), [items.length ? el("ul", { class: "rows" }, ...items) : nothing, erasureButton(app)]);
}
