// The form above the list: what of it is seen, and in what order.

import { nameOf } from "./names";
import type { Names } from "./names";
import { narrowed } from "./triage";
import type { Choices, Filters } from "./triage";

export interface Chosen {
  filters: Filters;
  sort: string;
}

export interface FilterForm {
  chosen(): Chosen;
  /** One filter alone, all others off. */
  only(name: keyof Filters, value: string): void;
  clear(): void;
  focus(): void;
  /** Out of the search: first what is written there goes; false where the focus is elsewhere. */
  leave(): boolean;
  /** What there is to choose from by now. */
  offer(choices: Choices): void;
  draw(list: string, seen: number, all: number, found: string): void;
}

const FIELDS: readonly (keyof Filters)[] = ["language", "topic", "school", "flag", "tag", "whose", "text"];
const OFFERED = ["language", "topic", "school", "flag", "tag"] as const;

type Field = HTMLInputElement | HTMLSelectElement;

export function openFilters(form: HTMLFormElement, names: Names, changed: () => void): FilterForm {
  const field = (name: string): Field | null => form.querySelector<Field>(`[name="${name === "text" ? "q" : name}"]`);
  const found = document.getElementById("found");
  let value: Chosen = read();

  function read(): Chosen {
    const filters: Filters = {};
    for (const name of FIELDS) {
      const chosen = field(name)?.value.trim();
      if (chosen) filters[name] = chosen;
    }
    return { filters, sort: field("sort")?.value || "newest" };
  }

  function take(): void {
    value = read();
    changed();
  }

  function clear(): void {
    for (const name of FIELDS) {
      const spot = field(name);
      if (spot) spot.value = "";
    }
  }

  form.addEventListener("input", take);
  form.addEventListener("change", take);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    take();
  });
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element && event.target.closest("[data-clear]"))) return;
    event.preventDefault();
    clear();
    take();
  });

  const nameFor = (kind: (typeof OFFERED)[number], code: string): string =>
    kind === "language"
      ? nameOf(names.languages, code)
      : kind === "flag"
        ? (names.flags[code]?.say ?? nameOf(names.marks, code))
        : code;

  return {
    chosen: () => value,
    clear() {
      clear();
      take();
    },
    only(name, wanted) {
      clear();
      const spot = field(name);
      if (spot instanceof HTMLSelectElement && ![...spot.options].some((option) => option.value === wanted)) {
        spot.add(new Option(wanted, wanted));
      }
      if (spot) spot.value = wanted;
      take();
    },
    focus() {
      const search = field("text");
      search?.focus();
      if (search instanceof HTMLInputElement) search.select();
    },
    leave() {
      const search = field("text");
      if (!search || search !== document.activeElement) return false;
      if (!search.value) search.blur();
      search.value = "";
      take();
      return true;
    },
    offer(choices) {
      for (const kind of OFFERED) {
        const select = field(kind);
        if (!(select instanceof HTMLSelectElement) || select === document.activeElement) continue;
        const said = new Map([...select.options].map((option) => [option.value, option.text.replace(/ · \d+$/, "")]));
        const counted = Object.entries(choices[kind]).sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
        const options = counted.map(([code, number]) => [code, `${said.get(code) ?? nameFor(kind, code)} · ${number}`]);
        // What is chosen stays to be seen, also where nothing is like that any more.
        if (select.value && !choices[kind][select.value]) options.push([select.value, `${said.get(select.value)} · 0`]);
        const told = JSON.stringify(options);
        if (select.dataset["told"] === told) continue;
        select.dataset["told"] = told;
        const chosen = select.value;
        select.replaceChildren(select.options[0] ?? "", ...options.map(([code, words]) => new Option(words, code)));
        select.value = chosen;
      }
    },
    draw(list, seen, all, words) {
      const on = narrowed(value.filters);
      const isOn = on > 0 || Boolean(value.filters.text);
      const hidden = form.querySelector<HTMLInputElement>('[name="list"]');
      if (hidden) hidden.value = list;
      for (const spot of form.querySelectorAll<HTMLElement>("[data-narrowed]")) {
        spot.textContent = String(on);
        spot.hidden = on === 0;
      }
      if (found) {
        if (found.textContent !== words) found.textContent = words;
        found.hidden = !isOn;
      }
      for (const spot of document.querySelectorAll<HTMLElement>(".seen [data-clear]")) spot.hidden = !isOn;
      const empty = seen ? "" : isOn && all ? "found" : list;
      for (const spot of document.querySelectorAll<HTMLElement>("#lists [data-empty]")) {
        spot.hidden = spot.dataset["empty"] !== empty;
      }
    },
  };
}
