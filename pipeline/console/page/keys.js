/** Single keys, for hands that stay on the keyboard; they can be switched off, and are off while one writes. */

import { at } from "./dom.js";
import { like, liking } from "./kept.js";

const WRITING = "input, textarea, select, [contenteditable]";
const PRESSED = "button, a, summary";

/**
 * @param {Record<string, () => void>} does by key
 */
export function listenToKeys(does) {
  const box = at("keys-on");
  box.checked = liking("keys", "on") === "on";
  box.addEventListener("change", () => like("keys", box.checked ? "on" : "off"));
  addEventListener("keydown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.key === "Escape" && target.matches(WRITING)) return target.blur();
    if (target.matches(WRITING) || (event.key === "Enter" && target.matches(PRESSED))) return;
    // The map and the diagram have arrows and Enter of their own.
    if (target.closest("#map, #spacetime") && (event.key.startsWith("Arrow") || event.key === "Enter")) return;
    if (event.key.startsWith("Arrow") && !target.closest("#list")) return;
    if (event.key.length === 1 && !box.checked) return;
    const found = does[event.key];
    if (!found) return;
    event.preventDefault();
    found();
  });
}
