// Where the reader is on the page, or in a region of the desk.

/** What scrolls this element: the page, or a region of the desk. */
function scrollerOf(element: Element): Element {
  for (let up = element.parentElement; up && up !== document.body; up = up.parentElement) {
    if (up.scrollHeight > up.clientHeight && /auto|scroll/.test(getComputedStyle(up).overflowY)) return up;
  }
  return document.scrollingElement ?? document.documentElement;
}

/** Cards that changed their place are no measure of where the reader was. */
let moved = new Set<Element>();

export function noteMoved(card: Element): void {
  moved.add(card);
}

// Two anchors would correct each other.
if (typeof document === "object") document.documentElement.style.setProperty("overflow-anchor", "none");

/** What is being read stays where it is, whatever comes or goes above it, cards and sentences alike. */
export function keepScroll(change: () => void): void {
  const seen: { card: HTMLElement; top: number; scroller: Element }[] = [];
  for (const card of document.querySelectorAll<HTMLElement>("[data-place] > [data-card]")) {
    const { top, bottom, height } = card.getBoundingClientRect();
    if (!height || bottom <= 0 || top > innerHeight) continue;
    const scroller = scrollerOf(card);
    // At its very top a region shows what comes; further down the reader's place counts.
    if (scroller.scrollTop > 0) seen.push({ card, top, scroller });
  }
  moved = new Set();
  change();
  const done = new Set<Element>();
  for (const { card, top, scroller } of seen) {
    if (done.has(scroller) || moved.has(card) || !card.isConnected || card.hidden) continue;
    scroller.scrollTop += card.getBoundingClientRect().top - top;
    done.add(scroller);
  }
}

/** In a region, what is pointed at or has the focus stays where it is; else what is read at its top. */
export function keepPlace(region: HTMLElement, change: () => void): void {
  const { top: edge } = region.getBoundingClientRect();
  const focus = region.contains(document.activeElement) ? document.activeElement : null;
  const read = region.scrollTop > 0 ? Array.from(region.children).find((one) => one.getBoundingClientRect().bottom > edge) : null;
  // A finger points at nothing once it is up, whatever the browser says.
  const pointed = matchMedia("(hover: hover)").matches ? Array.from(region.querySelectorAll(":hover")).pop() : undefined;
  const anchor = pointed ?? focus ?? read;
  const before = anchor?.getBoundingClientRect().top ?? 0;
  change();
  if (anchor?.isConnected && anchor.getClientRects().length) region.scrollTop += anchor.getBoundingClientRect().top - before;
}
