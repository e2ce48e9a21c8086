// How often everybody may ask, while the moderators have slowed it down.

import { plural } from "./texts";
import type { SessionFacts } from "./wire";

export function showPace({ slow }: SessionFacts): void {
  if (slow === undefined) return;
  const words = slow % 60 ? plural("slow_seconds", slow) : plural("slow_minutes", slow / 60);
  for (const line of document.querySelectorAll<HTMLElement>("[data-slow]")) {
    line.textContent = words;
    line.hidden = !slow;
  }
}
