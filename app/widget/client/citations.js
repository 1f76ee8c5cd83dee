// Sources: numbers in the text and chips below it, both open the passage that the answer leans on.

import { el, icon } from "./dom.js";
import { blocksOf, drawBlock, webAddress } from "./markdown.js";

function nameOf({ title, heading, document }) {
  const name = title || document;
  return heading && heading !== name ? `${name} › ${heading}` : name;
}

/** Return the function that draws `[number]`; before the sources are known the number only stands there. */
export function citer(answer, app) {
  return (number) => {
    const source = answer.sources.find((one) => one.number === number);
    if (!source && answer.status === "open") return el("span", { class: "cite", text: number });
    if (!source) return answer.status === "done" ? null : document.createTextNode(""); // its sources never came
    const label = app.say("source", { n: number, title: nameOf(source) });
    const onclick = () => openSource(source, app);
    return el("button", { type: "button", class: "cite", "aria-label": label, title: nameOf(source), text: number, onclick });
  };
}

/** The chips below an answer. */
export function chips(answer, app) {
  if (!answer.sources.length) return null;
  const chip = (source) =>
    el("li", {}, el("button", { type: "button", class: "chip", onclick: () => openSource(source, app) },
      el("b", { text: source.number }), el("span", { dir: "auto", text: nameOf(source) })));
  return el("ul", { class: "chips", "aria-label": app.say("sources") }, ...answer.sources.map(chip));
}

function openSource(source, app) {
  const cite = () => null;
  const passage = el("div", { class: "prose", dir: "auto" }, ...blocksOf(source.text).map((block) => drawBlock(block, { cite })));
  const heading = source.heading && source.heading !== source.title ? source.heading : "";
  const address = webAddress(source.url ?? "");
  const place = address
    ? el("a", { class: "place", href: address, target: "_blank", rel: "noopener noreferrer" }, app.say("openPage"), icon("open"))
    : el("p", { class: "place", dir: "auto", text: source.document });
  app.sheet.open(app.say("source", { n: source.number, title: source.title || source.document }), [
    heading ? el("h3", { dir: "auto", text: heading }) : null,
    passage,
    place,
  ]);
}
