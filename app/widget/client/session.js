// Who the visitor is to the server: a short-lived token, renewed without the visitor noticing.

import { Refused, Unreachable } from "./patience.js";

/** A token is renewed when less than this is left of it. */
const EARLY_MS = 30_000;

export class Session {
  #widget;
  #token = null;
  #until = 0;
  #opening = null;
  #vouched = null;

  /** Counts how often the page said anew who the visitor is. */
  epoch = 0;

  /** The site as the server describes it; null until the session was opened once. */
  site = null;

  /** @param widget as the loader made it @param changed called when the visitor turns out to be somebody else */
  constructor(widget, changed) {
    this.#widget = widget;
    this.changed = changed;
  }

  /** Get a token, or the one that is being fetched. */
  open() {
    if (!this.#opening) {
      const opening = this.#open().finally(() => {
        if (this.#opening === opening) this.#opening = null;
      });
      this.#opening = opening;
    }
    return this.#opening;
  }

  /** Forget the token: the next call asks for one as whoever the page says the visitor is. */
  forget() {
    this.epoch += 1;
    this.#token = this.#opening = null;
    this.#vouched = null;
    if (this.#widget.identity === null) this.#widget.store("visitor", null);
  }

  /** The server knows the visitor no more: the next call begins as somebody new. */
  erased() {
    this.drop();
    for (const name of ["visitor", "user", "known"]) this.#widget.store(name, null);
  }

  /** Another tab has done so. */
  drop() {
    this.epoch += 1;
    this.#token = this.#opening = null;
  }

  async #open() {
    const { epoch } = this;
    let given;
    try {
      given = await this.#ask();
    } catch (error) {
      if (epoch === this.epoch) throw error;
    }
    if (epoch !== this.epoch) return this.open(); // meanwhile the visitor became somebody else
    return this.#take(given);
  }

  async #ask() {
    const { store, site, identity } = this.#widget;
    // A host's token lasts minutes: it is shown once, and the pass that comes back stands for it from then on.
    const vouch = identity && identity !== this.#vouched ? identity : null;
    const visitor = store("visitor");
    const response = await reach(`${this.#widget.api}session`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ site, visitor, identity: vouch }),
    });
    return { opened: await (await checked(response)).json(), visitor, vouch };
  }

  /** Keep what the server gave: `visitor` is the pass that was shown to it, `vouch` the host's token. */
  #take({ opened, visitor, vouch }) {
    const { store } = this.#widget;
    this.#vouched = vouch ?? this.#vouched;
    this.#token = opened.token;
    this.#until = Date.now() + opened.expires_in_s * 1000 - EARLY_MS;
    this.site = opened.site;
    store("visitor", opened.visitor);
    store("look", { accent: opened.site.accent, position: opened.site.position, language: opened.site.language });
    const before = store("user");
    const carriedOver = visitor && opened.identified && !store("known"); // their conversations came along
    store("user", opened.user);
    store("known", opened.identified);
    if (before && before !== opened.user && !carriedOver) this.changed();
  }

  /**
   * Call the server as the visitor; `path` is relative to `/widget/`.
   * @throws {Refused} with the server's code @throws {Unreachable}
   */
  async call(path, { headers, ...options } = {}) {
    if (!this.#token || Date.now() > this.#until) await this.open();
    const ask = () =>
      reach(this.#widget.api + path, { ...options, headers: { ...headers, Authorization: `Bearer ${this.#token}` } });
    let response = await ask();
    if (response.status === 401) {
      await this.open();
      response = await ask();
    }
    return checked(response);
  }

  /** Call with a JSON body, if there is one, and return the JSON that comes back, if some does. */
  async json(path, method = "GET", body = undefined) {
    const sent = body === undefined ? {} : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
    const response = await this.call(path, { method, ...sent });
    return response.status === 204 ? null : response.json();
  }
}

async function reach(url, options) {
  try {
    return await fetch(url, { ...options, mode: "cors", credentials: "omit", cache: "no-store" });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Unreachable(error.message);
  }
}

async function checked(response) {
  if (response.ok) return response;
  const after = Number.parseInt(response.headers.get("Retry-After"), 10);
  let told = {};
  try {
    told = (await response.json()).error ?? {};
  } catch {
    // A proxy's own page says nothing that a visitor could use.
  }
  throw new Refused(response.status, told.code ?? "failed", told.message ?? "", Number.isNaN(after) ? null : after);
}
