// Who is heard: what each language, topic and school has waiting, in line and answered.

import { nameOf } from "./names";
import type { Names } from "./names";
import { text } from "./texts";
import type { Balance, Share } from "./triage";

const MOST = 8;
const WITHOUT: Readonly<Partial<Record<keyof Balance, string>>> = { topics: "without_topic", schools: "without_school" };
export const FILTER_OF = { languages: "language", topics: "topic", schools: "school" } as const;

export function drawBalance(balance: Balance, { languages }: Names): void {
  const pattern = document.querySelector<HTMLTemplateElement>("template#balance-row")?.content.firstElementChild;
  for (const table of document.querySelectorAll<HTMLTableElement>("table[data-balance]")) {
    const kind = table.dataset["balance"] as keyof Balance;
    const shares = balance[kind].slice(0, MOST);
    table.hidden = shares.length < 2;
    const told = JSON.stringify(shares);
    const body = table.tBodies[0];
    // A row that is pointed at or has the focus is not pulled away.
    if (!pattern || !body || table.dataset["told"] === told || body.matches(":hover, :focus-within")) continue;
    table.dataset["told"] = told;
    body.replaceChildren(...shares.map((share) => drawShare(pattern, kind, share, languages)));
  }
}

function drawShare(pattern: Element, kind: keyof Balance, [key, ...numbers]: Share, languages: Names["languages"]): Element {
  const row = pattern.cloneNode(true) as HTMLElement;
  const words = kind === "languages" ? nameOf(languages, key) : key === "-" ? text(WITHOUT[kind] ?? "") : key;
  const link = row.querySelector("a");
  row.dataset["key"] = key;
  if (link) {
    link.href = `?${new URLSearchParams({ list: "waiting", [FILTER_OF[kind]]: key }).toString()}`;
    (link.querySelector("bdi") ?? link).textContent = words;
  }
  row.querySelectorAll("td").forEach((cell, at) => (cell.textContent = String(numbers[at] ?? "")));
  return row;
}
