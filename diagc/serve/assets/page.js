import {
  EditorState, EditorView, HighlightStyle, StreamLanguage, basicSetup, lintGutter, setDiagnostics, syntaxHighlighting, tags,
} from "./codemirror.min.js";

const token = document.querySelector('meta[name="token"]').content;
const at = (id) => document.getElementById(id);
const TABS = { figure: "Figure", kernels: "Kernels", cost: "Cost", derivation: "Derivation", triton: "Triton", jax: "JAX" };
const START = `diag 1
axis q, x, d

fn causal(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> bf16[q d] {
  S = sum[d](Q * K) * rsqrt(size(d))
  P = softmax[x](where(x <= q, S, -inf))
  return sum[x](P * V)
}
`;

const KEYWORDS = new Set(("diag use as size axis fn return param model learning source frozen train ema decay commute commutes by "
  + "weight updates against mask glue over optimise epochs batch seed weave chain schedule on group stream stages warps from in "
  + "else and or not design component poset provides requires choice ensure").split(" "));
const TYPES = /^(f64|f32|tf32|bf16|f16|f8e4m3|f8e5m2|i64|i32|i16|i8|u8|bool)$/;
const language = StreamLanguage.define({
  token(stream) {
    if (stream.eatSpace()) return null;
    if (stream.match(/^#.*/)) return "comment";
    if (stream.match(/^"[^"]*"?/)) return "string";
    if (stream.match(/^@\w+/)) return "meta";
    if (stream.match(/^\d+(\.\d+)?([eE][+-]?\d+)?/)) return "number";
    const word = stream.match(/^[\p{L}_][\p{L}\p{N}_]*/u);
    if (word) {
      if (TYPES.test(word[0])) return "typeName";
      if (KEYWORDS.has(word[0])) return "keyword";
      if (/^(inf|pi|true|false)$/.test(word[0])) return "atom";
      return stream.match(/^\s*[[(]/, false) ? "variableName.function" : "variableName";
    }
    stream.next();
    return null;
  },
  languageData: { commentTokens: { line: "#" } },
});
const dark = matchMedia("(prefers-color-scheme: dark)").matches;
const colours = dark
  ? { keyword: "#d08ee0", type: "#56c6d6", number: "#f09a58", string: "#6cc98a", call: "#7ab3f0", comment: "#8a93a6" }
  : { keyword: "#8a3f9e", type: "#0c7686", number: "#b3500f", string: "#2a7a44", call: "#1f63ad", comment: "#6b7285" };
const highlight = HighlightStyle.define([
  { tag: tags.keyword, color: colours.keyword }, { tag: tags.typeName, color: colours.type },
  { tag: [tags.number, tags.atom], color: colours.number }, { tag: tags.string, color: colours.string },
  { tag: tags.function(tags.variableName), color: colours.call }, { tag: tags.meta, color: colours.keyword },
  { tag: tags.comment, color: colours.comment, fontStyle: "italic" },
]);

let tab = "figure", turn = 0, waiting = 0;

async function ask(question) {
  const answer = await fetch("/ask", {
    method: "POST", headers: { "X-Token": token, "Content-Type": "application/json" }, body: JSON.stringify(question),
  });
  return answer.json();
}

// ---- what is shown

function note(text) {
  const made = document.createElement("div");
  made.className = "note";
  made.textContent = text;
  return made;
}

function code(text) {
  const made = document.createElement("pre");
  made.textContent = text;
  return made;
}

function drawn(svg) {
  const found = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
  return document.importNode(found, true);
}

function complain(errors) {
  const size = view.state.doc.length, text = view.state.doc.toString();
  // the server counts characters, the editor UTF-16 units
  const units = [...text];
  const place = (n) => Math.min(units.slice(0, n).join("").length, size);
  const marks = errors.map((e) => {
    const from = Math.min(place(e.from), Math.max(size - 1, 0)), to = Math.max(place(e.to), from + 1);
    return { from, to: Math.min(to, size), severity: "error", message: e.message };
  });
  view.dispatch(setDiagnostics(view.state, marks));
  at("errors").replaceChildren(...errors.map((e, n) => {
    const line = document.createElement("li");
    line.textContent = `line ${e.line}: ${e.message}`;
    line.onclick = () => { view.dispatch({ selection: { anchor: marks[n].from }, scrollIntoView: true }); view.focus(); };
    return line;
  }));
}

function offer(answer) {
  const names = [...(answer.learnings ?? []).map((n) => ["learning", n]), ...(answer.entries ?? []).map((n) => ["entry", n])];
  const select = at("entry"), before = select.value;
  const options = names.map(([kind, name]) => new Option(kind === "entry" ? name : `learning ${name}`, `${kind}:${name}`));
  select.replaceChildren(...options);
  if (options.some((o) => o.value === before)) select.value = before;
  else if (options.length) select.value = (options.find((o) => o.value.startsWith("learning:")) ?? options.at(-1)).value;
}

async function refresh() {
  const mine = ++turn, text = view.state.doc.toString();
  at("result").classList.add("stale");
  const found = await ask({ text });
  if (mine !== turn) return;
  complain(found.errors ?? []);
  if (found.failed) { at("result").replaceChildren(note(found.failed)); return; }
  if (found.errors.length) return;
  offer(found);
  const [kind, name] = at("entry").value.split(":");
  if (!name) { at("result").replaceChildren(note("This file has no entry yet: a fn all of whose tensors have types.")); return; }
  if (kind === "learning" && tab !== "figure") {
    at("result").replaceChildren(note("A learning diagram has a figure; choose a fn for its cost and code."));
    at("result").classList.remove("stale");
    return;
  }
  const answer = await ask({ text, show: tab, [kind]: name, machine: at("machine").value, sizes: at("sizes").value });
  if (mine !== turn) return;
  const shown = answer.svg ? drawn(answer.svg) : answer.text !== undefined ? code(answer.text)
    : note(answer.refused ?? answer.failed ?? "nothing to show");
  at("result").replaceChildren(shown);
  at("result").classList.remove("stale");
  at("result").dataset.shown = tab;
}

function later() {
  clearTimeout(waiting);
  waiting = setTimeout(refresh, 60);
}

// ---- links: the text is in the fragment, which no server sees

async function through(stream, bytes) {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());
}

async function packed(text) {
  const bytes = await through(new CompressionStream("deflate-raw"), new TextEncoder().encode(text));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  return new TextDecoder().decode(await through(new DecompressionStream("deflate-raw"), bytes));
}

async function initial() {
  const found = /^#text=(.+)$/.exec(location.hash);
  if (!found) return START;
  try { return await unpacked(found[1]); } catch { return START; }
}

const view = new EditorView({
  parent: at("editor"),
  state: EditorState.create({
    doc: await initial(),
    extensions: [
      basicSetup, EditorView.lineWrapping, language, syntaxHighlighting(highlight), lintGutter(),
      EditorView.theme({}, { dark }),
      EditorView.contentAttributes.of({ "aria-label": "Spec" }),
      EditorView.updateListener.of((update) => { if (update.docChanged) later(); }),
    ],
  }),
});

for (const [key, title] of Object.entries(TABS)) {
  const made = document.createElement("button");
  made.textContent = title;
  made.setAttribute("role", "tab");
  made.setAttribute("aria-selected", String(key === tab));
  made.onclick = () => {
    tab = key;
    for (const each of at("tabs").children) each.setAttribute("aria-selected", String(each === made));
    refresh();
  };
  at("tabs").append(made);
}
const examples = await (await fetch("/examples", { headers: { "X-Token": token } })).json();
at("examples").append(...examples.map((name, n) => new Option(name, String(n))));
at("examples").onchange = async () => {
  const number = at("examples").value;
  if (number === "") return;
  const text = await (await fetch(`/example/${number}`, { headers: { "X-Token": token } })).text();
  view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
};
for (const id of ["entry", "machine"]) at(id).onchange = refresh;
at("sizes").oninput = later;
at("share").onclick = async () => {
  const address = new URL(location.href);
  address.hash = `text=${await packed(view.state.doc.toString())}`;
  history.replaceState(null, "", address);
  try { await navigator.clipboard.writeText(address.href); at("share").textContent = "Copied"; } catch { at("share").textContent = "In the address"; }
  setTimeout(() => { at("share").textContent = "Copy link"; }, 1500);
};
refresh();
