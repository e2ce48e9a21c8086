// The way through the questions: what is open, what comes next, and who is told that somebody is on it.

import type { Cards } from "./cards";
import { REST_MS } from "./claims";
import type { Claims } from "./claims";
import { pageSpot, sayOnPage } from "./commands";
import type { FilterForm } from "./filters";
import { makeKey } from "./keys";
import type { Link } from "./link";
import type { Lists } from "./lists";
import type { Names } from "./names";
import type { Panel } from "./panel";
import { focusOn } from "./patches";
import { isUrgent } from "./triage";
import type { Views } from "./views";

export interface WayEnds {
  link: Link;
  cards: Cards;
  names: Names;
  claims: Claims;
  filters: FilterForm;
  lists: Lists;
  panel: Panel;
  views: Views;
  host: HTMLElement;
}

export interface Way {
  open(id: string | null, view?: boolean): void;
  /** From a question that one has decided to the next one that nobody else is on. */
  goOn(id: string): void;
  step(by: number): void;
  /** Whoever rests on what may reveal danger has seen it: that is kept, once. */
  see(): void;
  intoPanel(): void;
}

export function openWay({ link, cards, names, claims, filters, lists, panel, views, host }: WayEnds): Way {
  const seen = new Set<string>();
  let rested: number | undefined;

  const nextOf = (id: string): string | undefined => lists.next(id, (card) => !claims.other(card.id));

  /** What would come next, to be fetched ahead. */
  function ahead(id: string): string[] {
    const next = nextOf(id);
    const after = next === undefined ? undefined : nextOf(next);
    return [next, after].filter((one): one is string => one !== undefined && one !== id);
  }

  function see(): void {
    const card = cards.of(panel.id ?? "");
    if (!card || !names.may_decide || !isUrgent(card) || document.hidden || seen.has(card.id)) return;
    seen.add(card.id);
    void link.command("question.see", { question: card.id, key: makeKey() }).then((answer) => {
      if (!answer.ok) seen.delete(card.id);
    });
  }

  function open(id: string | null, view = true): void {
    const inList = lists.hasFocus();
    panel.open(id, id === null ? [] : ahead(id));
    if (names.may_decide) claims.rest(id);
    lists.reveal(id ?? "", inList);
    // What was said about it meanwhile stands in its own place now.
    if (id !== null && pageSpot()?.querySelector(`[data-open="${CSS.escape(id)}"]`)) sayOnPage("");
    if (view && id !== null) views.show("question");
    views.remember(id, filters.chosen());
    clearTimeout(rested);
    rested = window.setTimeout(see, REST_MS);
  }

  return {
    open,
    see,
    goOn(id) {
      const next = nextOf(id);
      open(next ?? null, false);
      if (next !== undefined || !views.isNarrow()) return;
      views.show("list");
      // The question that had the focus is out of sight now.
      lists.enter();
    },
    step(by) {
      const next = lists.step(panel.id, by);
      if (next === undefined || next === panel.id) return;
      open(next, false);
      if (document.activeElement === document.body) lists.reveal(next, true);
    },
    intoPanel: () => focusOn(panel.article()?.querySelector<HTMLElement>("[data-words]") ?? host),
  };
}
