/**
 * Elements made one by one. What comes from a report is only ever set as text: nothing here reads markup.
 */

/** No text that somebody sent is shown longer than this at once. */
export const MOST = 600;

/**
 * An element with attributes and children. `text` sets its text, `on` its listeners, `null` leaves an attribute out.
 * @param {string} tag
 * @param {Record<string, any>} [given]
 * @param {...(Node | string | null | undefined | false)} children
 * @returns {any} an HTMLElement of that tag
 */
export function el(tag, given = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") made.textContent = String(value);
    else if (name === "on") for (const [event, told] of Object.entries(value)) made.addEventListener(event, told);
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/**
 * The element of an id that the page's own markup has.
 * @param {string} id
 * @returns {any}
 */
export function at(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page lacks #${id}`);
  return found;
}

/**
 * A button that says what it does.
 * @param {string} text
 * @param {() => void} pressed
 * @param {Record<string, any>} [given]
 */
export function button(text, pressed, given = {}) {
  return el("button", { type: "button", text, on: { click: pressed }, ...given });
}

/**
 * Somebody's text, bounded; the rest is shown on demand.
 * @param {string} text
 * @param {string} [classes]
 */
export function words(text, classes = "words") {
  if (text.length <= MOST) return el("p", { class: classes, text });
  const whole = el("p", { class: classes, text: `${text.slice(0, MOST)}…` });
  const more = button(`Show all ${text.length} characters`, () => {
    whole.textContent = text;
    more.remove();
  });
  return el("div", {}, whole, more);
}

/**
 * An address that somebody sent: text until the operator opens it on purpose, and only if it is a web address.
 * @param {string} address
 */
export function inertLink(address) {
  const shown = el("code", { class: "address", text: address.slice(0, MOST) });
  const host = hostOf(address);
  if (!host) return el("p", {}, "Address (as sent): ", shown);
  const open = button(`Open ${host} in a new tab`, () => window.open(address, "_blank", "noopener,noreferrer"));
  return el("p", {}, "Address (as sent): ", shown, " ", open);
}

/** @param {string} address @returns {string} */
function hostOf(address) {
  try {
    const told = new URL(address);
    return told.protocol === "https:" || told.protocol === "http:" ? told.host : "";
  } catch {
    return "";
  }
}

/**
 * A term of a closed list in plain words.
 * @param {string | null | undefined} term
 */
export function plain(term) {
  return (term ?? "").replaceAll("_", " ");
}

/**
 * Somebody's words within a sentence of ours: what would turn the rest of it about, or break it, is shown as a sign.
 * @param {string} text
 * @param {number} [most] characters
 */
export function within(text, most = MOST) {
  return text.slice(0, most).replaceAll(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, "\ufffd");
}

/**
 * A table with a caption, for reading aloud as much as for looking at.
 * @param {string} caption
 * @param {string[]} heads
 * @param {(Node | string)[][]} rows
 */
export function table(caption, heads, rows) {
  const head = el("tr", {}, ...heads.map((text) => el("th", { scope: "col", text })));
  const body = rows.map(([first, ...rest]) =>
    el("tr", {}, el("th", { scope: "row" }, first), ...rest.map((one) => el("td", {}, one))),
  );
  const made = el("table", {}, el("caption", { text: caption }), el("thead", {}, head), el("tbody", {}, ...body));
  return el("div", { class: "scrolls", tabindex: "0", role: "region", "aria-label": caption }, made);
}
