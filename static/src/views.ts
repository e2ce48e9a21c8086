// Which region is seen where not all have room, and where in the desk an address leads.

import type { Chosen } from "./filters";

export interface Views {
  show(view: "list" | "question" | "line"): void;
  choose(list: string): void;
  isNarrow(): boolean;
  /** A reload comes back to the same place. */
  remember(open: string | null, chosen: Chosen): void;
}

const SOON_MS = 300;

export function openViews(choose: (list: string) => void, back: () => void): Views {
  const about = document.body.dataset;
  const narrow = matchMedia("(max-width: 49.99rem)");
  let timer: number | undefined;

  function drawTabs(): void {
    for (const tab of document.querySelectorAll<HTMLElement>("a[data-tab]")) {
      const chosen = about["view"] === "line" ? "line" : about["list"];
      if (tab.dataset["tab"] === chosen) tab.setAttribute("aria-current", "page");
      else tab.removeAttribute("aria-current");
    }
  }

  function show(view: string): void {
    const before = about["view"];
    about["view"] = view;
    drawTabs();
    // On a phone the way back is also the phone's own.
    if (view === "question" && before !== "question" && narrow.matches) history.pushState({ open: true }, "");
  }

  function go(list: string): void {
    show("list");
    choose(list);
    drawTabs();
  }

  addEventListener("popstate", () => {
    if (about["view"] !== "question") return;
    show("list");
    back();
  });

  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const tab = target?.closest<HTMLElement>("a[data-tab]")?.dataset["tab"];
    if (tab === undefined && !target?.closest("[data-close]")) return;
    event.preventDefault();
    if (tab === undefined && narrow.matches && (history.state as { open?: boolean } | null)?.open) return history.back();
    if (tab === "line") show("line");
    else if (tab !== undefined) go(tab);
    else {
      show("list");
      back();
    }
  });

  return {
    show,
    choose: go,
    isNarrow: () => narrow.matches,
    remember(open, { filters: { text, ...filters }, sort }) {
      clearTimeout(timer);
      timer = window.setTimeout(() => {
        const fields = { list: about["list"], open, q: text, sort: sort === "newest" ? "" : sort, ...filters };
        const query = new URLSearchParams();
        for (const [name, value] of Object.entries(fields)) if (value) query.set(name, value);
        history.replaceState(history.state, "", `?${query.toString()}`);
      }, SOON_MS);
    },
  };
}
