// "I am looking at this one": told to the others while a question is open here, and let go when it is left. Only what
// somebody rests on is claimed: who leafs through the list claims nothing.

import { makeKey } from "./keys";
import type { Link } from "./link";
import type { Claim } from "./wire";

export const REST_MS = 300;
/** A lease lasts 30 s by the server's clock. */
const AGAIN_MS = 10_000;

type Told = Readonly<Record<string, Claim | null>>;

/** The claims after what was told; `whole` is all there is. Pure. */
export function afterTold(claims: Record<string, Claim>, told: Told, whole: boolean): Record<string, Claim> {
  const now = whole ? {} : { ...claims };
  for (const [id, claim] of Object.entries(told)) {
    if (claim) now[id] = claim;
    else delete now[id];
  }
  return now;
}

export interface Claims {
  all(): Readonly<Record<string, Claim>>;
  of(id: string): Claim | undefined;
  /** Who else is on it. */
  other(id: string): Claim | undefined;
  take(told: Told, whole: boolean): void;
  /** This question is open now; null for none. */
  rest(id: string | null): void;
  /** Knowingly from a colleague. */
  takeOver(): Promise<void>;
}

export function openClaims(link: Link, me: string, first: Record<string, Claim>, moved: (ids: string[]) => void): Claims {
  let claims = { ...first };
  let open: string | null = null;
  let mine: string | null = null;
  let timer: number | undefined;

  const other = (id: string): Claim | undefined => (claims[id] && claims[id].by !== me ? claims[id] : undefined);

  function set(id: string, claim: Claim | null): void {
    claims = afterTold(claims, { [id]: claim }, false);
    moved([id]);
  }

  async function claim(id: string, take: boolean): Promise<void> {
    mine = id;
    const answer = await link.command("question.claim", { question: id, key: makeKey(), ...(take && { take }) });
    if (answer.ok) {
      // Left meanwhile: it must not stay claimed behind our back.
      if (open !== id) return release(id);
      if (claims[id]?.by !== me) set(id, { by: me, name: "" });
    } else if (answer.code === "claimed" && answer.by !== undefined) {
      if (mine === id) mine = null;
      set(id, { by: answer.by, name: answer.name ?? "" });
    }
  }

  function release(id: string): void {
    if (mine === id) mine = null;
    if (claims[id]?.by === me) set(id, null);
    void link.command("question.release", { question: id, key: makeKey() });
  }

  function renew(): void {
    clearTimeout(timer);
    if (open === null || document.hidden) return;
    if (!other(open)) void claim(open, false);
    timer = window.setTimeout(renew, AGAIN_MS);
  }

  document.addEventListener("visibilitychange", renew);
  addEventListener("pagehide", () => mine !== null && release(mine));

  return {
    all: () => claims,
    of: (id) => claims[id],
    other,
    take(told, whole) {
      const ids = Object.keys(whole ? { ...claims, ...told } : told);
      claims = afterTold(claims, told, whole);
      // The colleague has left what is open here.
      if (open !== null && open in told && !claims[open]) renew();
      moved(ids);
    },
    rest(id) {
      if (id === open) return;
      if (mine !== null) release(mine);
      open = id;
      clearTimeout(timer);
      if (id !== null) timer = window.setTimeout(renew, REST_MS);
    },
    async takeOver() {
      if (open !== null) await claim(open, true);
    },
  };
}
