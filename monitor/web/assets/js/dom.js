// Builds elements. Text from outside only ever becomes a text node; there is no innerHTML on this page.

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element. Properties: `class`, `text`, `data` (object), `vars` (CSS custom properties), `on` (listeners); all
 * others are attributes, of which null, undefined and false are left out. Children: nodes, texts, arrays, null. */
export function el(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

/** The same in SVG. */
export function svg(tag, properties = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), properties, children);
}

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") element.setAttribute("class", value);
    else if (name === "text") element.textContent = value;
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name === "vars") for (const [key, each] of Object.entries(value)) element.style.setProperty(key, each);
    else if (name === "on") for (const [key, each] of Object.entries(value)) element.addEventListener(key, each);
    else element.setAttribute(name, value === true ? "" : value);
  }
  add(element, children);
  return element;
}

function add(element, children) {
  for (const child of children) {
    if (Array.isArray(child)) add(element, child);
    else if (child !== null && child !== undefined && child !== false) element.append(child);
  }
}

/** Sets the text if it is another one: what does not change costs no layout. */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Sets an attribute if it is another one; null takes it away. */
export function mark(element, name, value) {
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** Sets a custom property if it is another one. */
export function vary(element, name, value) {
  if (element.style.getPropertyValue(name) !== value) element.style.setProperty(name, value);
}

/** Draws `element`'s content anew only when what it is made of changed. */
export function redraw(element, data, render) {
  const signature = JSON.stringify(data);
  if (element.signature === signature) return;
  element.signature = signature;
  element.replaceChildren(...[render(data)].flat(Infinity).filter((node) => node !== null && node !== undefined && node !== false));
}
