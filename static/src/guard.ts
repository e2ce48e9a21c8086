// Somebody else's change put another button under a press that was on its way. What a hand could not have seen yet is
// held back for a moment, and that shows.

/** Long enough to see that the buttons have changed. */
const SETTLE_MS = 600;
/** No longer than the second half of a double click is on its way. */
const OWN_MS = 300;

export interface Guard {
  /** The buttons mean something else now; `isOwn`: by one's own press. */
  settle(isOwn?: boolean): void;
  /** Whoever looks at it has chosen to. */
  free(): void;
}

/** Watches the presses within `host`, or on those parts of it that `part` names. */
export function openGuard(host: HTMLElement, part = "*"): Guard {
  let timer: number | undefined;

  function hold(ms: number): void {
    clearTimeout(timer);
    host.toggleAttribute("data-settling", ms > 0);
    if (ms) timer = window.setTimeout(hold, ms, 0);
  }

  host.addEventListener(
    "click",
    (event) => {
      const pressed = event.target instanceof Element && event.target.closest(part);
      // A key is meant for what has the focus, and that was seen.
      if (!pressed || !event.detail || !host.hasAttribute("data-settling")) return;
      event.preventDefault();
      event.stopPropagation();
    },
    true,
  );

  return { settle: (isOwn = false) => hold(isOwn ? OWN_MS : SETTLE_MS), free: () => hold(0) };
}
