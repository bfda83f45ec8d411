// One player: sound, moments and transcript. Words come from people: textContent only, never HTML.
const players = new WeakMap();
const STEP = 5; // s that an arrow key moves

export default function (component) {
  const { parentElement: root, data } = component;
  let player = players.get(root);
  if (!player) {
    player = create(root);
    players.set(root, player);
  }
  player.lead = data.lead;
  load(player, data);
  if (data.command && data.command.id !== player.command) {
    player.command = data.command.id;
    root.querySelector(".player").scrollIntoView({ block: "start" });
    seek(player, data.command.start);
  }
  return () => player.audio.pause();
}

function create(root) {
  const find = (selector) => root.querySelector(selector);
  const player = {
    audio: find("audio"), problem: find(".problem"), filter: find(".filter"), note: find(".note"),
    moments: find(".moments"), lines: find(".lines"), title: find(".lines-title"),
    src: null, key: null, command: null, data: null, lead: 0,
  };
  player.audio.addEventListener("timeupdate", () => follow(player));
  player.audio.addEventListener("loadedmetadata", () => {
    player.problem.hidden = true;
    const begin = player.pending ?? player.data.start;
    if (begin > 0) player.audio.currentTime = begin;
    player.pending = null;
  });
  player.audio.addEventListener("error", () => {
    player.problem.textContent =
      "The sound can't be played. Reload the page; if that doesn't help, convert the recording to WAV or MP3 and add it again.";
    player.problem.hidden = false;
  });
  player.filter.addEventListener("change", () => listMoments(player));
  find(".player").addEventListener("keydown", (event) => onKey(player, event));
  find(".player").addEventListener("keyup", (event) => {
    if (event.key === " " && event.target.closest("button")) event.preventDefault();
  });
  return player;
}

function load(player, data) {
  player.data = data;
  if (player.src !== data.src) {
    player.src = data.src;
    player.audio.src = data.src;
  }
  if (player.key === data.key) return;
  if (player.key !== null && player.audio.readyState > 0) player.audio.currentTime = data.start;
  player.key = data.key;
  player.title.textContent = data.title;
  player.note.textContent = data.note;
  player.note.hidden = !data.note;
  player.filter.replaceChildren(...data.kinds.map(([kind, label]) => {
    const option = document.createElement("option");
    option.value = kind;
    option.textContent = label;
    return option;
  }));
  listMoments(player);
  player.lines.replaceChildren(...data.lines.map((line) =>
    entry(player, line, { lead: 0, head: line.who, text: line.text, more: line.more })));
  if (!data.lines.length) player.lines.replaceChildren(empty("Nobody was heard to speak."));
  follow(player);
}

function listMoments(player) {
  const wanted = player.filter.value;
  const key = new Set(player.data.key_moments);
  const shown = player.data.moments.filter((moment) =>
    wanted === "all" || moment.kind === wanted || (wanted === "key" && key.has(moment.kind)));
  player.moments.replaceChildren(...shown.map((moment) =>
    entry(player, moment, { lead: player.lead, head: moment.label, text: moment.who, more: moment.detail })));
  if (!shown.length) player.moments.replaceChildren(empty("No moments of this kind."));
}

function entry(player, item, { lead, head, text, more }) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = `item ${item.kind} ${item.role ?? ""}`;
  button.dataset.start = item.start;
  button.dataset.end = item.end;
  button.append(span("time", item.clock), span("who", head));
  if (text) button.append(span("text", text));
  if (more) button.append(span("more", more));
  button.addEventListener("click", () => seek(player, item.start - lead));
  const row = document.createElement("li");
  row.append(button);
  return row;
}

function span(name, text) {
  const element = document.createElement("span");
  element.className = name;
  element.textContent = text;
  return element;
}

function empty(text) {
  const row = document.createElement("li");
  row.className = "empty";
  row.textContent = text;
  return row;
}

function seek(player, start) {
  const moment = Math.max(0, start);
  if (player.audio.readyState > 0) player.audio.currentTime = moment;
  else player.pending = moment;
  player.audio.play().catch(() => {}); // the browser may want a click first; the place is kept
}

function follow(player) {
  const now = player.audio.currentTime;
  for (const list of [player.moments, player.lines]) {
    let newest = null;
    for (const button of list.querySelectorAll("button")) {
      const inside = now >= +button.dataset.start && now < +button.dataset.end;
      if (inside) {
        button.setAttribute("aria-current", "true");
        newest = button;
      } else {
        button.removeAttribute("aria-current");
      }
    }
    if (newest && newest !== list.shown && !player.audio.paused) keepInSight(list, newest);
    list.shown = newest;
  }
}

function keepInSight(list, button) {
  // moves the list alone; the page stays where the reader is
  const box = list.getBoundingClientRect();
  const row = button.getBoundingClientRect();
  if (row.top < box.top || row.bottom > box.bottom) list.scrollTop += row.top - box.top - box.height / 3;
}

function onKey(player, event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("select")) return;
  const audio = player.audio;
  const native = event.target === audio; // it has its own keys for playing and moving
  const key = event.key.toLowerCase();
  if (key === "j") jump(player, 1);
  else if (key === "k") jump(player, -1);
  else if (key === " " && !native) audio.paused ? audio.play().catch(() => {}) : audio.pause();
  else if (key === "arrowleft" && !native) audio.currentTime = Math.max(0, audio.currentTime - STEP);
  else if (key === "arrowright" && !native) audio.currentTime += STEP;
  else if (key === "arrowdown") step(event.target, "nextElementSibling");
  else if (key === "arrowup") step(event.target, "previousElementSibling");
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function step(target, sibling) {
  target.closest("li")?.[sibling]?.querySelector("button")?.focus();
}

function jump(player, direction) {
  const starts = [...player.moments.querySelectorAll("button")].map((b) => +b.dataset.start - player.lead);
  const now = player.audio.currentTime;
  // a second press while the lead-in still plays goes on, not back to the same moment
  const ahead = starts.filter((start) => start > now + 0.25);
  const behind = starts.filter((start) => start < now - player.lead);
  const target = direction > 0 ? ahead[0] : behind.at(-1);
  if (target !== undefined) seek(player, target);
}
