/** What the browser remembers: the operator's name while the tab is open; how he likes the page for longer. */

/** @param {Storage} where @param {string} name */
function read(where, name) {
  try {
    return where.getItem(`truceline.${name}`);
  } catch {
    return null;
  }
}

/** @param {Storage} where @param {string} name @param {string} value */
function write(where, name, value) {
  try {
    where.setItem(`truceline.${name}`, value);
  } catch {
    // A browser that keeps nothing asks again: no more is lost.
  }
}

export const operator = {
  get: () => read(sessionStorage, "operator") ?? "",
  /** @param {string} name */
  set: (name) => write(sessionStorage, "operator", name),
};

/** @param {string} name @param {string} otherwise */
export function liking(name, otherwise) {
  return read(localStorage, name) ?? otherwise;
}

/** @param {string} name @param {string} value */
export function like(name, value) {
  write(localStorage, name, value);
}
