// Hears the monitor: server-sent events, and where there are none asking every two seconds.

const POLL_MS = 2000;
const AGAIN_MS = 15000; // until the stream is tried again where it was refused, or could not be read
const UNREADABLE_MOST = 3; // events in a row, until asking takes their place

/** Calls `snapshot` with a whole document and `change` with what became of it, for ever; either throws where it cannot
 * use it. `failed` is called each time nobody answers, `unreadable` with what to say of a stream of garbage, "" later. */
export function follow({ snapshot, change, failed, unreadable }) {
  let polling = null;
  let bad = 0; // events in a row that could not be read, also of several connections

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
      failed(); // what is shown grows old by itself
    }
    if (polling !== null) polling = setTimeout(poll, POLL_MS);
  };

  const ask = () => {
    if (polling === null) polling = setTimeout(poll, 0);
    setTimeout(open, AGAIN_MS);
  };

  const open = () => {
    const source = new EventSource("/api/v1/stream");
    const hear = (use) => (event) => {
      try {
        use(JSON.parse(event.data));
        bad = 0;
        unreadable("");
      } catch (error) {
        bad += 1;
        console.warn(`an event of the stream could not be read: ${error.message}`);
        if (bad < UNREADABLE_MOST) return;
        source.close();
        bad = 0;
        unreadable(`${UNREADABLE_MOST} events of the stream could not be read: the monitor is asked every ${POLL_MS / 1000} s instead.`);
        ask();
      }
    };
    source.addEventListener("snapshot", hear((body) => {
      snapshot(body);
      stopPolling();
    }));
    source.addEventListener("change", hear(change));
    source.addEventListener("error", () => {
      if (source.readyState === EventSource.CLOSED) ask();
      else failed(); // it connects again by itself
    });
  };
  open();
}
