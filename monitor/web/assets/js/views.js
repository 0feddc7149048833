// The sections of the page: side by side where there is room, else one at a time.

export const VIEWS = ["pools", "alerts", "groups", "feeds"];

export const roomy = matchMedia("(min-width: 1100px)");

/** Whether this section is in sight, without asking for a layout. */
export const isShown = (name) => roomy.matches || document.body.dataset.view === name;
