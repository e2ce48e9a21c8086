// Nothing moves under a finger: what comes while one is down waits until it is up, and until the press
// has become the click that was meant.

const CLICK_MS = 50;
/** An end that never arrives (a call comes in, the page loses the pointer) must not hold forever. */
const LONGEST_MS = 3000;

export function watchFinger(): (change: () => void) => void {
  let down = false;
  let held: (() => void)[] = [];
  let release: number | undefined;

  function lift(): void {
    clearTimeout(release);
    release = window.setTimeout(() => {
      down = false;
      const changes = held;
      held = [];
      for (const change of changes) change();
    }, CLICK_MS);
  }

  function press(): void {
    down = true;
    clearTimeout(release);
    release = window.setTimeout(lift, LONGEST_MS);
  }

  addEventListener("pointerdown", press, { passive: true, capture: true });
  for (const end of ["pointerup", "pointercancel"]) addEventListener(end, lift, { passive: true, capture: true });

  return (change) => {
    if (down) held.push(change);
    else change();
  };
}
