// Judging an answer: a thumb, and a comment for those who want to say more.

import { el, iconButton } from "./dom.js";

const LONGEST = 2000;

/** Return `{buttons, more, update}`: the two thumbs, and where the comment is asked for. */
export function judging(answer, app) {
  const { say } = app;
  const more = el("div", { class: "judged" });
  const thumbs = [1, 0].map((value) =>
    iconButton(value ? "thumb" : "down_thumb", say(value ? "helpful" : "notHelpful"), () => choose(value)));

  const update = () => thumbs.forEach((thumb, at) => {
    thumb.setAttribute("aria-pressed", answer.rating?.value === 1 - at);
  });

  async function rate(value, comment) {
    try {
      await app.conversation.rate(answer, value, comment);
      return true;
    } catch {
      app.tell(say("notSaved"));
      return false;
    }
  }

  function choose(value) {
    more.replaceChildren();
    if (answer.rating?.value === value) {
      rate(null);
      return;
    }
    rate(value, answer.rating?.comment ?? "");
    ask(value);
  }

  function ask(value) {
    const field = el("textarea", { rows: "2", maxlength: LONGEST, "aria-label": say("comment"), placeholder: say("comment"), dir: "auto" });
    field.value = answer.rating?.comment ?? "";
    const onsubmit = async (event) => {
      event.preventDefault();
      if (!(await rate(value, field.value.trim()))) return;
      more.replaceChildren(el("p", { class: "note", text: say("thanks") }));
      app.voice.tell(say("thanks"));
      thumbs[1 - value].focus();
    };
    more.replaceChildren(el("form", { onsubmit }, field, el("button", { class: "pill", text: say("commentSend") })));
    more.scrollIntoView({ block: "nearest" });
    field.focus();
  }

  update();
  return { buttons: thumbs, more, update };
}
