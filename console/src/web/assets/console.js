// Keeps pages up to date and opens pages by key. Without it everything else works.
"use strict";

(() => {
  // Asks for the page again, each time after twice as long, up to a minute; a page that is there begins anew.
  const tries = "tries";
  const again = () => {
    const tried = Number(sessionStorage.getItem(tries)) || 0;
    sessionStorage.setItem(tries, tried + 1);
    setTimeout(() => location.reload(), Math.min(60, 2 * 2 ** tried) * 1000);
  };
  const root = document.querySelector("[data-live]");
  if (document.querySelector("[data-again]")) again();
  else if (!root) sessionStorage.removeItem(tries);

  if (root) {
    let events;
    const mark = (on) => {
      const live = document.querySelector(".live");
      if (live) live.hidden = !on;
    };
    const show = (event) => {
      const { id, html } = JSON.parse(event.data);
      const section = document.getElementById(id);
      if (!section) return;
      // Whoever works with the keyboard stays where they are.
      const links = [...section.querySelectorAll("a, button")];
      const place = links.indexOf(document.activeElement);
      section.innerHTML = html;
      if (place >= 0) section.querySelectorAll("a, button")[place]?.focus();
      sessionStorage.removeItem(tries);
      mark(true);
    };
    const follow = () => {
      events = new EventSource(root.dataset.live);
      events.onmessage = show;
      events.onerror = () => {
        mark(false);
        // Refused for good: the session is over, or a server is away, and the page says which.
        if (events.readyState === EventSource.CLOSED) again();
      };
    };
    // A browser has few connections for all its pages: those that nobody sees need none.
    const turn = () => {
      events?.close();
      mark(false);
      if (!document.hidden) follow();
    };
    document.addEventListener("visibilitychange", turn);
    turn();
  }

  document.addEventListener("keydown", (event) => {
    if (!event.altKey || !event.shiftKey || event.ctrlKey || event.metaKey) return;
    const digit = event.code.match(/^(?:Digit|Numpad)([1-9])$/)?.[1];
    const link = digit && document.querySelector(`nav a[data-key="${digit}"]`);
    if (link) link.click();
  });
})();
