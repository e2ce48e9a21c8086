// Put into a page before its own scripts: from `watch()` on, every frame is compared with the one before it. What has
// changed without anybody's hand, focus and what the pointer rests on, is noted in `jumps`.
(() => {
  const PRESSED = "a, button, summary, input, select, textarea, label";
  let frame = 0;
  let hand = -10;
  let pointer = null;
  let pressed = null;

  const card = (element) => element?.closest("[data-card]")?.dataset.card ?? "";
  // To a person it is the same one when it stands for the same, whichever element that is.
  const name = (element) =>
    element &&
    [
      card(element),
      element.closest("form")?.dataset.command ?? "",
      element.localName,
      element.name ?? "",
      element.value && element.localName === "button" ? element.value : "",
      element.dataset.open ?? element.id.replace(/-.*/, ""),
    ].join(" ");

  function under() {
    if (!pointer) return null;
    const found = document.elementFromPoint(...pointer);
    if (found?.closest("#toast, .news")) return { isTold: true };
    const element = found?.closest(PRESSED);
    if (!element) return null;
    const { left, top } = element.getBoundingClientRect();
    const inPanel = element.closest("#panel") !== null;
    return { element, inPanel, name: name(element), left: Math.round(left), top: Math.round(top) };
  }

  const look = () => ({
    focus: name(document.activeElement),
    focused: document.activeElement,
    under: under(),
    glance: document.querySelector("#question[data-glance]") !== null,
  });

  function differs(before, now) {
    // A press on what has only just come there is held back, and what was asked for by hand may take its time.
    if (!before && !now) return false;
    // What is told lies over the end of the list, and takes no press before it was seen: test_still.py.
    if (before?.isTold || now?.isTold) return false;
    if (before?.inPanel && document.querySelector("#panel[data-settling]")) return false;
    if (now?.element.closest("[data-settling]") || (now?.element.closest("#panel") && seen.glance)) return false;
    // Where the list ended, the next one arrives.
    if (!before && now.element.closest("#list")) return false;
    if (!before || !now) return true;
    return before.name !== now.name || Math.abs(before.left - now.left) > 1 || Math.abs(before.top - now.top) > 1;
  }

  let seen;
  function compare() {
    frame++;
    const now = look();
    // What a hand did shows in the frame after it, or in the next where that is drawn with it.
    if (seen && frame - hand > 2) {
      window.watched.frames++;
      // What had it is there no more, or is there again: then one reads on in the question.
      const isGone = !seen.focused?.getClientRects().length || seen.focused.closest("[data-claimed]");
      const isLeft = isGone && now.focused?.id === "question";
      if (seen.focus !== now.focus && !isLeft) window.jumps.push(`the focus: ${seen.focus} → ${now.focus}`);
      if (differs(seen.under, now.under)) {
        const told = ({ name, left, top }) => `${name} at ${left}, ${top}`;
        window.jumps.push(`under the pointer: ${seen.under ? told(seen.under) : "nothing"} → ${now.under ? told(now.under) : "nothing"}`);
      }
    }
    seen = now;
    requestAnimationFrame(compare);
  }

  window.jumps = [];
  window.watched = { frames: 0, patches: 0 };
  window.watch = () => {
    for (const kind of ["keydown", "pointerdown", "pointerup", "pointermove", "click", "wheel", "popstate"]) {
      addEventListener(kind, (event) => {
        if (!event.isTrusted) return;
        hand = frame;
        if ("pointerType" in event && event.pointerType === "mouse") pointer = [event.clientX, event.clientY];
        const at = event.target instanceof Element ? name(event.target.closest(PRESSED)) : null;
        if (kind === "pointerdown") pressed = at;
        else if (kind === "click" && event.detail && pressed !== null && at !== pressed) {
          window.jumps.push(`under a press: ${pressed} → ${at}`);
        }
      }, { capture: true, passive: true });
    }
    requestAnimationFrame(compare);
  };

  const Socket = window.WebSocket;
  window.WebSocket = class extends Socket {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", ({ data }) => (window.watched.patches += String(data).startsWith('42["patch"')));
    }
  };
})();
