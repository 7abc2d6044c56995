// Files sent in pieces (tus), each with a row of its own. Without this the plain form sends them.
"use strict";

(() => {
  const parts = document.getElementById("upload-parts");
  if (!parts || !window.tus) return;
  const PARALLEL = 3;
  const PIECE = 8 * 1024 * 1024;
  const RETRY_AFTER = [0, 1000, 3000, 5000, 10000, 20000];
  const RUNNING = ["sending", "checking"];
  const OPEN = ["waiting", "paused", "failed", "unchecked", ...RUNNING];
  let rows = [];
  let held = null;
  let done = 0;
  document.documentElement.classList.add("uploads-live");

  // A row for each file.
  function add(zone, files, address) {
    for (const file of files) {
      const place = parts.querySelector("template").content.firstElementChild.cloneNode(true);
      const row = { zone, file, place, address, state: "waiting", percent: 0 };
      part(row, "name").textContent = file.name;
      part(row, "size").textContent = sized(file.size);
      all("button", place).forEach((button) => button.setAttribute("aria-label", `${button.textContent} ${file.name}`));
      part(row, "progress").setAttribute("aria-label", file.name);
      place.addEventListener("click", (event) => act(row, event.target.closest("button")?.dataset.do));
      zone.querySelector("[data-rows]").append(place);
      rows.push(row);
    }
    pump();
  }

  // The same rule as the page's own sizes (web/templating.py: file_size).
  function sized(amount) {
    const step = Math.min(3, Math.floor(Math.log2(amount || 1) / 10));
    return `${(amount / 1024 ** step).toFixed(step ? 1 : 0)} ${["B", "KB", "MB", "GB"][step]}`;
  }

  const part = (row, name) => row.place.querySelector(`[data-part="${name}"]`);

  function set(row, state, sentence = "") {
    row.state = state;
    row.place.dataset.state = state;
    part(row, "said").textContent = sentence || phrase(`upload-${state}`);
    const progress = part(row, "progress");
    progress.value = row.percent;
    part(row, "percent").textContent = `${row.percent}%`;
    all("button", row.place).forEach((button) => { button.hidden = !button.dataset.when.split(" ").includes(state); });
    if (!RUNNING.includes(state) || state === "checking") tell();
  }

  function act(row, what) {
    if (what === "pause") {
      row.upload?.abort();
      set(row, "paused");
    } else if (what === "resume") set(row, "waiting");
    else if (what === "cancel") {
      row.upload?.abort(true).catch(() => {});
      drop(row);
    } else return;
    pump();
  }

  function drop(row) {
    row.place.remove();
    rows = rows.filter((one) => one !== row);
  }

  // Three at a time; what was interrupted goes on where the server says it is.
  function pump() {
    let free = PARALLEL - rows.filter((row) => RUNNING.includes(row.state)).length;
    rows.filter((row) => row.state === "waiting").forEach((row) => {
      if (free-- > 0) start(row);
      else set(row, "waiting");
    });
    tell();
    release();
  }

  async function start(row) {
    set(row, "sending");
    if (!row.upload) {
      row.upload = new tus.Upload(row.file, options(row));
      const before = row.address ? [] : await row.upload.findPreviousUploads();
      if (before.length) row.upload.resumeFromPreviousUpload(before[0]);
    }
    if (row.state === "sending") row.upload.start();
  }

  function options(row) {
    const { zone, file } = row;
    const fields = zone.closest("form")?.elements;
    const said = { ...JSON.parse(zone.dataset.meta), filename: file.name };
    for (const name of ["evidence_on", "requirement"]) if (fields?.[name]) said[name] = fields[name].value;
    const place = [parts.dataset.user, zone.dataset.zone, said.requirement, said.evidence_on, said.task, said.meeting, said.pairing];
    return {
      endpoint: new URL(zone.dataset.zone, location.href).href,
      uploadUrl: row.address || null,
      chunkSize: PIECE,
      retryDelays: RETRY_AFTER,
      metadata: said,
      headers: { "X-CSRFToken": parts.dataset.csrf },
      removeFingerprintOnSuccess: true,
      fingerprint: async (one) => ["portal", ...place, one.name, one.size, one.lastModified].join("|"),
      onProgress: (sent, total) => {
        row.percent = total ? Math.floor((sent * 100) / total) : 0;
        if (row.state === "sending") set(row, "sending");
      },
      onSuccess: () => settle(row),
      onError: (error) => fail(row, error.originalResponse),
    };
  }

  // A sentence of the server's ends it; anything else can be gone on with.
  function fail(row, answer) {
    const told = answer?.getHeader("Content-Type")?.startsWith("text/plain") ? answer.getBody() : "";
    set(row, told ? "refused" : "failed", told);
    pump();
  }

  // Every byte is there: ask what became of the file.
  async function settle(row) {
    row.percent = 100;
    set(row, "checking");
    try {
      let news = await ask(row.upload.url);
      if (news.state === "receiving") {
        await fetch(`${row.upload.url}/answer`, { method: "POST", headers: { "X-CSRFToken": parts.dataset.csrf }, body: new URLSearchParams({ answer: "check" }) });
        news = await ask(row.upload.url);
      }
      set(row, { stored: "stored", asking: "asking", receiving: "unchecked" }[news.state] ?? "refused", news.sentence);
      if (row.state === "stored") done += 1;
      if (row.state !== "refused") refresh();
    } catch {
      set(row, "failed");
    }
    pump();
  }

  const ask = (address) => fetch(address, { headers: { Accept: "application/json" } }).then((answer) => answer.json());

  // The lists of the page are renewed from the page itself; nothing that is typed is touched.
  let renewing = false;
  let again = false;
  async function refresh() {
    if (renewing) { again = true; return; }
    renewing = true;
    const finished = rows.filter((row) => ["stored", "asking"].includes(row.state));
    try {
      const answer = await fetch(parts.dataset.page);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (answer.ok) all("[data-refresh]").forEach((old) => renew(old, page.getElementById(old.id)));
      finished.forEach(drop);
    } catch { /* the next one will do it */ }
    renewing = false;
    tell();
    if (again) { again = false; refresh(); }
  }

  function renew(old, fresh) {
    if (!fresh) return;
    const focused = old.contains(document.activeElement);
    // What this page is sending right now has its own row already.
    const mine = rows.filter((row) => OPEN.includes(row.state)).map((row) => row.upload?.url?.split("/").pop());
    all("[data-token]", fresh).forEach((item) => { item.hidden = mine.includes(item.dataset.token); });
    old.replaceWith(document.adoptNode(fresh));
    window.htmx?.process(fresh);
    if (focused) { fresh.tabIndex = -1; fresh.focus(); }
  }

  function tell() {
    const open = rows.filter((row) => OPEN.includes(row.state)).length;
    const bad = rows.filter((row) => row.state === "refused").length;
    const asking = all("#uploads-open [data-state=asking]").length;
    const over = [phrase("upload-over"), asking && phrase("upload-over-asking"), bad && phrase("upload-over-bad")].filter(Boolean).join("，");
    const text = open ? phrase("upload-running") : done || bad || asking ? over : "";
    const summary = document.getElementById("upload-summary");
    const said = text.replace("{open}", open).replace("{done}", done).replace("{asking}", asking).replace("{bad}", bad);
    if (summary && summary.textContent !== said) summary.textContent = said;
  }

  // A form with files on their way waits for them, then sends itself.
  window.addEventListener("submit", (event) => {
    const form = event.target;
    if (!rows.some((row) => form.contains(row.zone) && OPEN.includes(row.state))) return;
    stop(event);
    held = { form, button: event.submitter };
    held.button?.classList.add("is-busy");
    say(phrase("upload-hold"), "info");
    release();
  }, true);

  function release() {
    if (!held) return;
    const own = rows.filter((row) => held.form.contains(row.zone));
    if (own.some((row) => ["waiting", ...RUNNING].includes(row.state))) return;
    const { form, button } = held;
    held = null;
    button?.classList.remove("is-busy");
    if (own.some((row) => row.state !== "stored")) return say(phrase("upload-stuck"), "warning");
    form.requestSubmit(button);
  }

  // Chosen, dropped, pasted.
  window.addEventListener("change", (event) => {
    const input = event.target;
    if (input.type !== "file") return;
    const left = input.closest("[data-token]");
    const zone = left ? all("[data-zone]").find((one) => one.dataset.key === left.dataset.key) : input.closest("[data-zone]");
    if (!zone) return;
    const files = [...input.files];
    event.stopImmediatePropagation();
    input.value = "";
    if (!left) return add(zone, files);
    if (files[0]?.size !== Number(left.dataset.size)) return say(phrase("upload-other"), "warning");
    left.hidden = true;
    document.getElementById("messages")?.replaceChildren();
    add(zone, files, new URL(left.dataset.address, location.href).href);
  }, true);

  document.addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    // A file dropped beside a zone would replace the page, and what is typed there.
    event.preventDefault();
    const zone = event.target.closest("[data-zone]");
    event.dataTransfer.dropEffect = zone ? "copy" : "none";
    all(".upload-over").forEach((one) => one.classList.toggle("upload-over", one === zone));
    zone?.classList.add("upload-over");
  });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) all(".upload-over").forEach((one) => one.classList.remove("upload-over")); });
  document.addEventListener("drop", (event) => {
    const zone = event.target.closest("[data-zone]");
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    all(".upload-over").forEach((one) => one.classList.remove("upload-over"));
    if (zone) add(zone, event.dataTransfer.files);
  });

  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    const zone = document.activeElement.closest("[data-zone]") ?? document.querySelector("[data-zone]:hover") ?? all("[data-zone]").at(-1);
    if (!files.length || !zone) return;
    event.preventDefault();
    add(zone, files.map((file) => (/^image\.\w+$/.test(file.name) ? new File([file], pasted(file), { type: file.type }) : file)));
  });

  function pasted(file) {
    const now = new Date();
    const two = (number) => String(number).padStart(2, "0");
    const day = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
    return `${phrase("upload-pasted")}-${day}-${two(now.getHours())}${two(now.getMinutes())}.${file.name.split(".").pop()}`;
  }

  window.addEventListener("online", () => { rows.filter((row) => row.state === "failed").forEach((row) => set(row, "waiting")); pump(); });
  document.addEventListener("portal:refresh", refresh);
})();
