// Keeps the overview up to date and opens pages by key. Without it everything else works.
"use strict";

(() => {
  const root = document.querySelector("[data-live]");
  if (root) {
    const events = new EventSource(root.dataset.live);
    const mark = (on) => {
      const live = document.querySelector(".live");
      if (live) live.hidden = !on;
    };
    events.onmessage = (event) => {
      const { id, html } = JSON.parse(event.data);
      const section = document.getElementById(id);
      if (!section) return;
      // Whoever works with the keyboard stays where they are.
      const links = [...section.querySelectorAll("a, button")];
      const place = links.indexOf(document.activeElement);
      section.innerHTML = html;
      if (place >= 0) section.querySelectorAll("a, button")[place]?.focus();
      mark(true);
    };
    events.onerror = () => {
      mark(false);
      // Refused for good: the session is over, and the page says where to sign in.
      if (events.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 2000);
    };
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, select, textarea")) return;
    const link = document.querySelector(`nav a[data-key="${CSS.escape(event.key)}"]`);
    if (link) link.click();
  });
})();
