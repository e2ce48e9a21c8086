// The left region: one list at a time, its rows, what is picked of them, and that nothing moves while somebody looks.

import type { Cards, DeskCard } from "./cards";
import type { FilterForm } from "./filters";
import { nextOf, steady, step } from "./listing";
import { focusOn } from "./patches";
import { drawRow } from "./rows";
import type { Sight } from "./rows";
import type { Selection } from "./selection";
import { text } from "./texts";
import { filtered, inOrder } from "./triage";
import type { Around } from "./triage";
import { openWindow } from "./window";

export interface ListEnds {
  cards: Cards;
  selection: Selection;
  filters: FilterForm;
  sight: Sight;
  around(): Around;
  isLeaving(id: string): boolean;
  /** Something is picked, or not any more. */
  picked(): void;
}

export interface Lists {
  rows(): readonly string[];
  /** Shows what came. Rows stay where they are while somebody looks, unless they themselves acted. */
  refresh(acted?: boolean, keepOpen?: boolean): void;
  choose(list: string): void;
  next(id: string, free: (card: DeskCard) => boolean): string | undefined;
  step(id: string | null, by: number): string | undefined;
  /** The row of a question, brought into sight; with `focus` for who is in the list with the keyboard. */
  reveal(id: string, focus: boolean): void;
  hasFocus(): boolean;
  /** Puts the focus where the rows are. */
  enter(): void;
  draw(): void;
  pick(id: string, reach: boolean): void;
}

export function openLists(ends: ListEnds): Lists {
  const { cards, selection, filters } = ends;
  const about = document.body.dataset;
  const scroller = document.getElementById("scroller") as HTMLElement;
  const list = document.getElementById("list") as HTMLElement;
  const pattern = document.querySelector<HTMLTemplateElement>("template#row");
  let rows: readonly string[] = [];
  let hovered = false;
  let touched = false;
  let ordered: { of: readonly DeskCard[]; by: string; cards: DeskCard[] } | undefined;

  const make = (): HTMLElement => pattern?.content.firstElementChild?.cloneNode(true) as HTMLElement;
  const seen = openWindow(scroller, list, make, (row, id) => {
    const card = cards.of(id);
    if (card) drawRow(row, card, ends.sight);
  });

  const hasFocus = (): boolean => list.contains(document.activeElement);
  /** Who clicked a row and went on elsewhere is not in the list any more; who is there with the keyboard is. */
  const isReading = (): boolean => list.querySelector(":focus-visible") !== null;
  const chosen = (): string => about["list"] ?? "waiting";

  function wanted(): string[] {
    const { filters: wish, sort } = filters.chosen();
    const all = cards.in(chosen());
    const by = `${chosen()} by ${sort}`;
    if (ordered?.of !== all || ordered.by !== by || sort === "most") {
      ordered = { of: all, by, cards: inOrder(all, chosen(), sort, ends.around().tallies) };
    }
    return filtered(ordered.cards, wish, ends.around())
      .map((card) => card.id)
      .filter((id) => !ends.isLeaving(id));
  }

  function refresh(acted = false, keepOpen = true): void {
    const now = wanted();
    const open = ends.sight.open();
    const held = !acted && (hovered || touched || isReading());
    if (acted) touched = false;
    // The open question keeps its row until it is left; what one has decided oneself goes at once.
    const keep = new Set(keepOpen && open !== null && !ends.isLeaving(open) && cards.of(open) ? [open] : []);
    rows = steady(rows, now, held, keep).filter((id) => !ends.isLeaving(id) && cards.of(id));
    selection.keep((id) => cards.of(id)?.place === chosen());
    seen.show(rows);
    const all = cards.in(chosen()).length;
    filters.draw(chosen(), rows.length, all, text("found", { n: now.length, all }));
    ends.picked();
  }

  scroller.addEventListener("pointerenter", ({ pointerType }) => {
    if (pointerType === "touch") touched = true;
    else hovered = true;
  });
  scroller.addEventListener("pointerleave", ({ pointerType }) => {
    if (pointerType === "touch") return;
    hovered = false;
    refresh();
  });
  // A finger leaves no trace when it lifts: it is away once it is put down elsewhere.
  addEventListener("pointerdown", ({ target }) => {
    if (!touched || (target instanceof Node && scroller.contains(target))) return;
    touched = false;
    refresh();
  });
  list.addEventListener("focusout", ({ relatedTarget }) => {
    if (!(relatedTarget instanceof Node && list.contains(relatedTarget)) && document.hasFocus()) setTimeout(refresh);
  });
  list.addEventListener("click", (event) => {
    const box = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-pick]") : null;
    const id = box?.closest<HTMLElement>("[data-card]")?.dataset["card"];
    if (id) pick(id, event.shiftKey);
  });

  function pick(id: string, reach: boolean): void {
    if (reach) selection.reach(id, rows);
    else selection.toggle(id);
    seen.draw();
    ends.picked();
  }

  return {
    rows: () => rows,
    refresh,
    hasFocus,
    enter: () => focusOn(scroller),
    pick,
    draw: seen.draw,
    choose(name) {
      about["list"] = name;
      rows = [];
      selection.set([]);
      refresh(true);
      seen.top();
    },
    next: (id, free) =>
      nextOf(rows, id, (other) => {
        const card = cards.of(other);
        return card !== undefined && card.place === chosen() && !ends.isLeaving(other) && free(card);
      }),
    step: (id, by) => step(rows, id, by),
    reveal(id, focus) {
      seen.reveal(id);
      // What has left the list meanwhile has no row to go back to.
      if (focus) focusOn(seen.row(id)?.querySelector<HTMLElement>("a[data-open]") ?? scroller);
    },
  };
}
