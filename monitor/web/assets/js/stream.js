// Hears the monitor: server-sent events, and where there are none asking every two seconds.

const POLL_MS = 2000;
const AGAIN_MS = 15000; // until the stream is tried again where it was refused

/** Calls `snapshot` with a whole document and `change` with what became of it, for ever. */
export function follow({ snapshot, change }) {
  let polling = null;

  const stopPolling = () => {
    clearTimeout(polling);
    polling = null;
  };

  const poll = async () => {
    try {
      const answer = await fetch("/api/v1/pools", { headers: { Accept: "application/json" } });
      if (answer.status === 401 && answer.headers.get("WWW-Authenticate")?.startsWith("Bearer"))
        return location.replace("/login?next=/"); // reading needs a login here, and ours has ended
      if (answer.ok && polling !== null) snapshot(await answer.json());
    } catch {
      // Nobody answers: what is shown grows old by itself.
    }
    if (polling !== null) polling = setTimeout(poll, POLL_MS);
  };

  const open = () => {
    const source = new EventSource("/api/v1/stream");
    source.addEventListener("snapshot", (event) => {
      stopPolling();
      snapshot(JSON.parse(event.data));
    });
    source.addEventListener("change", (event) => change(JSON.parse(event.data)));
    source.addEventListener("error", () => {
      if (source.readyState !== EventSource.CLOSED) return; // it connects again by itself
      if (polling === null) polling = setTimeout(poll, 0);
      setTimeout(open, AGAIN_MS);
    });
  };
  open();
}
