// The connection: commands out with an answer, patches in, and always finding out what was missed.
// Without a socket everything still works over plain HTTP, only slower.

import { Manager } from "socket.io-client";
import { keepScroll } from "./scroll";
import { pageLang, text } from "./texts";
import { isAnswer, judge } from "./wire";
import type { Answer, Body, Card, Mark, Patch, Pulse } from "./wire";

export interface Ears<C = Card> {
  patch(patch: Patch<C>, whole: boolean): void;
  pulse(pulse: Pulse): void;
  /** Something of the caller's own may have changed, or the line is back. */
  own(): void;
  /** The next pulse tells all of what pulses tell. */
  joined?(): void;
}

export interface Link {
  command(name: string, body: Body): Promise<Answer>;
  /** The server said "I am at head": look, should no patch tell of it in a moment. */
  expect(head: number): void;
  catchUp(): Promise<boolean>;
  /** Every card there is, also those that the page left out. */
  whole(): Promise<boolean>;
  read(path: string): Promise<unknown>;
}

/** Ten thousand phones that lose one server come back spread over three seconds, then thinner. */
const FIRST_RETRY_MS = 1500;
const LONGEST_RETRY_MS = 30_000;
const ACK_MS = 8000;
const HTTP_MS = 10_000;
/** A head comes at least every 20 s: twice that and a little without anything is a dead line. */
const SILENCE_MS = 45_000;
const PATIENCE_MS = 2000;

const between = (low: number, high: number): number => low + Math.random() * (high - low);

export function openLink<C = Card>(ears: Ears<C>): Link {
  const about = document.body.dataset;
  const home = `/s/${about["code"] ?? ""}`;
  const audience = about["audience"] ?? "public";
  // The receipt shows only own questions; what else happens it hears as the families do.
  const screen = about["screen"] === "mine" ? "families" : (about["screen"] ?? "families");
  const format = about["format"] ?? "html";
  // A page's own cards are HTML: a screen that draws them itself begins with none.
  const bare = format === "json";
  const at: Mark = { epoch: Number(about["epoch"] ?? 1), seq: bare ? 0 : Number(about["seq"] ?? 0) };
  const line = document.querySelector<HTMLElement>("[data-link]");

  let head = at.seq;
  let heard = Date.now();
  let reached = 0;
  let nextLook = Date.now() + 8000;
  let kicked = 0;
  let hint = 0;
  let trouble: number | undefined;
  let sentence = "";

  // The connection line: calm, and only when the trouble lasts.

  function showLine(): void {
    keepScroll(() => {
      if (!line) return;
      line.textContent = sentence;
      line.hidden = !sentence;
    });
  }

  function troubled(say?: string, patience = PATIENCE_MS): void {
    sentence = say ?? text("link_lost");
    if (line?.hidden === false) showLine();
    // While plain HTTP gets through, what is on the page is fresh enough to say nothing.
    else if (say || Date.now() - reached > LONGEST_RETRY_MS + HTTP_MS) {
      trouble ??= window.setTimeout(showLine, patience);
    }
  }

  function mended(): void {
    clearTimeout(trouble);
    trouble = undefined;
    sentence = "";
    if (line?.hidden === false) showLine();
  }

  // HTTP

  async function ask(path: string, body?: Body): Promise<unknown> {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), HTTP_MS);
    try {
      const answer = await fetch(path, {
        signal: stop.signal,
        cache: "no-store",
        credentials: "same-origin",
        headers: { Accept: "application/json", ...(body && { "Content-Type": "application/json" }) },
        ...(body && { method: "POST", body: JSON.stringify(body) }),
      });
      const found: unknown = await answer.json();
      // A refusal is an answer to a command; to a reader it is as good as nothing.
      if (!answer.ok && !body) throw new Error(String(answer.status));
      return found;
    } finally {
      clearTimeout(timer);
    }
  }

  const board = (since: number): Promise<unknown> =>
    ask(
      `${home}/board?` +
        new URLSearchParams({
          since: String(since),
          epoch: String(at.epoch),
          audience,
          screen,
          format,
          lang: pageLang(),
        }).toString(),
    );

  // Patches

  function accept(patch: Patch<C>, fetched: boolean): void {
    const verdict = judge(patch, at);
    if (verdict === "apply" || verdict === "restart") {
      at.epoch = patch.epoch;
      at.seq = head = patch.to;
      ears.patch(patch, verdict === "restart");
    } else if (verdict === "fetch" && !fetched) {
      // Numbers of another epoch mean nothing here: start over from the whole board.
      if (patch.epoch !== at.epoch) at.seq = 0;
      void catchUp();
    }
  }

  let catching: Promise<boolean> | undefined;
  let more = false;

  async function look(): Promise<boolean> {
    try {
      do {
        more = false;
        accept((await board(at.seq)) as Patch<C>, true);
      } while (more);
      reached = Date.now();
      return true;
    } catch {
      reached = 0;
      return false;
    }
  }

  /** Never two at once: whoever asks meanwhile gets one more round of the same. */
  function catchUp(): Promise<boolean> {
    more = catching !== undefined;
    catching ??= look().then((fine) => {
      catching = undefined;
      return fine;
    });
    return catching;
  }

  async function whole(): Promise<boolean> {
    try {
      const patch = (await board(0)) as Patch<C>;
      // While it was under way a patch may have come that knows more; the link itself then leads on.
      if (patch.epoch === at.epoch && patch.to < at.seq) return false;
      at.epoch = patch.epoch;
      at.seq = head = patch.to;
      ears.patch(patch, true);
      return true;
    } catch {
      return false;
    }
  }

  // The socket

  const manager = new Manager(location.origin, {
    path: "/socket.io/",
    transports: ["websocket"],
    timeout: HTTP_MS,
    reconnectionDelay: FIRST_RETRY_MS,
    reconnectionDelayMax: LONGEST_RETRY_MS,
    randomizationFactor: 1,
    autoConnect: false,
  });
  const socket = manager.socket("/", {
    // A function, so that each reconnect says where this device is by then.
    auth: (tell: (auth: object) => void) =>
      tell({
        code: about["code"],
        audience,
        screen,
        format,
        lang: pageLang(),
        epoch: at.epoch,
        since: at.seq,
      }),
  });

  function kick(): void {
    if (Date.now() - kicked < PATIENCE_MS) return;
    kicked = heard = Date.now();
    // Only this ends a long wait between two attempts.
    socket.disconnect().connect();
  }

  // The library does not come back by itself after the server closed the door.
  const comeBackLater = (low: number, high: number): void =>
    void setTimeout(() => socket.active || socket.connect(), between(low, high));

  manager.on("packet", () => (heard = Date.now()));

  socket.on("connect", () => {
    manager.reconnectionDelay(FIRST_RETRY_MS);
    hint = 0;
    mended();
    ears.joined?.();
    ears.own();
  });

  socket.on("disconnect", (reason) => {
    if (reason === "io client disconnect") return;
    reached = 0;
    nextLook = Date.now() + 8000;
    troubled();
    if (!socket.active) comeBackLater(0, hint * 2 || 5000);
  });

  socket.on("connect_error", (error) => {
    const say = (error as { data?: { say?: unknown } }).data?.say;
    troubled(typeof say === "string" ? say : undefined);
    if (!socket.active) comeBackLater(LONGEST_RETRY_MS / 2, LONGEST_RETRY_MS);
  });

  socket.on("patch", (patch: Patch<C>) => accept(patch, false));
  socket.on("notice", () => ears.own());
  socket.on("pulse", (pulse: Pulse) => {
    if (pulse.retry_ms !== undefined) {
      hint = Math.min(Math.max(pulse.retry_ms, 0), 60_000);
      manager.reconnectionDelay(hint);
    }
    if (pulse.head !== undefined) {
      head = pulse.head;
      // Lower than ours is news too: a backup was restored.
      if (head !== at.seq) setTimeout(() => head !== at.seq && void catchUp(), PATIENCE_MS);
    }
    ears.pulse(pulse);
  });

  // A connection that cannot be had, or that is dead without saying so.

  async function lookWithoutSocket(): Promise<void> {
    nextLook = Date.now() + between(15_000, LONGEST_RETRY_MS);
    if (!(await catchUp())) return troubled();
    if (!socket.connected) mended();
    ears.own();
  }

  setInterval(() => {
    if (socket.connected) {
      if (Date.now() - heard > SILENCE_MS) kick();
    } else if (Date.now() > nextLook && !document.hidden) void lookWithoutSocket();
  }, 5000);

  function wake(): void {
    if (!socket.connected || Date.now() - heard > SILENCE_MS / 2) kick();
  }

  document.addEventListener("visibilitychange", () => document.hidden || wake());
  addEventListener("pageshow", (event) => event.persisted && wake());
  addEventListener("online", wake);

  // The first connection of a slow line is no trouble yet.
  troubled(undefined, PATIENCE_MS * 3);
  // Thousands of cards come over HTTP, where they are packed; the socket then goes on from there.
  if (bare) void catchUp().then(() => socket.connect());
  else socket.connect();

  return {
    async command(name, body) {
      let answer: unknown;
      try {
        if (socket.connected) answer = await socket.timeout(ACK_MS).emitWithAck(name, body);
      } catch {
        // No answer in time: it may have been taken. The same key makes asking again safe.
      }
      try {
        if (!isAnswer(answer)) answer = await ask(`${home}/do/${name}`, body);
      } catch {
        // Neither way gets through.
      }
      if (!isAnswer(answer)) return { ok: false, code: "unsent" };
      if (answer.ok ? (answer.head ?? 0) > at.seq : answer.code === "stale") this.expect(Infinity);
      return answer;
    },
    expect(number) {
      const before = at.seq;
      setTimeout(() => at.seq < number && at.seq === before && void catchUp(), PATIENCE_MS / 2);
    },
    catchUp,
    whole,
    read: (path) => ask(home + path),
  };
}
