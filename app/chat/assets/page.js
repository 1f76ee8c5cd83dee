// What Chainlit's page lacks: names for its buttons, sources beside the answer, a way between guest and account.
(() => {
  "use strict";
  if (!localStorage.getItem("vite-ui-theme")) localStorage.setItem("vite-ui-theme", "system");

  const NAMES = [
    ["#upload-button, #upload-button-loading", "Attach a text file"],
    ["#new-chat-button", "New conversation"],
    ["#chat-submit", "Send"],
    ["#stop-button", "Stop the answer"],
    ["#sidebar-trigger-button", "Show or hide conversations"],
    ["#search-chats-button, #search-button", "Search conversations"],
    ["#user-nav-button", "Account"],
    [".edit-message", "Edit this message"],
    [".positive-feedback-on, .positive-feedback-off", "Helpful"],
    [".negative-feedback-on, .negative-feedback-off", "Not helpful"],
    ["#side-view-title button", "Close the source"],
    ["#chat-input", "Your message"],
    ["#edit-chat-input", "Your message, edited"],
    ["input[type=file]", "Text files"],
    ["#password + button", "Show or hide the password"],
    ["[role=dialog] textarea", "Your comment"],
  ];

  const name = (root) => {
    for (const [selector, label] of NAMES) {
      for (const element of root.querySelectorAll(selector)) {
        if (!element.getAttribute("aria-label")) element.setAttribute("aria-label", label);
      }
    }
    for (const button of root.querySelectorAll("button:not([aria-label])")) {
      if (button.textContent.trim() || button.title || button.getAttribute("aria-labelledby")) continue;
      if (button.querySelector("svg.lucide-copy")) button.setAttribute("aria-label", "Copy");
      else if (button.querySelector("svg.lucide-message-circle")) button.setAttribute("aria-label", "Edit your comment");
      else if (button.querySelector("svg.lucide-ellipsis")) button.setAttribute("aria-label", "Options of this conversation");
      else if (button.querySelector("svg")) button.setAttribute("aria-label", "More");
    }
    for (const link of root.querySelectorAll('a[href^="/sources/"]')) {
      if (link.getAttribute("aria-label")) continue;
      const number = link.getAttribute("href").split("#")[0].split("/").pop();
      link.setAttribute("aria-label", link.href.includes("#listed") ? `Source ${link.textContent}` : `Source ${number}`);
    }
    for (const viewport of root.querySelectorAll("[data-radix-scroll-area-viewport], .overflow-y-auto")) {
      if (viewport.scrollHeight > viewport.clientHeight && !viewport.hasAttribute("tabindex")) viewport.tabIndex = 0;
    }
    const live = document.querySelector(".messages-container, #welcome-screen");
    if (live && !live.closest("main")) live.setAttribute("role", live.getAttribute("role") || "region");
    if (live && !live.getAttribute("aria-label")) live.setAttribute("aria-label", "Conversation");
  };

  // Mistakes in Chainlit's markup that keep people who use a screen reader or the keyboard out.
  const mend = () => {
    for (const list of document.querySelectorAll('ul[data-sidebar="menu"]')) {
      for (const part of [list, ...list.querySelectorAll("li")]) part.setAttribute("role", "presentation");
    }
    for (const options of document.querySelectorAll("#thread-options")) {
      options.removeAttribute("type");
      options.setAttribute("role", "button");
      options.setAttribute("aria-label", "Options of this conversation");
      options.tabIndex = 0;
    }
    for (const inner of document.querySelectorAll('#header button:has(> a), a > button[data-sidebar="menu-button"]')) {
      inner.setAttribute("role", "group");
      inner.setAttribute("aria-label", inner.textContent.trim());
      inner.tabIndex = -1;
    }
    for (const dialog of document.querySelectorAll('[role="dialog"]:has(#side-view-title)')) {
      dialog.setAttribute("aria-labelledby", "side-view-title");
    }
    for (const handle of document.querySelectorAll('[role="separator"][aria-controls]')) {
      handle.removeAttribute("aria-controls");
      handle.setAttribute("aria-label", "Width of the source");
    }
  };

  // A citation opens its passage beside the answer; without this script it opens as a page of its own.
  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest('a[href^="/sources/"]');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    const wanted = link.getAttribute("href").split("#")[0].replace("/sources/", "");
    window.postMessage({ parleySource: wanted }, window.location.origin);
  });

  const guests = () => document.querySelector('meta[name="parley-guests"]')?.content === "yes";

  const offerGuest = () => {
    const form = document.querySelector("form");
    if (location.pathname !== "/login" || !guests() || !form || document.getElementById("as-guest")) return;
    const link = document.createElement("a");
    link.id = "as-guest";
    link.href = "/";
    link.textContent = "Go on as a guest";
    form.append(link);
  };

  // Chainlit sends its page to the sign-in when it hears nothing of who the visitor is, be it for a moment only. A guest
  // who did not ask for it goes back; not again and again, where it stays like that.
  const CHOSEN = "parley-sign-in", WENT_BACK = "parley-went-back", BETWEEN_MS = 30_000;
  document.addEventListener("click", (event) => {
    if (event.target.closest && event.target.closest('a[href="/login"]')) sessionStorage.setItem(CHOSEN, "yes");
  }, true);
  const goBack = () => {
    if (location.pathname !== "/login") sessionStorage.removeItem(CHOSEN);
    else if (guests() && document.referrer.startsWith(location.origin) && !sessionStorage.getItem(CHOSEN)) {
      if (Date.now() - Number(sessionStorage.getItem(WENT_BACK)) < BETWEEN_MS) return;
      sessionStorage.setItem(WENT_BACK, Date.now());
      location.replace("/");
    }
  };

  let isGuest = null;
  const askWho = async () => {
    if (location.pathname === "/login") return;
    const answer = await fetch("/user");
    if (!answer.ok) return;
    isGuest = String((await answer.json())?.identifier).startsWith("guest-");
    document.documentElement.classList.toggle("is-guest", isGuest);
  };

  // "Delete my data": a question before, and what was deleted after.
  const make = (tag, text, props = {}) => Object.assign(document.createElement(tag), { textContent: text, ...props });

  const askToErase = () => {
    const dialog = make("dialog", "", { id: "erasure" });
    const title = make("h2", "Delete my data", { id: "erasure-title" });
    const said = make("p", "This deletes all your conversations with their files and ratings, your account here, and everything else that is stored about you. It cannot be undone.");
    const problem = make("p", "", { className: "problem" });
    const yes = make("button", "Delete everything", { type: "button", className: "danger" });
    const no = make("button", "Keep it", { type: "button" });
    const choice = make("div", "", { className: "choice" });
    dialog.setAttribute("aria-labelledby", title.id);
    problem.setAttribute("role", "alert");
    choice.append(yes, no);
    dialog.append(title, said, problem, choice);
    no.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => dialog.remove());
    yes.addEventListener("click", async () => {
      yes.disabled = true;
      problem.textContent = "";
      try {
        const answer = await fetch("/erasure", { method: "POST", headers: { "Content-Type": "application/json" }, body: '{"sure": true}' });
        const told = await answer.json();
        if (!answer.ok) throw new Error(typeof told.detail === "string" ? told.detail : "");
        title.textContent = "Your data was deleted";
        // A number stays beside its word.
        said.textContent =
          `Conversations:\u00a0${told.conversations}. Messages:\u00a0${told.messages}. Files:\u00a0${told.attachments}.`;
        said.setAttribute("role", "status");
        const close = make("button", "Close", { type: "button" });
        close.addEventListener("click", () => dialog.close());
        choice.replaceChildren(close);
        dialog.addEventListener("close", () => location.assign("/"));
        close.focus();
      } catch (error) {
        problem.textContent = error.message || "That did not work. Please try again.";
        yes.disabled = false;
      }
    });
    document.body.append(dialog);
    dialog.showModal();
    no.focus();
  };

  const offerErasure = () => {
    const last = document.querySelector(".watermark, #welcome-screen > :last-child"); // below what there is to read
    if (!last || document.getElementById("erase-me")) return;
    last.after(make("button", "Delete my data", { id: "erase-me", type: "button", onclick: askToErase }));
  };

  let due = false;
  const watch = new MutationObserver(() => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      name(document);
      mend();
      offerGuest();
      offerErasure();
    });
  });
  document.addEventListener("DOMContentLoaded", () => {
    watch.observe(document.body, { childList: true, subtree: true });
    name(document);
    goBack();
    askWho();
  });
})();
