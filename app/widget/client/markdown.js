// A safe part of Markdown, drawn as elements. Text of a model is never read as HTML; links lead to http and https only,
// pictures are not shown. What is not understood is shown as it was written.

import { el } from "./dom.js";

const DEEPEST = 5;
const MARKER = /^(\s*)([-*+]|\d{1,9}[.)])\s+/;
const RULE = /^\s*([-*_])(\s*\1){2,}\s*$/;
const DIVIDER = /^\s*\|?\s*:?-{2,}:?\s*(\|\s*:?-{2,}:?\s*)*\|?\s*$/;
const FENCE = /^\s*(`{3,}|~{3,})\s*([\w+-]*)\s*$/;

/** Cut a text into blocks, each `{kind, lines}`; a block's look depends on nothing but its own lines. */
export function blocksOf(text) {
  const lines = text.split("\n");
  const blocks = [];
  for (let at = 0; at < lines.length; ) {
    const from = at;
    const line = lines[at];
    const fence = FENCE.exec(line);
    let kind = "paragraph";
    at += 1;
    if (!line.trim()) continue;
    if (fence) {
      kind = "code";
      while (at < lines.length && lines[at].trim() !== fence[1]) at += 1;
      at += 1;
    } else if (/^#{1,6}\s/.test(line)) kind = "heading";
    else if (RULE.test(line)) kind = "rule";
    else if (/^\s*>/.test(line)) {
      kind = "quote";
      while (/^\s*>/.test(lines[at] ?? "")) at += 1;
    } else if (MARKER.test(line)) {
      kind = "list";
      while (at < lines.length && (MARKER.test(lines[at]) || /^\s{2,}\S/.test(lines[at]) || listGoesOn(lines, at))) at += 1;
    } else if (line.includes("|") && DIVIDER.test(lines[at] ?? "")) {
      kind = "table";
      while (lines[at]?.includes("|")) at += 1;
    } else {
      while (lines[at]?.trim() && !begins(lines, at)) at += 1;
    }
    blocks.push({ kind, lines: lines.slice(from, at) });
  }
  return blocks;
}

/** Whether a line begins a block of its own in the middle of a paragraph. */
function begins(lines, at) {
  const line = lines[at];
  const list = MARKER.exec(line);
  return FENCE.test(line) || /^#{1,6}\s/.test(line) || /^\s*>/.test(line) || RULE.test(line) ||
    (list && /^([-*+]|1[.)])$/.test(list[2]));
}

function listGoesOn(lines, at) {
  return !lines[at].trim() && at + 1 < lines.length && (MARKER.test(lines[at + 1]) || /^\s{2,}\S/.test(lines[at + 1]));
}

/**
 * Draw a block. `open`: more text may follow, so that emphasis and code without an end are drawn to the end.
 * `cite(number)` returns the element of a citation, or null when the number cites nothing.
 */
export function drawBlock({ kind, lines }, { cite, open = false }, depth = 0) {
  const inside = (text) => inline(text, { cite, open });
  const within = (text) => blocksOf(text).map((block) => drawBlock(block, { cite, open }, depth + 1));
  if (depth > DEEPEST) return el("p", {}, ...inside(lines.join("\n")));
  if (kind === "rule") return el("hr");
  if (kind === "heading") {
    const [, marks, text] = /^(#{1,6})\s+(.*?)\s*#*$/.exec(lines[0]) ?? [null, "#", lines[0]];
    return el(marks.length < 3 ? "h3" : "h4", {}, ...inside(text));
  }
  if (kind === "code") {
    const fence = FENCE.exec(lines[0])[1];
    const closed = lines.length > 1 && lines.at(-1).trim() === fence;
    const code = lines.slice(1, closed ? -1 : undefined).join("\n");
    return el("pre", { dir: "ltr", tabindex: "0" }, el("code", { text: code }));
  }
  if (kind === "quote") return el("blockquote", {}, ...within(lines.map((line) => line.replace(/^\s*>\s?/, "")).join("\n")));
  if (kind === "list") return drawList(lines, within);
  if (kind === "table") return drawTable(lines, inside);
  return el("p", {}, ...inside(lines.join("\n")));
}

function drawList(lines, within) {
  const [, indent, first] = MARKER.exec(lines[0]);
  const items = [];
  for (const line of lines) {
    const marker = MARKER.exec(line);
    if (marker && marker[1].length <= indent.length + 1) items.push([line.slice(marker[0].length)]);
    else items.at(-1).push(line);
  }
  const ordered = /\d/.test(first);
  const list = el(ordered ? "ol" : "ul", ordered && Number.parseInt(first, 10) !== 1 ? { start: Number.parseInt(first, 10) } : {});
  for (const [head, ...rest] of items) {
    const pad = Math.min(...rest.filter((line) => line.trim()).map((line) => line.search(/\S/)), 8);
    const drawn = within([head, ...rest.map((line) => line.slice(pad))].join("\n"));
    // The paragraph of a short item would only add space.
    list.append(el("li", {}, ...(drawn[0]?.tagName === "P" ? [...drawn[0].childNodes, ...drawn.slice(1)] : drawn)));
  }
  return list;
}

function drawTable(lines, inside) {
  const cells = (line) => line.trim().replace(/^\||\|$/g, "").split("|").map((cell) => cell.trim());
  const row = (line, name) => el("tr", {}, ...cells(line).map((cell) => el(name, {}, ...inside(cell))));
  const [head, , ...body] = lines;
  const table = el("table", {}, el("thead", {}, row(head, "th")), el("tbody", {}, ...body.map((line) => row(line, "td"))));
  return el("div", { class: "scrolls", tabindex: "0", role: "group" }, table);
}

const ESCAPED = /\\([!-/:-@[-`{-~])/g;

// Lengths are bounded: no text makes the search take longer than its own length times a constant.
const INLINE = new RegExp(
  [
    /\\([!-/:-@[-`{-~])/, // 1: a character that means itself
    /(`+)([^\n]{1,2000}?)\2(?!`)/, // 3: code
    /!?\[([^[\]]{0,400})\]\(\s*<?([^\s<>()]{1,1500}(?:\([^\s<>()]{0,400}\)[^\s<>()]{0,400})?)>?(?:\s+"[^"\n]{0,400}")?\s*\)/, // 4, 5: link
    /\[(\d{1,3})\](?!\()/, // 6: citation
    /\*\*(?=\S)([^]{0,2000}?\S)\*\*/, // 7: strong
    /(?<![\w_])__(?=\S)([^]{0,2000}?\S)__(?![\w_])/, // 8
    /(?<![\w*])\*(?=[^\s*])([^*]{0,1000}?[^\s*])\*(?![\w*])/, // 9: emphasis
    /(?<![\w_])_(?=[^\s_])([^_]{0,1000}?[^\s_])_(?![\w_])/, // 10
    /<?(https?:\/\/[^\s<>"'`]{1,1500}[^\s<>"'`.,;:!?)\]}*_])>?/, // 11: address
    /(\n)/, // 12
  ].map((part) => part.source).join("|"),
  "g",
);

/** Draw text within a block, as a list of nodes. */
function inline(text, options) {
  const whole = options.open ? closed(text) : text;
  const nodes = [];
  let from = 0;
  for (const match of whole.matchAll(INLINE)) {
    const node = drawMatch(match, options);
    if (!node) continue;
    if (match.index > from) nodes.push(whole.slice(from, match.index));
    nodes.push(node);
    from = match.index + match[0].length;
    if (/[.,;:!?)]/.test(whole[from] ?? "")) nodes.push("\u2060"); // no line begins with a full stop
  }
  if (from < whole.length) nodes.push(whole.slice(from));
  return nodes;
}

function drawMatch(match, options) {
  const [whole, escaped, , code, label, target, number, strong, strong2, soft, soft2, address, line] = match;
  const inside = (text) => inline(text, { ...options, open: false });
  if (escaped) return escaped;
  if (code) return el("code", { dir: "ltr", text: code.trim() || code });
  if (target) return whole.startsWith("!") ? label : link(target, label ? inside(label) : [target]);
  if (number) return options.cite(Number(number));
  if (strong || strong2) return el("strong", {}, ...inside(strong || strong2));
  if (soft || soft2) return el("em", {}, ...inside(soft || soft2));
  if (address) return link(address, [address]);
  return line ? el("br") : null;
}

/** A link, or only its words when it leads anywhere but to a page of the web. */
function link(target, children) {
  const address = webAddress(target);
  if (!address) return el("span", {}, ...children);
  return el("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, ...children);
}

/** An address as the browser writes it, or null unless it is http or https. */
export function webAddress(target) {
  try {
    const url = new URL(target);
    return ["http:", "https:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

/** Close what the end of a growing text leaves open, and hold back the beginning of a link or citation. */
function closed(text) {
  let shown = text.replace(/(?<!\\)!?(?<!\\)\[[^\]]{0,400}(\]\([^)]{0,1500})?$/, "");
  for (const mark of ["`", "**"]) {
    const count = shown.replace(ESCAPED, "").split(mark).length - 1;
    if (count % 2) shown = shown.endsWith(mark) ? shown.slice(0, -mark.length) : shown.trimEnd() + mark;
  }
  return shown;
}

/** The text as one reads it aloud: without marks, citations and addresses of links. */
export function spoken(text) {
  return text
    .replace(ESCAPED, "$1")
    .replace(/```\w*|[*`_#>|]+/g, " ")
    .replace(/\s*\[\d{1,3}\](?!\()/g, "")
    .replace(/!?\[([^[\]]{0,400})\]\([^)]{0,1500}\)/g, "$1")
    .replace(/\s+/g, " ")
    .trim();
}
