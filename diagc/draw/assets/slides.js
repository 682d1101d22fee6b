"use strict";
const slides = JSON.parse(document.getElementById("slides").textContent);
const figures = [...document.querySelectorAll("figure")];
const at = (id) => document.getElementById(id);
let timer = 0;

// boxes that a law has made are those whose words no box of the picture before has
const boxes = figures.map((f) => [...f.querySelectorAll("rect.b")]);
const words = (rect) => rect.querySelector("title")?.textContent.split("\n")[0] ?? "";
boxes.forEach((now, n) => {
  if (n === 0) return;
  const known = boxes[n - 1].map(words);
  for (const box of now) {
    const place = known.indexOf(words(box));
    if (place < 0) box.classList.add("made");
    else known.splice(place, 1);
  }
});

function show(n) {
  const { law, formula, facts } = slides[n], before = new Map(slides[Math.max(n - 1, 0)].facts);
  figures.forEach((f, k) => { f.hidden = k !== n; });
  figures[n].classList.add("coming");
  requestAnimationFrame(() => requestAnimationFrame(() => figures[n].classList.remove("coming")));
  at("law").textContent = law;
  at("formula").textContent = formula;
  at("number").textContent = `${n} of ${slides.length - 1}`;
  at("step").value = n;
  at("facts").replaceChildren(...facts.map(([name, value]) => {
    const row = document.createElement("tr");
    for (const text of [name, value]) row.insertCell().textContent = text;
    if (before.get(name) !== value) row.cells[1].className = "changed";
    return row;
  }));
}

function stop() { clearInterval(timer); timer = 0; at("play").textContent = "play"; }
at("step").oninput = () => { stop(); show(Number(at("step").value)); };
at("play").onclick = () => {
  if (timer) { stop(); return; }
  at("play").textContent = "stop";
  if (Number(at("step").value) === slides.length - 1) show(0);
  timer = setInterval(() => {
    const next = Number(at("step").value) + 1;
    if (next >= slides.length) stop(); else show(next);
  }, 1600);
};
addEventListener("keydown", (event) => {
  if (event.target === at("step")) return;
  const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!move) return;
  stop();
  show(Math.min(Math.max(Number(at("step").value) + move, 0), slides.length - 1));
});
show(0);
