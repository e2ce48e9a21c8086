// What the page knows of its session beside the questions, as the server put it into `#desk`.

import type { Filters } from "./triage";
import type { Claim, Tallies } from "./wire";

export interface Names {
  me: string;
  list: string;
  open: string | null;
  may_decide: boolean;
  filters: Filters;
  sort: string;
  claims: Record<string, Claim>;
  twins: Record<string, string[]>;
  tallies: Tallies;
  /** In the order of the keys 1, 2, 3 … */
  reasons: { code: string; say: string }[];
  flags: Record<string, { say: string; means?: string }>;
  marks: Record<string, string>;
  states: Record<string, string>;
  languages: Record<string, string>;
  topics: string[];
  schools: string[];
  speakers: string[];
}

export const readNames = (): Names =>
  JSON.parse(document.getElementById("desk")?.textContent || "{}") as Names;

/** A code without a name stands for itself. */
export const nameOf = (names: Record<string, string>, code: string): string => names[code] ?? code;
