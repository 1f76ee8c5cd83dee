// The loader: draws the button, takes the page's commands, and fetches the panel when it is wanted.
(() => {
  "use strict";
  const early = window.parley;
  if (early && early.open) return; // the script stands in the page twice

  const script = document.currentScript || document.querySelector('script[src*="/widget.js"]');
  const data = script.dataset;
  const site = data.site || "default";
  const api = new URL("widget/", script.src).href;
  const client = `${api}client/__VERSION__/`;

  // The button's own words; all others come with the panel.
  const WORDS = {
    en: ["Open the chat", "Close the chat", "New messages", "The chat could not be loaded. Please check your connection and try again."],
    de: ["Chat öffnen", "Chat schließen", "Neue Nachrichten", "Der Chat konnte nicht geladen werden. Bitte prüfen Sie Ihre Verbindung und versuchen Sie es noch einmal."],
    fr: ["Ouvrir la discussion", "Fermer la discussion", "Nouveaux messages", "La discussion n’a pas pu être chargée. Vérifiez votre connexion et réessayez."],
    es: ["Abrir el chat", "Cerrar el chat", "Mensajes nuevos", "No se ha podido cargar el chat. Compruebe su conexión e inténtelo de nuevo."],
    it: ["Apri la chat", "Chiudi la chat", "Nuovi messaggi", "Impossibile caricare la chat. Controlli la connessione e riprovi."],
    nl: ["Chat openen", "Chat sluiten", "Nieuwe berichten", "De chat kon niet worden geladen. Controleer uw verbinding en probeer het opnieuw."],
    pt: ["Abrir o chat", "Fechar o chat", "Novas mensagens", "Não foi possível carregar o chat. Verifique a ligação e tente novamente."],
    ar: ["فتح المحادثة", "إغلاق المحادثة", "رسائل جديدة", "تعذّر تحميل المحادثة. يرجى التحقق من الاتصال والمحاولة مرة أخرى."],
  };

  // --ink is white on dark accents and black on light ones: at a luminance (y) of .18 both have a contrast of 4.5.
  const LOOK = `
:host { display: contents !important; color-scheme: light dark; }
:host([hidden]) { display: none !important; }
:host([data-scheme="light"]) { color-scheme: light; }
:host([data-scheme="dark"]) { color-scheme: dark; }
@media print { :host { display: none !important; } }
.root {
  all: initial; color-scheme: inherit;
  --accent: var(--parley-accent, var(--site-accent, #3457d5));
  --bright: calc((.18 - y) * 9999);
  --ink: color(from var(--accent) xyz-d65 clamp(0, var(--bright), .9505) clamp(0, var(--bright), 1) clamp(0, var(--bright), 1.089));
  --surface: var(--parley-surface, light-dark(#ffffff, #16191f));
  --text: var(--parley-text, light-dark(#1a1f27, #e8ebf0));
  --radius: var(--parley-radius, 18px);
  font: 400 medium/1.5 var(--parley-font, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif);
}
.failure:empty { display: none; }
.launch {
  position: fixed; z-index: var(--parley-z, 2147483000); box-sizing: border-box;
  bottom: calc(20px + env(safe-area-inset-bottom)); right: calc(20px + env(safe-area-inset-right));
  width: 56px; height: 56px; padding: 0; border: 1px solid transparent; border-radius: 50%; cursor: pointer;
  display: grid; place-items: center; background: var(--accent); color: var(--ink);
  box-shadow: 0 1px 3px rgb(0 0 0 / .16), 0 8px 24px rgb(0 0 0 / .18); transition: transform .18s ease;
}
.left .launch { right: auto; left: calc(20px + env(safe-area-inset-left)); }
.launch:hover { transform: scale(1.05); }
.launch:active { transform: scale(.97); }
.launch:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; }
.launch svg { width: 27px; height: 27px; fill: none; stroke: currentColor; stroke-width: 1.9; stroke-linecap: round; stroke-linejoin: round; }
.launch[aria-expanded="true"] .bubble, .launch[aria-expanded="false"] .down { display: none; }
.launch[aria-busy="true"] svg { opacity: .45; }
.badge {
  position: absolute; top: -4px; inset-inline-end: -4px; min-width: 20px; height: 20px; padding: 0 5px; box-sizing: border-box;
  border-radius: 10px; background: #c5221f; color: #fff; font: 600 12px/20px system-ui, sans-serif; text-align: center;
}
.badge[hidden] { display: none; }
.failure {
  position: fixed; z-index: var(--parley-z, 2147483000); bottom: calc(88px + env(safe-area-inset-bottom)); right: 20px;
  max-width: min(280px, calc(100vw - 40px)); box-sizing: border-box; padding: 12px 16px; border-radius: 14px;
  background: var(--surface); color: var(--text); font-size: .9em; box-shadow: 0 1px 3px rgb(0 0 0 / .2), 0 8px 24px rgb(0 0 0 / .18);
}
.left .failure { right: auto; left: 20px; }
@media (prefers-reduced-motion: reduce) { .launch { transition: none; } }`;

  /** What this browser keeps for the site; a browser that refuses storage gets a memory of this page's life. */
  const memory = {};
  const keep = (area) => (name, value) => {
    const key = `parley:${site}:${name}`;
    try {
      if (value === undefined) return JSON.parse(area()[key] ?? "null");
      if (value === null) area().removeItem(key);
      else area().setItem(key, JSON.stringify(value));
    } catch {
      if (value === undefined) return memory[key] ?? null;
      memory[key] = value;
    }
  };
  const store = keep(() => localStorage);
  const tab = keep(() => sessionStorage);

  const look = store("look") || {};
  const languageOf = (wish) => {
    const fixed = [data.language, wish].find((name) => name && name !== "auto");
    const wishes = fixed ? [fixed] : [document.documentElement.lang, ...navigator.languages];
    for (const name of wishes) {
      const code = String(name).toLowerCase().split("-")[0];
      if (WORDS[code]) return code;
    }
    return "en";
  };

  const make = (tag, name, within) => {
    const element = document.createElement(tag);
    element.className = name;
    within.append(element);
    return element;
  };
  const picture = (name, path) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const line = document.createElementNS(svg.namespaceURI, "path");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    svg.setAttribute("class", name);
    line.setAttribute("d", path);
    svg.append(line);
    button.append(svg);
  };

  const host = document.querySelector("parley-widget") || document.createElement("parley-widget");
  const shadow = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(LOOK);
  shadow.adoptedStyleSheets = [sheet];
  const root = make("div", "root", shadow);
  const button = make("button", "launch", root);
  button.type = "button";
  button.setAttribute("aria-expanded", "false");
  picture("bubble", "M4 6.5A2.5 2.5 0 0 1 6.5 4h11A2.5 2.5 0 0 1 20 6.5v7a2.5 2.5 0 0 1-2.5 2.5H11l-4.2 3.6c-.5.4-1.1.1-1.1-.5V16A2 2 0 0 1 4 13.5zM8.3 8.7h7.4M8.3 11.7h4.6");
  picture("down", "M6 9.5l6 6 6-6");
  const badge = make("span", "badge", button);
  const failure = make("div", "failure", root);
  failure.setAttribute("role", "status");
  if (data.scheme) host.dataset.scheme = data.scheme;

  const listeners = {};
  const emit = (event, detail) => {
    for (const listen of listeners[event] || []) {
      try {
        listen(detail);
      } catch (error) {
        setTimeout(() => { throw error; }); // the page's own fault, and no reason to stop
      }
    }
  };

  const widget = {
    site, api, client, data, host, shadow, root, button, store, tab, emit, languageOf,
    language: languageOf(look.language),
    opened: false,
    identity: undefined,

    /** Show the site's look: `{accent, position, language}`; what the page itself chose goes first. */
    paint(site) {
      widget.language = languageOf(site.language);
      const accent = [data.accent, site.accent].find((color) => color && CSS.supports("color", color));
      root.style.setProperty("--site-accent", accent || "#3457d5");
      root.classList.toggle("left", (data.position || site.position) === "left");
      root.lang = widget.language;
      root.dir = widget.language === "ar" ? "rtl" : "ltr";
      widget.unread(widget.waiting);
    },

    /** Say how many answers wait to be read. */
    unread(count) {
      if (count !== widget.waiting) {
        widget.waiting = count;
        store("unread", count || null);
        emit("unread", count);
      }
      const [open, close, fresh] = WORDS[widget.language];
      badge.hidden = !count;
      badge.textContent = count;
      button.setAttribute("aria-label", widget.opened ? close : count ? `${open}. ${fresh}: ${count}` : open);
    },
  };

  let panel; // a promise of the panel
  let tries = 0;
  const load = () => {
    panel ??= import(`${client}panel.js${tries ? `?${tries}` : ""}`).then((module) => module.start(widget)).catch((error) => {
      panel = undefined;
      tries += 1;
      throw error;
    });
    return panel;
  };

  const show = async (focus) => {
    if (widget.opened) return;
    widget.opened = true;
    failure.textContent = "";
    button.setAttribute("aria-busy", "true");
    try {
      const ready = await load();
      if (!widget.opened) return;
      ready.show(focus);
    } catch (error) {
      widget.opened = false;
      failure.textContent = WORDS[widget.language][3];
      emit("error", { code: "not_loaded", message: String(error) });
      return;
    } finally {
      button.removeAttribute("aria-busy");
    }
    tab("open", true);
    button.setAttribute("aria-expanded", "true");
    widget.unread(0);
    emit("open");
  };

  const hide = () => {
    if (!widget.opened) return;
    widget.opened = false;
    tab("open", null);
    button.setAttribute("aria-expanded", "false");
    widget.unread(widget.waiting);
    if (panel) panel.then((ready) => ready.hide());
    emit("close");
  };

  addEventListener("storage", ({ key }) => {
    if (key === `parley:${site}:unread` && !widget.opened) widget.unread(store("unread") || 0); // read in another tab
  });

  let ready = false;
  const commands = {
    open: () => show(true),
    close: hide,
    toggle: () => (widget.opened ? hide() : show(true)),
    identify(jwt) {
      widget.identity = jwt;
      if (panel) panel.then((loaded) => loaded.identify());
    },
    async send(text) {
      await show(true);
      if (panel) (await panel).send(String(text));
    },
    on(event, listen) {
      (listeners[event] ??= new Set()).add(listen);
      if (event === "ready" && ready) listen();
      return () => listeners[event].delete(listen);
    },
    push: ([name, ...rest]) => commands[name](...rest),
  };
  widget.close = hide;
  window.parley = commands;

  button.addEventListener("click", commands.toggle);
  widget.waiting = store("unread") || 0;
  if (!host.isConnected) document.documentElement.append(host); // survives pages that replace their body
  widget.paint(look);
  for (const command of early || []) commands.push(command);
  ready = true;
  emit("ready");

  // On a phone the panel hides the page, so that only the visitor opens it there.
  const small = matchMedia("(max-width: 500px), (max-height: 460px)").matches;
  const wished = "open" in data && data.open !== "false";
  if (!small && (tab("open") || wished)) show(false);
  else {
    const idle = window.requestIdleCallback || ((work) => setTimeout(work, 2000));
    const saving = navigator.connection && navigator.connection.saveData;
    if (store("pending")) load().catch(() => {}); // an answer that was being written when the visitor left the page
    else if (!saving) {
      const later = () => idle(() => load().catch(() => {}));
      if (document.readyState === "complete") later();
      else addEventListener("load", later, { once: true });
    }
  }
})();
