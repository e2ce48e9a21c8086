// Moving a question in line by its handle: with a mouse, a pen or a finger, or with the arrow keys while it has the
// focus. The rows themselves stay in place until it is dropped, so nothing else moves.

export interface DragEnds {
  rows(): HTMLElement[];
  /** Behind `after`, or to the front where it is empty. */
  drop(id: string, after: string): void;
  step(id: string, way: "up" | "down"): void;
  /** It is over, however it ended. */
  over(): void;
}

const HANDLE = "[data-drag]";
const START_PX = 4;
const EDGE_PX = 48;
const STEP_PX = 10;

/** Behind which of the others something let go at `y` falls; the middles are theirs, in their order. Pure. */
export function behind(middles: readonly { id: string; y: number }[], y: number): string {
  return middles.filter((other) => other.y < y).pop()?.id ?? "";
}

export function openDrag(list: HTMLElement, scroller: HTMLElement, ends: DragEnds): { isOn(): boolean } {
  let row: HTMLElement | null = null;
  let handle: HTMLElement | null = null;
  let started = false;
  let from = 0;
  let y = 0;

  const idOf = (one: Element | null | undefined): string => (one instanceof HTMLElement ? (one.dataset["card"] ?? "") : "");

  function target(): string {
    const others = ends.rows().filter((other) => other !== row);
    const middles = others.map((other) => {
      const { top, height } = other.getBoundingClientRect();
      return { id: idOf(other), y: top + height / 2 };
    });
    return behind(middles, y);
  }

  function mark(): void {
    const others = ends.rows().filter((other) => other !== row);
    const after = target();
    const spot = after ? others.find((other) => idOf(other) === after) : others[0];
    for (const other of others) {
      if (other !== spot) delete other.dataset["drop"];
      else other.dataset["drop"] = after ? "after" : "before";
    }
  }

  function follow(): void {
    if (!row || !started) return;
    const { top, bottom } = scroller.getBoundingClientRect();
    const edge = y < top + EDGE_PX ? -STEP_PX : y > Math.min(bottom, innerHeight) - EDGE_PX ? STEP_PX : 0;
    const before = scroller.scrollTop;
    if (edge) scroller.scrollTop += edge;
    from -= scroller.scrollTop - before;
    row.style.transform = `translateY(${y - from}px)`;
    mark();
    if (edge && scroller.scrollTop !== before) requestAnimationFrame(follow);
  }

  function end(drop: boolean): void {
    const moved = row;
    const after = started && drop ? target() : null;
    if (moved) {
      moved.style.transform = "";
      delete moved.dataset["dragged"];
    }
    for (const other of ends.rows()) delete other.dataset["drop"];
    row = handle = null;
    started = false;
    const before = ends.rows();
    const was = moved ? idOf(before[before.indexOf(moved) - 1]) : "";
    if (moved && after !== null && after !== was) ends.drop(idOf(moved), after);
    ends.over();
  }

  list.addEventListener("pointerdown", (event) => {
    const grip = event.target instanceof Element ? event.target.closest<HTMLElement>(HANDLE) : null;
    if (!grip || event.button !== 0 || row) return;
    row = grip.closest<HTMLElement>("[data-card]");
    handle = grip;
    from = y = event.clientY;
    grip.setPointerCapture(event.pointerId);
  });
  list.addEventListener("pointermove", (event) => {
    if (!row) return;
    y = event.clientY;
    if (!started && Math.abs(y - from) < START_PX) return;
    if (!started) {
      started = true;
      row.dataset["dragged"] = "";
    }
    follow();
  });
  list.addEventListener("pointerup", () => row && end(true));
  list.addEventListener("pointercancel", () => row && end(false));
  addEventListener(
    "keydown",
    (event) => {
      if (!row || event.key !== "Escape") return;
      event.stopPropagation();
      end(false);
    },
    true,
  );
  list.addEventListener("keydown", (event) => {
    const grip = event.target instanceof Element ? event.target.closest<HTMLElement>(HANDLE) : null;
    const way = event.key === "ArrowUp" ? "up" : event.key === "ArrowDown" ? "down" : null;
    if (!grip || !way || grip === handle) return;
    event.preventDefault();
    ends.step(idOf(grip.closest("[data-card]")), way);
  });

  return { isOn: () => started };
}
