// The open question, as the server renders it. What is half typed there is kept, whatever happens around it.

import type { DeskCard } from "./cards";
import { keepWords, lost, typedIn } from "./conflicts";
import { openGuard } from "./guard";
import type { Link } from "./link";
import { halfTyped, morph } from "./morph";
import { focusOn, isSeen, parse } from "./patches";
import { keepPlace } from "./scroll";
import { openShelves } from "./shelves";
import type { Page } from "./shelves";
import { text } from "./texts";

export interface PanelEnds {
  card(id: string): DeskCard | undefined;
  /** Lays what is not in the server's HTML over it: claims, votes, times. */
  dress(article: HTMLElement): void;
  /** Whether a question stands as it does by one's own hand. */
  isOwn(id: string, rev: number): boolean;
  /** Nothing may change under a finger. */
  calmly(change: () => void): void;
  drawn(): void;
}

export interface Panel {
  readonly id: string | null;
  article(): HTMLElement | null;
  /** Whether what is to be seen is all of the open question. */
  isWhole(): boolean;
  open(id: string | null, next: readonly string[]): void;
  /** This question is another now, or what lies around it. */
  changed(ids: readonly string[], around?: boolean): void;
  /** Its buttons mean something else now, by a colleague's doing. */
  settle(): void;
  /** Looks for questions to join the open one with. */
  find(words: string): Promise<void>;
}

const MOST_KEPT = 20;

export function openPanel(link: Link, host: HTMLElement, ends: PanelEnds): Panel {
  const empty = host.querySelector<HTMLElement>('[data-empty="panel"]');
  const guard = openGuard(host, "[data-decide], [data-claimed]");
  /** Articles with something half typed or under way, until somebody comes back to them. */
  const kept = new Map<string, HTMLElement>();
  const words = new Map<string, string[]>();
  let open = host.querySelector<HTMLElement>("#question")?.dataset["card"] ?? null;
  let next: readonly string[] = [];

  const article = (): HTMLElement | null => host.querySelector<HTMLElement>("#question");
  const shelves = openShelves(
    link,
    (id) => ends.card(id)?.rev ?? 0,
    (id) => id === open && ends.calmly(() => id === open && draw(shelves.of(id))),
  );

  function draw(page: Page | undefined): void {
    const old = article();
    const fresh = page && parse(page.html);
    if (!fresh || open === null) return;
    if (old?.dataset["card"] === open && !old.hasAttribute("data-glance")) {
      const before = [...typedIn(old), ...(words.get(open) ?? [])];
      const state = old.dataset["state"];
      const busy = old.querySelector('[aria-busy="true"]') !== null;
      const focus = document.activeElement;
      const had = old.contains(focus);
      keepPlace(old.querySelector<HTMLElement>(".reading") ?? old, () => {
        old.querySelector("[data-kept-words]")?.remove();
        morph(old, fresh);
        keepWords(old, lost(before, typedIn(old)));
      });
      words.set(open, lost(before, typedIn(old)));
      const isOwn = busy || ends.isOwn(open, Number(old.dataset["rev"]));
      if (old.dataset["state"] !== state) guard.settle(isOwn);
      // A field that is folded away has lost the focus as well, only later.
      const left = document.activeElement;
      const stays = left !== null && old.contains(left) && isSeen(left);
      const section = focus?.closest("[data-twins]") ? old.querySelector<HTMLElement>("[data-twins]") : null;
      if (had && !stays) focusOn(section ?? old);
    } else swap(fresh);
    const now = article();
    if (now) ends.dress(now);
    ends.drawn();
  }

  /** Another question, in place of the one before. */
  function swap(fresh: HTMLElement | null): void {
    const old = article();
    const had = host.contains(document.activeElement) && document.activeElement !== host;
    const id = old?.dataset["card"];
    if (old && id && id !== open && (halfTyped(old) || old.querySelector('[aria-busy="true"]'))) {
      kept.set(id, old);
      for (const first of kept.keys()) if (kept.size > MOST_KEPT) kept.delete(first);
    }
    old?.remove();
    if (fresh) host.append(fresh);
    if (empty) empty.hidden = fresh !== null;
    // Who was in the panel reads on with the new question.
    if (had) focusOn(fresh?.querySelector<HTMLElement>("[data-words]") ?? host);
  }

  /** Its words at once, until the rest of it is here. */
  function glance(card: DeskCard): HTMLElement {
    const glimpse = document.createElement("article");
    const line = document.createElement("p");
    glimpse.id = "question";
    glimpse.dataset["card"] = card.id;
    glimpse.dataset["glance"] = "";
    glimpse.setAttribute("aria-busy", "true");
    line.className = "words";
    line.dataset["words"] = "";
    line.dir = "auto";
    line.lang = card.lang;
    line.textContent = card.words ?? text("words_out");
    glimpse.append(line);
    return glimpse;
  }

  const wish = (): void => shelves.wish(open === null ? [] : [open, ...next]);

  // What lies around the question waits while somebody points into it; the question itself never does.
  const around = new Set<string>();
  let pointed = false;

  function forget(): void {
    for (const id of around) shelves.drop(id);
    around.clear();
  }

  function point(into: boolean): void {
    pointed = into;
    if (into || !around.size) return;
    forget();
    wish();
  }

  host.addEventListener("pointerover", ({ pointerType, target }) => {
    point(pointerType !== "touch" && target instanceof Element && target.closest(".reading") !== null);
  });
  host.addEventListener("pointerleave", () => point(false));

  return {
    get id() {
      return open;
    },
    article,
    isWhole: () => article()?.dataset["card"] === open && !article()?.hasAttribute("data-glance"),
    open(id, after) {
      next = after;
      if (id !== open) {
        open = id;
        guard.free();
        forget();
        const back = kept.get(id ?? "");
        const page = shelves.of(id ?? "");
        const card = ends.card(id ?? "");
        kept.delete(id ?? "");
        // What was sent meanwhile is half typed no more.
        const typed = back !== undefined && halfTyped(back);
        if (typed) swap(back);
        if (page) draw(page);
        else if (!typed) swap(card ? glance(card) : null);
        const now = article();
        if (!page && now) ends.dress(now);
      }
      wish();
    },
    settle: guard.settle,
    changed(ids, isAround = false) {
      for (const id of isAround ? ids : []) {
        if (pointed && id === open) around.add(id);
        else shelves.drop(id);
      }
      wish();
    },
    async find(like) {
      const id = open;
      const path = `/desk/${encodeURIComponent(id ?? "")}?${new URLSearchParams({ like }).toString()}`;
      const page = (await link.read(path)) as Page;
      if (id === open) draw(page);
    },
  };
}
