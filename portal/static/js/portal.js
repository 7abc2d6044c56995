// Small helpers, all found by data attributes; every page works without them.
"use strict";

document.documentElement.classList.add("js");

const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const phrase = (key) => document.querySelector(`[data-phrase="${key}"]`)?.textContent ?? "";
const store = {
  // Private windows and full disks throw; a helper must never break the page for it.
  get(key) { try { return JSON.parse(localStorage.getItem(key)); } catch { return null; } },
  set(key, value) { try { localStorage.setItem(key, JSON.stringify(value)); } catch { /* not kept */ } },
  remove(key) { try { localStorage.removeItem(key); } catch { /* not kept */ } },
  keys(prefix) { try { return Object.keys(localStorage).filter((key) => key.startsWith(prefix)); } catch { return []; } },
};

// Messages: one live region, the same into which the server's refusals are retargeted.
function say(text, tone = "danger") {
  const area = document.getElementById("messages");
  if (!area || !text) return;
  const box = document.createElement("div");
  box.className = `notice notice-${tone} flash`;
  const body = document.createElement("p");
  body.className = "notice-body";
  body.textContent = text;
  box.append(body);
  area.replaceChildren(box);
  box.scrollIntoView({ block: "nearest" });
}

// One confirmation, one submit. Capture phase: this decides before htmx sees the event.
const confirmed = new WeakSet();

document.addEventListener("submit", (event) => {
  const form = event.target;
  const button = event.submitter;
  const question = button?.dataset.confirm || form.dataset.confirm;
  const dialog = document.getElementById("confirm-dialog");
  if (form.dataset.busy !== undefined) return stop(event);
  if (question && !confirmed.has(form) && dialog?.showModal) {
    stop(event);
    return ask(dialog, question).then((yes) => {
      if (!yes) return;
      confirmed.add(form);
      form.requestSubmit(button);
    });
  }
  confirmed.delete(form);
  if (form.method === "post") {
    sendDrafts(form);
    if (form.dataset.stays === undefined) setBusy(form, button);
  }
}, true);

function stop(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
}

function ask(dialog, question) {
  dialog.querySelector(".dialog-text").textContent = question;
  dialog.returnValue = "";
  dialog.querySelector("[data-confirm-yes]").onclick = () => dialog.close("yes");
  dialog.querySelector("[data-confirm-no]").onclick = () => dialog.close();
  dialog.showModal();
  return new Promise((done) => {
    dialog.addEventListener("close", () => done(dialog.returnValue === "yes"), { once: true });
  });
}

function setBusy(form, button) {
  // The button is not disabled for real, or its name and value would not be sent.
  form.dataset.busy = "";
  button?.classList.add("is-busy");
  button?.setAttribute("aria-disabled", "true");
}

function clearBusy(root = document) {
  const forms = root.matches?.("form[data-busy]") ? [root] : all("form[data-busy]", root);
  forms.forEach((form) => {
    delete form.dataset.busy;
    // A submitter may stand outside its form (form="…").
    [...form.elements].forEach((button) => {
      if (!button.classList.contains("is-busy")) return;
      button.classList.remove("is-busy");
      button.removeAttribute("aria-disabled");
    });
  });
}

window.addEventListener("pageshow", () => clearBusy());

// htmx: failures are told in words; refused forms (422) and conflicts (409) come back as fragments.
// A message left from an earlier try would contradict a later success.
document.addEventListener("htmx:beforeRequest", () => document.getElementById("messages")?.replaceChildren());
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  const wholePage = /^\s*<!doctype/i.test(xhr.responseText || "");
  const fragment = xhr.status === 422 || xhr.status === 409 || (xhr.status >= 400 && xhr.getResponseHeader("HX-Retarget"));
  if (fragment && !wholePage) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});
document.addEventListener("htmx:afterRequest", (event) => {
  const { elt, xhr, successful } = event.detail;
  if (!(elt instanceof HTMLFormElement)) return;
  clearBusy(elt);
  if (successful && xhr.status < 300 && !xhr.getResponseHeader("HX-Redirect")) forgetSentDrafts();
});
document.addEventListener("htmx:responseError", (event) => {
  const { xhr } = event.detail;
  // The server may have said it better, in an HX-Trigger header.
  if (!/portal:message/.test(xhr.getResponseHeader("HX-Trigger") || "")) say(phrase(xhr.status) || phrase("error"));
});
document.addEventListener("htmx:sendError", () => say(phrase("offline")));
document.addEventListener("htmx:timeout", () => say(phrase("slow")));
document.addEventListener("portal:message", (event) => say(event.detail.text, event.detail.tone));

// Drafts: what is typed into [data-draft] is kept on this machine until it has been sent for certain.
const DRAFT_DAYS = 14;
const draftPrefix = `draft:${document.body.dataset.user || ""}:`;

function offerDrafts(root) {
  all("textarea[data-draft]", root).forEach((area) => {
    const key = draftPrefix + area.dataset.draft;
    const draft = store.get(key);
    if (!draft || area.dataset.draftSeen !== undefined) return;
    area.dataset.draftSeen = "";
    if (draft.text.trim() === area.value.trim() || Date.now() - draft.at > DRAFT_DAYS * 864e5) return;
    const offer = document.createElement("div");
    offer.className = "draft-offer";
    offer.setAttribute("role", "status");
    const when = new Date(draft.at).toLocaleString("zh-CN", { dateStyle: "medium", timeStyle: "short" });
    offer.append(`${phrase("draft")} ${when}`, action(phrase("restore"), () => {
      area.value = draft.text;
      area.focus();
    }), action(phrase("discard"), () => store.remove(key)));
    area.after(offer);
    function action(label, run) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "button";
      button.textContent = label;
      button.addEventListener("click", () => { run(); offer.remove(); });
      return button;
    }
  });
}

const timers = new WeakMap();
document.addEventListener("input", (event) => {
  const area = event.target.closest("textarea[data-draft]");
  if (!area) return;
  clearTimeout(timers.get(area));
  timers.set(area, setTimeout(() => keepDraft(area), 400));
});

function keepDraft(area) {
  const key = draftPrefix + area.dataset.draft;
  if (area.value.trim()) store.set(key, { text: area.value, at: Date.now() });
  else store.remove(key);
}

function sendDrafts(form) {
  if (form.dataset.forgetDrafts !== undefined) return store.keys("draft:").forEach(store.remove);
  all("textarea[data-draft]", form).forEach((area) => {
    clearTimeout(timers.get(area));
    keepDraft(area);
    const key = draftPrefix + area.dataset.draft;
    store.set("draft-sent", [...new Set([...(store.get("draft-sent") || []), key])]);
  });
}

function forgetSentDrafts() {
  (store.get("draft-sent") || []).forEach(store.remove);
  store.remove("draft-sent");
}

// Filters send themselves; ticked rows are counted and decide which bulk buttons are offered.
document.addEventListener("change", (event) => {
  const field = event.target;
  if (field.matches("[data-check-all]")) {
    all("[data-check]", field.closest("table")).forEach((box) => { box.checked = field.checked; });
  }
  if (field.matches("[data-check], [data-check-all]")) countChecks();
  if (field.matches("input[type=file]")) listFiles(field);
  if (field.matches("[data-keys-toggle]")) store.set("keys", field.checked);
  else field.closest("form[data-autosubmit]")?.requestSubmit();
});

let typing;
document.addEventListener("input", (event) => {
  const form = event.target.matches("[type=search]") && event.target.closest("form[data-autosubmit][hx-get]");
  if (!form) return;
  clearTimeout(typing);
  typing = setTimeout(() => form.isConnected && form.requestSubmit(), 450);
});

function countChecks() {
  const boxes = all("[data-check]");
  const checked = boxes.filter((box) => box.checked);
  all("[data-check-all]").forEach((box) => {
    const own = all("[data-check]", box.closest("table"));
    const some = own.filter((one) => one.checked).length;
    box.checked = some > 0 && some === own.length;
    box.indeterminate = some > 0 && some < own.length;
  });
  all("[data-check-count]").forEach((place) => { place.textContent = checked.length; });
  all("[data-check-bar]").forEach((bar) => bar.classList.toggle("open", checked.length > 0));
  all("[data-bulk]").forEach((button) => {
    button.hidden = !checked.every((box) => box.dataset.actions.split(" ").includes(button.dataset.bulk));
  });
  all("[data-bulk-none]").forEach((note) => { note.hidden = all("[data-bulk]", note.parentElement).some((button) => !button.hidden); });
}

function listFiles(input) {
  const box = input.closest(".field");
  const list = box?.querySelector("[data-file-list]");
  if (!list) return;
  const inputs = all("input[type=file]", box);
  const limit = Number(inputs[0].dataset.maxBytes) || Infinity;
  list.replaceChildren(...inputs.flatMap((one) => [...one.files]).map((file) => {
    const row = document.createElement("li");
    const tooBig = file.size > limit;
    const size = file.size < 1e6 ? `${Math.ceil(file.size / 1e3)} kB` : `${(file.size / 1e6).toFixed(1)} MB`;
    row.textContent = `${file.name} · ${size}${tooBig ? ` · ${phrase("too-big")}` : ""}`;
    row.classList.toggle("too-big", tooBig);
    return row;
  }));
}

// One-letter keys press the visible element with that data-key; never while typing, and they can be turned off.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || store.get("keys") === false) return;
  if (event.target.closest("input:not([type=checkbox], [type=radio]), select, textarea, dialog, [contenteditable]")) return;
  const target = all(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`).find((one) => one.checkVisibility?.() ?? one.offsetParent);
  if (!target) return;
  event.preventDefault();
  target.click();
  target.closest("details[open]")?.querySelector("textarea, input:not([type=hidden])")?.focus();
});

document.addEventListener("click", (event) => {
  const toggle = event.target.closest("[data-toggle]");
  if (toggle) {
    const open = document.getElementById(toggle.dataset.toggle).classList.toggle("open");
    toggle.setAttribute("aria-expanded", open);
  }
  if (event.target.closest("[data-print]")) window.print();
  if (event.target.closest("[data-back]") && history.length > 1) {
    event.preventDefault();
    history.back();
  }
  all("details.account[open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
});
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector("details.account[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

function prepare(root) {
  offerDrafts(root);
  countChecks();
  all("[data-keys-toggle]", root).forEach((box) => { box.checked = store.get("keys") !== false; });
  all(".tabs [aria-current]", root).forEach((tab) => { tab.closest(".tabs").scrollLeft = tab.offsetLeft - 60; });
  (root.matches?.("[data-focus]") ? root : root.querySelector("[data-focus]"))?.focus();
}

// The server says in words that a write succeeded; only then are the drafts that were sent forgotten.
document.addEventListener("DOMContentLoaded", () => {
  if (document.querySelector('[data-flash="success"]')) forgetSentDrafts();
  prepare(document);
});
document.addEventListener("htmx:load", (event) => prepare(event.detail.elt));
