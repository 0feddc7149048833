// Questions and changes. A change carries the nonce of this browser's session; a refusal says key and cure.

import { store } from "./store.js";

export class Refused extends Error {
  constructor(status, { key = "", value = "", cure = "" } = {}, mistakes = []) {
    super(cure ? `${key ? `${key}: ` : ""}${cure}` : `The monitor answered ${status}.`);
    this.name = "Refused";
    this.status = status;
    this.key = key;
    this.value = value;
    this.cure = cure;
    this.mistakes = mistakes; // all of them, where an answer names several
  }
}

/** The JSON of a path. Throws Refused, or TypeError where nobody answers. */
export async function get(path, signal) {
  return read(await fetch(path, { headers: { Accept: "application/json" }, signal }));
}

/** Sends a change or a supposition; asks for a fresh nonce once where the old one was refused. */
export async function send(method, path, body, signal) {
  const ask = () =>
    fetch(path, {
      method,
      signal,
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-Marginwatch-Nonce": store.session().nonce },
      body: JSON.stringify(body),
    });
  let answer = await ask();
  if (answer.status === 401 || answer.status === 403) {
    await store.refreshSession();
    answer = await ask();
  }
  return read(answer);
}

export const post = (path, body, signal) => send("POST", path, body, signal);

async function read(answer) {
  let body = null;
  try {
    body = await answer.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
  }
  if (!answer.ok) throw new Refused(answer.status, body?.error ?? {}, body?.mistakes);
  return body;
}
