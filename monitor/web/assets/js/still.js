// Rows that keep their places while somebody points at them: whoever clicks shall hit what was seen.

const REST_MS = 2000; // after the last move of the pointer

/** A question whether the pointer moved over this element a moment ago. */
export function pointedAt(element) {
  let moved = -Infinity;
  element.addEventListener("pointermove", () => (moved = performance.now()), { passive: true });
  element.addEventListener("pointerleave", () => (moved = -Infinity));
  return () => performance.now() - moved < REST_MS;
}

/** The list in the order of `before` (a list of keys); what is new comes last. */
export function inPlace(list, key, before) {
  const places = new Map(before.map((each, place) => [each, place]));
  const place = (each) => places.get(key(each)) ?? before.length;
  return list.toSorted((one, other) => place(one) - place(other));
}
