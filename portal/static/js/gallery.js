// The gallery by keys: arrows choose and turn, Esc goes back. Every step is a plain link of the page.
"use strict";

const TURNS = { ArrowLeft: "prev", ArrowRight: "next", Escape: "up" };

function turn(item, event) {
  const link = item.querySelector(`a[rel="${TURNS[event.key]}"]`);
  if (!link) return;
  event.preventDefault();
  location.assign(link.href);
}

function choose(grid, event) {
  const links = [...grid.querySelectorAll("a")];
  const top = links[0].getBoundingClientRect().top;
  const columns = links.filter((link) => link.getBoundingClientRect().top === top).length;
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
  const at = links.indexOf(document.activeElement);
  // Up and down scroll the page until a thumbnail was chosen.
  if (!step || (at < 0 && Math.abs(step) > 1)) return;
  const next = links[at < 0 ? 0 : at + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (event.target.closest("input, textarea, select, video, details[open], dialog")) return;
  const item = document.querySelector("[data-gallery-item]");
  const grid = document.querySelector("[data-gallery]");
  if (item) turn(item, event);
  else if (grid) choose(grid, event);
});

// Back from a piece, its thumbnail is at hand; before the page has loaded, going to the place of
// an address would take the focus away again.
addEventListener("load", () => {
  if (/^#item-\d+$/.test(location.hash)) document.querySelector(`[data-gallery] ${location.hash} a`)?.focus();
});
