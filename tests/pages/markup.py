"""What axe does not look at: text that is cut off, tables without a name, labels that lead
nowhere, and Vietnamese words on an English page that a screen reader takes for English."""

from __future__ import annotations

from playwright.sync_api import Page

_LOOK = r"""() => {
  const found = [], shown = e => e.checkVisibility() && e.getBoundingClientRect().width > 1;
  const say = (what, e) =>
    found.push(`${what}: ${e.tagName.toLowerCase()} "${e.textContent.trim().slice(0, 40)}"`);
  const boxes = "body *:not(svg *, input, .visually-hidden, .clipped)";
  for (const e of document.querySelectorAll(boxes)) {
    const style = getComputedStyle(e), hidden = x => x === "hidden" || x === "clip";
    if (!shown(e) || style.textOverflow === "ellipsis") continue;
    if (hidden(style.overflowX) && e.scrollWidth > e.clientWidth + 1) say("cut off", e);
    if (["auto", "scroll"].includes(style.overflowX) && e.scrollWidth > e.clientWidth + 1
        && e.tabIndex < 0) say("scrolls without the keyboard", e);
  }
  for (const table of document.querySelectorAll("table")) {
    if (!table.caption && !table.ariaLabel && !table.getAttribute("aria-labelledby"))
      say("table without a name", table);
    for (const head of table.querySelectorAll("th")) if (!head.scope) say("th without scope", head);
    if (!table.classList.contains("list")) continue;
    for (const cell of table.querySelectorAll("tbody td:not(.aside, :has(.row-links))"))
      if (cell.textContent.trim() && !cell.dataset.label) say("cell without a label", cell);
  }
  const ids = new Set();
  for (const e of document.querySelectorAll("[id]")) {
    if (ids.has(e.id)) say(`id ${e.id} twice`, e);
    ids.add(e.id);
  }
  const names = ["aria-labelledby", "aria-describedby", "for"];
  for (const e of document.querySelectorAll("[aria-labelledby], [aria-describedby], label[for]"))
    for (const name of names)
      for (const id of (e.getAttribute(name) || "").split(/\s+/))
        if (id && !ids.has(id)) say(`no ${id} for ${name}`, e);
  for (const e of document.querySelectorAll("a[href^='#']"))
    if (!ids.has(decodeURIComponent(e.hash.slice(1)))) say(`no ${e.hash}`, e);
  for (const e of document.querySelectorAll("*"))
    for (const each of e.attributes)
      if (each.value.includes("<span lang")) say(`markup in ${each.name}`, e);
  if (document.documentElement.lang !== "en") return found;
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const letters = /[àáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵ]/i;
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const e = text.parentElement;
    if (letters.test(text.data) && e.tagName !== "TEXTAREA" && e.closest("[lang]").lang !== "vi")
      say("Vietnamese without its language", e);
  }
  return found;
}"""


def faults_of_markup(page: Page) -> list[str]:
    """Each fault with the element that has it."""
    found = page.evaluate(_LOOK)
    assert isinstance(found, list)
    return found
