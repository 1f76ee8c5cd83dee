// Waiting: for a server that is busy, for a network that is away.

const SOONEST_MS = 800;
const LATEST_MS = 15_000;
/** Whoever must wait longer than this is told so, instead of being kept waiting. */
export const LONGEST_S = 60;

/** The server said no: `code` as in the protocol, `retryAfter` in seconds or null. */
export class Refused extends Error {
  constructor(status, code, message, retryAfter) {
    super(message);
    Object.assign(this, { status, code, retryAfter });
  }
}

/** The server could not be reached, or the connection broke. */
export class Unreachable extends Error {}

/** Whether it is worth trying the same again by itself. */
function passes(error) {
  if (error instanceof Unreachable) return true;
  return error instanceof Refused && [429, 502, 503, 504].includes(error.status) && (error.retryAfter ?? 0) <= LONGEST_S;
}

/** What keeps an answer from coming: `offline`, `busy` or `lost`. */
function kindOf(error) {
  if (!navigator.onLine) return "offline";
  return error instanceof Refused ? "busy" : "lost";
}

/** Resolve after `ms`, or as soon as the browser is online again; reject when `signal` aborts. */
function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const end = (settle) => () => {
      clearTimeout(timer);
      removeEventListener("online", go);
      signal.removeEventListener("abort", stop);
      settle();
    };
    const go = end(resolve);
    const stop = end(() => reject(signal.reason));
    const timer = setTimeout(go, ms);
    addEventListener("online", go);
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
  });
}

/**
 * Do `work` until it succeeds or fails for good. Before each wait `trouble({kind, seconds})` is called, afterwards
 * `trouble(null)`. Work that goes on for long calls the function that it is given whenever it gets on: the waits start anew.
 */
export async function patiently(work, { trouble, signal }) {
  let tries = 0;
  const fresh = () => {
    tries = 0;
    trouble(null);
  };
  for (;;) {
    try {
      const result = await work(fresh);
      trouble(null);
      return result;
    } catch (error) {
      if (signal.aborted || !passes(error)) {
        trouble(null);
        throw error;
      }
      const grown = Math.min(LATEST_MS, SOONEST_MS * 2 ** tries) * (0.75 + Math.random() / 2);
      const ms = error.retryAfter ? error.retryAfter * 1000 + Math.random() * 500 : grown;
      tries += 1;
      trouble({ kind: kindOf(error), seconds: Math.ceil(ms / 1000) });
      await pause(ms, signal);
    }
  }
}
