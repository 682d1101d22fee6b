"use strict";
const stage = document.querySelector("main");
const said = document.querySelector("output");
const trail = document.querySelector("nav");
const views = new Map([...stage.children].map((svg) => [svg.id, svg]));
const titles = JSON.parse(document.getElementById("titles").textContent);
const help = said.textContent;
let path = [], svg, box;
let from = null, travelled = 0;

// what browsers show as a tooltip is said below the picture, at once and for the keyboard too
for (const title of stage.querySelectorAll("title")) {
  const item = title.parentNode;
  if (item.tagName === "svg") continue;
  item.dataset.said = title.textContent;
  title.remove();
  if (item.dataset.opens) {
    item.tabIndex = 0;
    item.setAttribute("role", "button");
    item.setAttribute("aria-label", "open " + item.dataset.said.split("\n")[0]);
  }
}

function apply() { svg.setAttribute("viewBox", box.join(" ")); }

function fit() {
  const { width, height } = svg.dataset, room = stage.getBoundingClientRect();
  const scale = Math.max(width / room.width, height / room.height, 0.4);
  const [w, h] = [room.width * scale, room.height * scale];
  box = [(width - w) / 2, (height - h) / 2, w, h];
  apply();
}

function button(text, action) {
  const made = document.createElement("button");
  made.textContent = text;
  made.onclick = action;
  return made;
}

function show(next) {
  path = next;
  for (const [key, each] of views) each.toggleAttribute("hidden", key !== path.at(-1));
  svg = views.get(path.at(-1));
  const steps = path.map((key, n) => button(titles[key], () => show(path.slice(0, n + 1))));
  steps.at(-1).setAttribute("aria-current", "true");
  const beside = Object.keys(titles).filter((key) => path.length === 1 && !key.startsWith("view"));
  for (const key of beside) steps.push(button(titles[key], () => show([path[0], key])));
  trail.replaceChildren(...steps);
  fit();
}

function zoom(factor, x = 0.5, y = 0.5) {
  if (box[2] * factor < 20 || box[2] * factor > 1e6) return;
  box = [box[0] + box[2] * x * (1 - factor), box[1] + box[3] * y * (1 - factor), box[2] * factor, box[3] * factor];
  apply();
}

function move(dx, dy) {
  box[0] += dx * box[2];
  box[1] += dy * box[3];
  apply();
}

function say(target) {
  document.querySelector(".under")?.classList.remove("under");
  const found = target.closest?.("[data-said]");
  if (!found) { said.textContent = help; return; }
  found.classList.add("under");
  const [head, ...rest] = found.dataset.said.split("\n");
  const name = document.createElement("b");
  name.textContent = head;
  said.replaceChildren(name, "\n" + rest.join("\n"));
}

function open(target) {
  const key = target.closest?.("[data-opens]")?.dataset.opens;
  if (key && views.has(key)) show([...path, key]);
}

stage.addEventListener("wheel", (event) => {
  event.preventDefault();
  const room = stage.getBoundingClientRect();
  zoom(Math.exp(event.deltaY * 0.0015), (event.clientX - room.left) / room.width, (event.clientY - room.top) / room.height);
}, { passive: false });
stage.addEventListener("pointerdown", (event) => { from = [event.clientX, event.clientY]; travelled = 0; });
addEventListener("pointermove", (event) => {
  if (!from) { say(event.target); return; }
  const room = stage.getBoundingClientRect(), dx = event.clientX - from[0], dy = event.clientY - from[1];
  travelled += Math.abs(dx) + Math.abs(dy);
  if (travelled < 4) return;
  stage.classList.add("moving");
  move(-dx / room.width, -dy / room.height);
  from = [event.clientX, event.clientY];
});
addEventListener("pointerup", (event) => {
  const clicked = from && travelled < 4;
  from = null;
  stage.classList.remove("moving");
  if (clicked && stage.contains(event.target)) open(event.target);
});
stage.addEventListener("focusin", (event) => say(event.target));

const keys = {
  "+": () => zoom(0.8), "=": () => zoom(0.8), "-": () => zoom(1.25), "0": fit,
  ArrowLeft: () => move(-1 / 12, 0), ArrowRight: () => move(1 / 12, 0),
  ArrowUp: () => move(0, -1 / 12), ArrowDown: () => move(0, 1 / 12),
  Escape: () => { if (path.length > 1) show(path.slice(0, -1)); },
};
addEventListener("keydown", (event) => {
  if (event.key === "Enter") open(event.target);
  else keys[event.key]?.();
});
const actions = { in: () => zoom(0.8), out: () => zoom(1.25), fit };
for (const each of document.querySelectorAll("[data-do]")) each.onclick = actions[each.dataset.do];
addEventListener("resize", fit);
show(["view0"]);
