// Elements, made by calls: no text is ever read as HTML, and a strict policy of the host page has nothing to refuse.

const SVG = "http://www.w3.org/2000/svg";
const THUMB = "M7 10.5v9H4.5a1 1 0 0 1-1-1v-7a1 1 0 0 1 1-1zm0 0l3.7-6.6a1.9 1.9 0 0 1 3.4 1.5L13.4 9h5.1a2 2 0 0 1 2 2.4l-1.3 6.3a2.2 2.2 0 0 1-2.2 1.8H7";
const PATHS = {
  attach: "M19.5 11.2l-7.6 7.6a4.6 4.6 0 0 1-6.5-6.5l7.9-7.9a3.1 3.1 0 0 1 4.4 4.4l-7.8 7.8a1.6 1.6 0 0 1-2.2-2.2l7-7",
  back: "M14.5 6l-6 6 6 6",
  close: "M6 6l12 12M18 6L6 18",
  copy: "M9 9h10v11H9zM15 9V4H5v11h4",
  down: "M12 5v14M6 13l6 6 6-6",
  file: "M6 3.5h8l4 4v13H6zM14 3.5v4h4",
  erase: "M5 7h14M10 7V4.5h4V7M7 7l.8 12.5h8.4L17 7M10.3 10.5v5.5M13.7 10.5v5.5",
  fresh: "M12 5v14M5 12h14",
  history: "M4.5 12a7.5 7.5 0 1 0 2.4-5.5L4.5 9M4.5 4.5V9H9M12 8v4.2l2.8 1.8",
  open: "M10 5.5H5.5v13h13V14M13.5 4.5h6v6M19 5l-8.5 8.5",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20.5c.6-3.7 3.6-5.5 7.5-5.5s6.9 1.8 7.5 5.5",
  retry: "M19.5 12a7.5 7.5 0 1 1-2.4-5.5L19.5 9M19.5 4.5V9H15",
  send: "M12 19.5v-15M5.5 11L12 4.5l6.5 6.5",
  stop: "M7.5 7.5h9v9h-9z",
  down_thumb: THUMB,
  thumb: THUMB,
};

/**
 * Make an element. `props`: `on…` adds a listener, `text` sets the text, a boolean switches an attribute, null leaves it out.
 */
export function el(name, props = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "text") element.textContent = value;
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** A picture that says nothing to a screen reader: whatever holds it has a name. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", `icon ${name}`);
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

/** A button that shows a picture only; `label` is its name. */
export function iconButton(name, label, onclick, props = {}) {
  return el("button", { type: "button", class: "round", "aria-label": label, title: label, onclick, ...props }, icon(name));
}
