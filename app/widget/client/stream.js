// An answer's events, read to their end through as many connections as it takes.

import { Unreachable, patiently } from "./patience.js";

const ENDS = new Set(["done", "stopped", "failed"]);
/** The server says something every 10 s; a connection that is silent for longer is dead. */
const SILENCE_MS = 26_000;

/** Parse a body of server-sent events: `{id, type, data}` each, and null for a comment. */
async function* parse(body, signal) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const drop = () => reader.cancel().catch(() => {});
  signal.addEventListener("abort", drop);
  addEventListener("online", drop); // what was open before the network went is not to be trusted
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await inTime(reader.read());
      if (done) return;
      rest += decoder.decode(value, { stream: true }).replaceAll("\r", "");
      const blocks = rest.split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) yield eventIn(block);
    }
  } catch (error) {
    throw new Unreachable(error.message);
  } finally {
    signal.removeEventListener("abort", drop);
    removeEventListener("online", drop);
    drop();
  }
}

function inTime(promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("silence")), SILENCE_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function eventIn(block) {
  const fields = {};
  for (const line of block.split("\n")) {
    const at = line.indexOf(":");
    if (at < 1) continue;
    const name = line.slice(0, at);
    const value = line.slice(at + 1).replace(/^ /, "");
    fields[name] = name in fields ? `${fields[name]}\n${value}` : value;
  }
  return fields.data ? { id: fields.id, type: fields.event, data: JSON.parse(fields.data) } : null;
}

/**
 * Give each of an answer's events to `take`, until the answer has ended. A `reset` comes before whatever starts from the
 * beginning: whoever takes events need not know of connections.
 *
 * `ask(again)` posts the question and returns the response; it is called until the answer's `id` is known, with
 * `again` true when the question must be answered anew. `old`: id of the answer that the new one replaces.
 * @throws {Refused} when the server says no for good
 */
export async function follow(session, { id = null, ask, old = null, take, trouble, signal }) {
  let last = null;
  let again = old !== null;
  await patiently(async (fresh) => {
    const headers = last ? { "Last-Event-ID": last } : {};
    const response = id ? await session.call(`answers/${id}/events`, { headers, signal }) : await ask(again);
    again = false; // the wish may have arrived; if it has not, the old answer comes back
    if (!last) take({ type: "reset", data: {} });
    for await (const event of parse(response.body, signal)) {
      fresh();
      if (!event) continue;
      if (event.type === "started") {
        again = !id && event.data.answer === old;
        if (again) break;
        id = event.data.answer;
      }
      last = event.id ?? last;
      take(event);
      if (ENDS.has(event.type)) return;
    }
    throw new Unreachable("the stream ended early");
  }, { trouble, signal });
}
