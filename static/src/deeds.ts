// What keys and clicks do, beside what is a form.

import type { Acts } from "./acts";
import { FILTER_OF } from "./balance";
import type { Cards, DeskCard } from "./cards";
import type { Claims } from "./claims";
import type { FilterForm } from "./filters";
import type { Forms } from "./forms";
import { foldUp, press, startKeys } from "./keyboard";
import type { Lists } from "./lists";
import type { Panel } from "./panel";
import type { Toast } from "./toast";
import type { Views } from "./views";
import type { Way } from "./way";

export interface DeedEnds {
  cards: Cards;
  claims: Claims;
  acts: Acts;
  filters: FilterForm;
  forms: Forms;
  lists: Lists;
  panel: Panel;
  toast: Toast;
  views: Views;
  way: Way;
}

const PATIENCE_MS = 3000;

const showKeys = (): void => document.querySelector<HTMLDialogElement>("dialog#keys")?.showModal();

export function startDeeds(ends: DeedEnds): { drawn(): void } {
  const { cards, claims, acts, filters, forms, lists, panel, toast, views, way } = ends;
  /** Pressed before the open question was all here. */
  let early: { id: string; key: string; at: number } | undefined;

  /** From waiting to the line in one press: approved, and put in line. */
  async function straight({ id, rev }: DeskCard): Promise<void> {
    const { answer, ...outcome } = await acts.run("question.approve", { question: id, rev });
    if (answer.ok) await forms.act("lineup.add", { question: id, rev: answer.rev ?? rev });
    else forms.tell({ answer, ...outcome });
  }

  function missing(key: string): void {
    const card = cards.of(panel.id ?? "");
    if (!card) return;
    if (!panel.isWhole()) early = { id: card.id, key, at: Date.now() };
    else if (key === "q" && card.state === "held" && !card.private && !claims.other(card.id)) void straight(card);
  }

  startKeys({
    article: () => (panel.isWhole() ? panel.article() : null),
    missing,
    deeds: {
      next: () => way.step(1),
      previous: () => way.step(-1),
      open() {
        const focus = document.activeElement;
        if (focus && focus !== document.body && !focus.matches("#main, #panel, #question, #scroller")) return false;
        if (panel.id === null) way.step(1);
        if (panel.id !== null) views.show("question");
        way.intoPanel();
        return true;
      },
      select: () => panel.id !== null && lists.pick(panel.id, false),
      reach: () => panel.id !== null && lists.pick(panel.id, true),
      undo: () => toast.undo(),
      search() {
        if (views.isNarrow()) views.show("list");
        filters.focus();
      },
      keys: showKeys,
      close() {
        if (filters.leave() || foldUp(panel.article())) return true;
        if (views.isNarrow()) views.show("list");
        if (panel.id !== null) lists.reveal(panel.id, true);
        return true;
      },
    },
  });

  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    if (!target || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const pressed = target.closest<HTMLElement>("a[data-open], a[data-step], [data-take], [data-keys], #balance a");
    if (!pressed) return;
    event.preventDefault();
    const { open: id, step } = pressed.dataset;
    const kind = pressed.closest<HTMLElement>("[data-balance]")?.dataset["balance"];
    if (kind) {
      views.choose("waiting");
      filters.only(FILTER_OF[kind as keyof typeof FILTER_OF], pressed.closest<HTMLElement>("tr")?.dataset["key"] ?? "");
    } else if (step !== undefined) way.step(Number(step));
    else if (pressed.hasAttribute("data-take")) void claims.takeOver();
    else if (pressed.hasAttribute("data-keys")) showKeys();
    else if (id) {
      way.open(id);
      // With the keyboard, and where the list has gone from sight, one reads on in the question.
      if (event.detail === 0 || views.isNarrow()) way.intoPanel();
    }
  });

  return {
    drawn() {
      const wish = early;
      early = undefined;
      if (!wish || wish.id !== panel.id || Date.now() - wish.at > PATIENCE_MS) return;
      const target = panel.article()?.querySelector<HTMLElement>(`[data-key="${wish.key}"]`);
      if (target) press(target);
      else missing(wish.key);
    },
  };
}
