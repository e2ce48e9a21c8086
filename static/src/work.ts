// The desk at work: what it is made of, and how one part moves another.

import { openActs } from "./acts";
import { openAnnouncer } from "./announce";
import { drawBalance } from "./balance";
import { drawCounts, drawFacts } from "./bar";
import type { Cards, DeskCard } from "./cards";
import { openClaims } from "./claims";
import { openColleagues } from "./colleagues";
import { startDeeds } from "./deeds";
import { openFilters } from "./filters";
import { watchFinger } from "./finger";
import { startForms } from "./forms";
import { openLine } from "./lineup";
import type { Link } from "./link";
import { openLists } from "./lists";
import { openMany } from "./many";
import type { Names } from "./names";
import { openPanel } from "./panel";
import { openSelection } from "./selection";
import { openTallies } from "./tallies";
import { text } from "./texts";
import { dressTimes, keepTimes } from "./times";
import { openToast } from "./toast";
import { balance, choices, counts, isUrgent } from "./triage";
import { openViews } from "./views";
import { openWay } from "./way";
import type { Pulse, SessionFacts, Tallies } from "./wire";

export interface Desk {
  /** These questions are others now; `fresh` are those that were not there before. */
  took(ids: readonly string[], fresh: readonly string[], facts?: SessionFacts): void;
  pulse(pulse: Pulse): void;
  joined(): void;
}

const SLOWLY_MS = 1000;

export function openDesk(link: Link, cards: Cards, names: Names): Desk {
  const about = document.body.dataset;
  const host = document.getElementById("panel") as HTMLElement;
  const bar = document.getElementById("many");
  const calmly = watchFinger();
  const tallies = openTallies();
  const selection = openSelection();
  const announcer = openAnnouncer();
  const toast = openToast();
  const votes: Tallies = {};
  const twins: Record<string, string[]> = { ...names.twins };
  let isFresh = true;
  let frame = 0;
  let late = 0;
  let slow: number | undefined;
  let onStage = cards.in("stage")[0]?.id;

  const numberOf = (id: string): number | undefined => cards.of(id)?.number;
  const remember = (): void => views.remember(panel.id, filters.chosen());

  // The parts

  const claims = openClaims(link, names.me, names.claims, (ids) =>
    calmly(() => {
      if (filters.chosen().filters.whose) lists.refresh();
      else lists.draw();
      if (panel.id !== null && ids.includes(panel.id)) colleagues.dress();
    }),
  );
  const acts = openActs(link, cards.of, (id) => {
    const goes = acts.isLeaving(id);
    if (id === panel.id && goes && lists.rows().includes(id)) way.goOn(id);
    // What was refused, or has arrived elsewhere, moves by itself, when the hand may already be in another place.
    // Many at once are drawn together.
    if (!goes) late ||= requestAnimationFrame(() => ((late = 0), calmly(redraw)));
    else if (selection.has(id)) frame ||= requestAnimationFrame(() => ((frame = 0), redraw(true)));
    else redraw(true);
  });
  const filters = openFilters(document.getElementById("filters") as HTMLFormElement, names, () => {
    lists.refresh(true, false);
    remember();
  });
  const lists = openLists({
    cards,
    selection,
    filters,
    around: () => ({ me: names.me, claims: claims.all(), tallies: votes }),
    isLeaving: acts.isLeaving,
    picked: () => many?.draw(),
    sight: {
      names,
      numberOf,
      tally: tallies.of,
      claim: (id) => claims.of(id),
      twins: (id) => (cards.of(id)?.place === "waiting" ? (twins[id]?.length ?? 0) : 0),
      isPicked: (id) => selection.has(id),
      open: () => panel.id,
      left: (card) => colleagues.left(card, about["list"] ?? "waiting"),
    },
  });
  const panel = openPanel(link, host, {
    card: cards.of,
    isOwn: acts.isOwn,
    calmly,
    dress(article) {
      tallies.dress(article);
      dressTimes(article);
      colleagues.dress();
    },
    drawn: () => deeds.drawn(),
  });
  const colleagues = openColleagues(cards, claims, panel, names.me);
  const views = openViews(
    (list) => {
      many?.hush();
      lists.choose(list);
      slowly();
      remember();
    },
    () => panel.id !== null && lists.reveal(panel.id, true),
  );
  const way = openWay({ link, cards, names, claims, filters, lists, panel, views, host });
  const line = openLine({ cards, names, isLeaving: acts.isLeaving, run: (command, body) => forms.act(command, body) });
  const forms = startForms({
    acts,
    panel,
    toast,
    numberOf,
    move: line.move,
    open: (id) => way.open(id),
    fresh({ answer }) {
      if ("card" in answer && answer.card) took(cards.take([answer.card as DeskCard], false), []);
    },
  });
  const many = bar && openMany(bar, selection, acts, toast, { rows: lists.rows, card: cards.of, picked: lists.draw });
  const deeds = startDeeds({ cards, claims, acts, filters, forms, lists, panel, toast, views, way });

  // Drawing

  function redraw(acted = false): void {
    lists.refresh(acted);
    line.draw(acted);
    drawCounts(counts(cards.all()));
    slowly();
  }

  /** What nobody waits for. */
  function slowly(): void {
    slow ??= window.setTimeout(() => {
      slow = undefined;
      filters.offer(choices(cards.in(about["list"] ?? "waiting")));
      drawBalance(balance(cards.all()), names);
    }, SLOWLY_MS);
  }

  function tell(fresh: readonly string[]): void {
    const come = fresh.flatMap((id) => cards.of(id) ?? []);
    const waits = come.filter((card) => card.place === "waiting").length;
    // A flood is not told one by one: only that there is something again.
    if (waits && waits === cards.in("waiting").length) announcer.arrived("new_waiting", waits);
    if (come.some(isUrgent)) announcer.say("urgent", text("urgent_here"));
    const [stage] = cards.in("stage");
    if (stage && stage.id !== onStage) announcer.say("stage", text("on_stage", { words: stage.words ?? "" }));
    onStage = stage?.id;
  }

  function took(ids: readonly string[], fresh: readonly string[], facts?: SessionFacts): void {
    calmly(() => {
      if (facts) drawFacts(facts);
      if (panel.id !== null && ids.includes(panel.id)) colleagues.tell();
      panel.changed(ids);
      redraw();
      tell(fresh);
      way.see();
    });
  }

  function count(news: Tallies): void {
    Object.assign(votes, news);
    tallies.take(news);
  }

  host.addEventListener("focusout", () => setTimeout(calmly, 0, colleagues.dress));
  count(names.tallies);
  keepTimes();
  about["script"] = "";
  redraw(true);
  way.open(panel.id, false);

  return {
    took,
    joined: () => void (isFresh = true),
    pulse({ here, tallies: news, claims: told, twins: like, acts: who }) {
      if (here !== undefined) for (const spot of document.querySelectorAll("[data-here]")) spot.textContent = String(here);
      if (news) count(news);
      if (who) colleagues.take(who);
      if (like) {
        const moved = Object.keys(like).filter((id) => String(like[id]) !== String(twins[id] ?? []));
        Object.assign(twins, like);
        panel.changed(moved, true);
      }
      if (told) {
        claims.take(told, isFresh);
        isFresh = false;
      }
      if (news || like) calmly(lists.draw);
    },
  };
}
