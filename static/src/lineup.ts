// The right region: what is on stage, and who is in line. A move shows at once; the server has the last word.

import type { Outcome } from "./acts";
import type { Cards, DeskCard } from "./cards";
import { openDrag } from "./drag";
import { openGuard } from "./guard";
import { steady } from "./listing";
import type { Names } from "./names";
import { focusOn } from "./patches";
import { addressOf, fillAsker, filler, fillWords, mark } from "./rows";
import type { Fill } from "./rows";
import { isUrgent } from "./triage";
import type { Body } from "./wire";

export interface LineEnds {
  cards: Cards;
  names: Names;
  run(command: string, body: Body): Promise<Outcome>;
  isLeaving(id: string): boolean;
}

export interface Line {
  draw(acted?: boolean): void;
  move(id: string, way: "up" | "down"): void;
}

/** The line after `id` has gone behind `after`, or to the front. Pure. */
export function moved(ids: readonly string[], id: string, after: string): string[] {
  const others = ids.filter((other) => other !== id);
  others.splice(after ? others.indexOf(after) + 1 : 0, 0, id);
  return others;
}

/** Behind which one a step leads; null where it leads nowhere. Pure. */
export function behindOf(ids: readonly string[], id: string, way: "up" | "down"): string | null {
  const at = ids.indexOf(id);
  if (at < 0 || (way === "up" ? at === 0 : at === ids.length - 1)) return null;
  return (way === "up" ? ids[at - 2] : ids[at + 1]) ?? "";
}

function fillCard(element: HTMLElement, card: DeskCard, names: Names): Fill {
  const fill = filler(element);
  mark(element, "card", card.id);
  mark(element, "rev", String(card.rev));
  fillWords(fill, card);
  fillAsker(fill, card, names.languages);
  fill("number", String(card.number));
  fill("speaker", card.speaker);
  for (const link of element.querySelectorAll<HTMLAnchorElement>("a[data-open]")) {
    link.dataset["open"] = card.id;
    link.href = addressOf(card.id);
  }
  const hidden: Record<string, string> = { question: card.id, rev: String(card.rev) };
  for (const input of element.querySelectorAll<HTMLInputElement>("form input[type=hidden]")) {
    input.value = hidden[input.name] ?? input.value;
  }
  return fill;
}

const copyOf = (id: string): HTMLElement =>
  document.querySelector<HTMLTemplateElement>(`template#${id}`)?.content.firstElementChild?.cloneNode(true) as HTMLElement;

export function openLine({ cards, names, run, isLeaving }: LineEnds): Line {
  const list = document.getElementById("lineup") as HTMLElement;
  const stage = document.getElementById("stage") as HTMLElement;
  const region = document.getElementById("line") as HTMLElement;
  const guard = openGuard(stage);
  /** Moves of one's own that the cards do not tell of yet: behind which one, and from which rev on they do. */
  const pending = new Map<string, { after: string; until: number }>();
  let hovered = false;
  /** Pointed at what stands under the line, and would be pushed down by it. */
  let below = false;

  const rows = (): HTMLElement[] => Array.from(list.querySelectorAll<HTMLElement>(":scope > [data-card]"));
  const idsOf = (): string[] => rows().map((row) => row.dataset["card"] ?? "");
  const inLine = (): string[] => rows().filter((row) => !row.hasAttribute("data-left")).map((row) => row.dataset["card"] ?? "");

  function wanted(): string[] {
    let ids = cards.in("lineup").map((card) => card.id).filter((id) => !isLeaving(id));
    for (const [id, { after, until }] of pending) {
      if ((cards.of(id)?.rev ?? Infinity) >= until || !ids.includes(id) || (after && !ids.includes(after))) pending.delete(id);
      else ids = moved(ids, id, after);
    }
    return ids;
  }

  function draw(acted = false): void {
    drawStage();
    if (drag.isOn() || (below && !acted)) return;
    const ids = wanted();
    const focus = document.activeElement;
    const at = rows().findIndex((row) => row.contains(focus));
    const held = !acted && (hovered || list.querySelector(":focus-visible") !== null);
    const seen = steady(idsOf(), ids, held);
    const there = new Map(rows().map((row) => [row.dataset["card"] ?? "", row]));
    for (const [id, row] of there) if (!seen.includes(id)) row.remove();
    seen.forEach((id, at) => {
      const row = there.get(id) ?? copyOf("line-row");
      drawRow(row, id, ids.indexOf(id) + 1);
      const now = rows()[at];
      if (now !== row) list.insertBefore(row, now ?? null);
    });
    if (focus instanceof HTMLElement && list.contains(focus)) {
      const handle = focus.closest("[data-card]")?.querySelector<HTMLElement>("[data-drag]");
      // The first has no way up, the last none down: then the handle goes on.
      const stays = focus.checkVisibility?.({ visibilityProperty: true }) ?? true;
      if (!stays) handle?.focus({ preventScroll: true });
      else if (focus !== document.activeElement) focus.focus({ preventScroll: true });
    }
    // Who took one out goes on with the one that took its place.
    if (at >= 0 && !focus?.isConnected) focusOn(rows()[Math.min(at, seen.length - 1)]?.querySelector<HTMLElement>("[data-drag]") ?? region);
    for (const spot of document.querySelectorAll<HTMLElement>('[data-empty="lineup"]')) spot.hidden = seen.length > 0;
    for (const form of document.querySelectorAll<HTMLElement>('[data-empty="stage"] form')) form.hidden = !ids.length;
  }

  function drawRow(row: HTMLElement, id: string, place: number): void {
    const card = cards.of(id);
    if (!card) return;
    const fill = fillCard(row, card, names);
    row.id = `line-${id}`;
    mark(row, "order", card.order);
    mark(row, "urgent", isUrgent(card));
    mark(row, "left", place === 0);
    fill("place", place ? String(place) : null);
    // While it is dragged the page must not scroll along.
    const handle = row.querySelector<HTMLElement>("[data-drag]");
    if (handle) handle.style.touchAction = "none";
  }

  function drawStage(): void {
    const [card] = cards.in("stage");
    const old = stage.querySelector<HTMLElement>("[data-card]");
    for (const spot of document.querySelectorAll<HTMLElement>('[data-empty="stage"]')) spot.hidden = card !== undefined;
    if (old?.dataset["card"] !== card?.id) guard.settle();
    if (!card || old?.dataset["card"] !== card.id) old?.remove();
    if (!card) return;
    const article = stage.querySelector<HTMLElement>("[data-card]") ?? copyOf("stage-card");
    if (!article.isConnected) stage.prepend(article);
    fillCard(article, card, names);
  }

  async function put(id: string, after: string): Promise<void> {
    const card = cards.of(id);
    if (!card) return;
    const mine = { after, until: Infinity };
    pending.delete(id);
    pending.set(id, mine);
    draw(true);
    const { answer } = await run("lineup.move", { question: id, rev: card.rev, after });
    if (answer.ok) mine.until = answer.rev ?? 0;
    else if (pending.get(id) === mine) pending.delete(id);
    draw(true);
  }

  function move(id: string, way: "up" | "down"): void {
    const after = behindOf(inLine(), id, way);
    if (after !== null) void put(id, after);
  }

  list.addEventListener("pointerenter", ({ pointerType }) => void (hovered = pointerType !== "touch"));
  list.addEventListener("pointerleave", () => {
    hovered = false;
    draw();
  });
  list.addEventListener("focusout", ({ relatedTarget }) => {
    if (!(relatedTarget instanceof Node && list.contains(relatedTarget)) && document.hasFocus()) setTimeout(draw);
  });
  const balance = document.getElementById("balance");
  balance?.addEventListener("pointerenter", ({ pointerType }) => void (below = pointerType !== "touch"));
  balance?.addEventListener("pointerleave", () => {
    below = false;
    draw();
  });
  const drag = openDrag(list, region, {
    rows,
    drop: (id, after) => void put(id, after),
    step: move,
    over: () => draw(),
  });

  return { draw, move };
}
