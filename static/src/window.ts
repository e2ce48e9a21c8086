// A list of thousands of which only the rows in sight are in the page. All rows have the same height.

export interface Window {
  /** These rows, in this order; what is in sight stays in sight. */
  show(rows: readonly string[]): void;
  /** Draws what is in sight anew. */
  draw(): void;
  /** Brings a row into sight, no further than needed. */
  reveal(id: string): void;
  /** A row that is in the page. */
  row(id: string): HTMLElement | undefined;
  top(): void;
}

const BEYOND = 8;

/** The first and the last row that have to be there, the latter not included. */
export function span(top: number, height: number, row: number, count: number): [number, number] {
  const first = Math.max(0, Math.min(Math.floor(top / row), count) - BEYOND);
  return [first, Math.min(count, Math.ceil((top + height) / row) + BEYOND)];
}

export function openWindow(
  scroller: HTMLElement,
  list: HTMLElement,
  make: () => HTMLElement,
  fill: (row: HTMLElement, id: string) => void,
): Window {
  let rows: readonly string[] = [];
  let height = 0;
  // Kept, because asking for them costs a layout of the whole page.
  let top = scroller.scrollTop;
  let room = scroller.clientHeight;
  const there = new Map<string, HTMLElement>();
  for (const row of list.querySelectorAll<HTMLElement>(":scope > [data-card]")) there.set(row.dataset["card"] ?? "", row);

  function measure(): void {
    const row = there.values().next().value ?? list.appendChild(make());
    const found = row.getBoundingClientRect().height;
    if (!row.dataset["card"]) row.remove();
    if (found) height = found;
  }

  /** A row with the focus stays in the page, in its place, however far away that is. */
  function pinned(from: number, to: number): [string, number] | null {
    const id = document.activeElement?.closest<HTMLElement>("[data-card]");
    if (!id || id.parentElement !== list) return null;
    const at = rows.indexOf(id.dataset["card"] ?? "");
    return at >= 0 && (at < from || at >= to) ? [rows[at] ?? "", at] : null;
  }

  function place(id: string, at: number, out: boolean): HTMLElement {
    const row = there.get(id) ?? make();
    there.set(id, row);
    if (out || row.style.position) {
      row.style.position = out ? "absolute" : "";
      row.style.insetBlockStart = out ? `${at * height}px` : "";
      row.style.insetInline = out ? "0" : "";
    }
    for (const [name, number] of [["aria-posinset", at + 1], ["aria-setsize", rows.length]] as const) {
      if (row.getAttribute(name) !== String(number)) row.setAttribute(name, String(number));
    }
    fill(row, id);
    return row;
  }

  function draw(): void {
    if (!height) measure();
    if (!height) return;
    const [from, to] = span(top, room, height, rows.length);
    const pin = pinned(from, to);
    const seen = rows.slice(from, to).map((id, at): [string, number] => [id, from + at]);
    const all = !pin ? seen : pin[1] < from ? [pin, ...seen] : [...seen, pin];
    const wanted = new Set(all.map(([id]) => id));
    for (const [id, row] of there) {
      if (wanted.has(id)) continue;
      there.delete(id);
      row.remove();
    }
    const focus = document.activeElement;
    let next = list.firstElementChild;
    for (const [id, at] of all) {
      const row = place(id, at, id === pin?.[0]);
      if (row === next) next = next.nextElementSibling;
      else list.insertBefore(row, next);
    }
    // Moving a row drops its focus.
    if (focus instanceof HTMLElement && focus !== document.activeElement && list.contains(focus)) {
      focus.focus({ preventScroll: true });
    }
    list.style.position = "relative";
    list.style.paddingBlockStart = `${from * height}px`;
    list.style.paddingBlockEnd = `${(rows.length - to) * height}px`;
  }

  /** Draws first: everything is written before the browser is made to lay the page out, once. */
  function scrollTo(wanted: number): void {
    top = Math.max(0, Math.min(wanted, rows.length * height - room));
    draw();
    scroller.scrollTop = top;
  }

  let due = 0;
  const follow = (): void => {
    due = 0;
    top = scroller.scrollTop;
    draw();
  };
  scroller.addEventListener("scroll", () => (due ||= requestAnimationFrame(follow)), { passive: true });
  new ResizeObserver(() => {
    room = scroller.clientHeight;
    measure();
    follow();
  }).observe(scroller);

  return {
    draw,
    show(wanted) {
      const first = Math.floor(top / (height || 1));
      const anchor = top > 0 ? rows.slice(first).find((id) => wanted.includes(id)) : undefined;
      const was = anchor === undefined ? 0 : rows.indexOf(anchor);
      rows = wanted;
      draw();
      if (anchor === undefined) return;
      const by = rows.indexOf(anchor) - was;
      if (!by) return;
      scrollTo(top + by * height);
    },
    reveal(id) {
      const at = rows.indexOf(id) * height;
      // It was out of sight until just now.
      room ||= scroller.clientHeight;
      if (at < 0 || !height) return draw();
      if (at < top) scrollTo(at);
      else if (at + height > top + room) scrollTo(at + height - room);
      else draw();
    },
    row: (id) => there.get(id),
    top() {
      scrollTo(0);
    },
  };
}
