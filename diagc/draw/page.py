"""A derivation as one HTML page that needs nothing else: no script, no network, light and dark as the reader has it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Final

from diagc.plan.derivation import Definition, Derivation, Law, Loop
from diagc.plan.report import TILED, count

_STYLE: Final = """
:root{color-scheme:light dark;--ink:#1f2430;--soft:#565d70;--paper:#fff;--face:#f4f6fc;--line:#d4d8e4;--accent:#1f63ad}
@media(prefers-color-scheme:dark){
:root{--ink:#e4e7ee;--soft:#a8afc0;--paper:#14171d;--face:#1d222b;--line:#3a4150;--accent:#7ab3f0}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:17px/1.55 Georgia,"Times New Roman",serif}
main,header,footer{max-width:58rem;margin:0 auto;padding:0 1.25rem}
header{padding-top:2.5rem}
h1,h2,h3,nav,th,.rule,figcaption{font-family:"DejaVu Sans",Helvetica,Arial,sans-serif}
h1{font-size:1.7rem;margin:0 0 .5rem}
h2{font-size:1.3rem;margin:3rem 0 .5rem;padding-top:1rem;border-top:1px solid var(--line)}
h3{font-size:1.05rem;margin:2rem 0 .6rem}
a{color:var(--accent)}
nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;padding:0}
code{font:.85em/1.5 "DejaVu Sans Mono",Consolas,monospace;overflow-wrap:anywhere}
ul.formulas{list-style:none;padding:0}
ul.formulas li{padding:.15rem 0}
ol.laws{padding-left:2rem}
ol.laws li{margin:0 0 1rem;padding-left:.3rem}
ol.laws li::marker{color:var(--soft)}
.law{margin:0}
.place{color:var(--soft);font-size:.85em}
.sides{display:grid;grid-template-columns:1.4rem 1fr;margin:.25rem 0 0}
.sides{background:var(--face);padding:.5rem .7rem;border-radius:.4rem}
.sides>*{margin:0}
.loop{border-left:3px solid var(--accent);padding-left:1rem;margin:1.2rem 0}
.scroll,figure{overflow-x:auto}
figure{margin:1rem 0;border:1px solid var(--line);border-radius:.5rem;padding:.7rem}
figure svg{display:block;margin:0 auto;max-width:none}
figcaption{color:var(--soft);font-size:.8rem;margin-top:.4rem}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.35rem .6rem;border-bottom:1px solid var(--line)}
th{font-size:.8rem;color:var(--soft);font-weight:600}
.note{background:var(--face);padding:.6rem .9rem;border-radius:.4rem}
footer{color:var(--soft);font-size:.85rem;padding-top:2rem;padding-bottom:3rem}
""".strip()

Pictures = Mapping[str, Sequence[tuple[str, str]]]
"""For an entry the SVG elements of its diagrams, each after its caption."""


def html(derivations: Sequence[Derivation], title: str, pictures: Pictures) -> str:
    """The derivations of the entries of a file, one section each."""
    links = "".join(f'<li><a href="#{escape(d.name)}">{escape(d.name)}</a></li>' for d in derivations)
    parts = [
        "<!doctype html>", '<html lang="en">', "<head>", '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">', f"<title>{escape(title)}</title>",
        f"<style>{_STYLE}</style>", "</head>", "<body>", f"<header><h1>{escape(title)}</h1>",
        f'<nav aria-label="Entries"><ul>{links}</ul></nav></header>', "<main>",
        *(line for found in derivations for line in _entry(found, pictures.get(found.name, ()))), "</main>",
        "<footer>Every step is an equality under the law beside it. Made by diagc.</footer>", "</body>", "</html>",
    ]  # fmt: skip
    return "\n".join(parts) + "\n"


def _entry(found: Derivation, pictures: Sequence[tuple[str, str]]) -> Iterator[str]:
    yield f'<section aria-labelledby="{escape(found.name)}">'
    yield f'<h2 id="{escape(found.name)}">{escape(found.name)} {_code(found.signature)}</h2>'
    yield "<h3>As written</h3>"
    yield from _figure(pictures[:1])
    yield _definitions(found.written)
    yield f"<h3>{count(found.laws)}</h3>"
    yield _laws(found.laws, 1)
    yield "<h3>Normal form</h3>"
    yield from _figure(pictures[1:])
    yield _definitions(found.normal)
    yield from (f'<p class="note">{_prose(note)}.</p>' for note in found.notes)
    yield "<h3>Kernel</h3>"
    yield from _kernel(found)
    if found.hardware:
        yield "<h3>For the hardware</h3>"
        yield _laws(found.hardware, found.hardware[0].number)
    yield from _listed("Schedule", found.schedule)
    yield from _listed("Tested in float64 on random arrays", found.checks)
    yield "</section>"


def _figure(pictures: Sequence[tuple[str, str]]) -> Iterator[str]:
    for caption, svg in pictures:
        picture = svg.replace("<svg ", f'<svg role="img" aria-label="{escape(caption)}" ', 1)
        yield f'<figure tabindex="0">{picture}<figcaption>{escape(caption)}</figcaption></figure>'


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def _prose(text: str) -> str:
    """Text in which names stand between backticks."""
    parts = text.split("`")
    return "".join(_code(part) if place % 2 else escape(part) for place, part in enumerate(parts))


def _definitions(found: Sequence[Definition]) -> str:
    items = "".join(f"<li>{_code(f'{one.name} = {one.formula}')}</li>" for one in found)
    return f'<ul class="formulas">{items}</ul>'


def _laws(laws: Sequence[Law], first: int) -> str:
    items: list[str] = []
    for law in laws:
        place = f' <span class="place">{escape(law.place)}</span>' if law.place else ""
        sides = f"<span></span>{_code(law.before)}"
        if law.after != law.before:
            sides += f"<span>=</span>{_code(law.after)}"
        items.append(f'<li><p class="law">{escape(law.law)}{place}</p><div class="sides">{sides}</div></li>')
    return f'<ol class="laws" start="{first}">{"".join(items)}</ol>' if items else "<p>None.</p>"


def _kernel(found: Derivation) -> Iterator[str]:
    if found.kernels:
        items = "".join(f"<li>{_code(line)}</li>" for line in found.kernels)
        yield f"<p>{len(found.kernels)} kernels are emitted:</p><ol>{items}</ol>"
        yield "<p>As one kernel, which is not emitted:</p>"
    if found.refusal is not None:
        yield f'<p class="note">None: {_prose(found.refusal)}.</p>'
        return
    covers = "".join(f"<li>{_code(axis)}: {TILED[kind]}</li>" for axis, kind in found.covers)
    yield f"<ul>{covers}</ul>"
    for number, loop in enumerate(found.loops, 1):
        yield from _loop(number, loop)
    if found.second is not None:
        yield f'<p class="note">Last pass: {_prose(found.second)}.</p>'
    yield "<p>Finish:</p>"
    yield _definitions(found.finish)


def _loop(number: int, loop: Loop) -> Iterator[str]:
    yield '<div class="loop">'
    reason = f" It is a pass of its own: {_prose(loop.reason)}." if loop.reason else ""
    yield f"<p><strong>Pass {number}</strong> streams {_code(' '.join(loop.axes))}.{reason}</p>"
    heads = "".join(f'<th scope="col">{name}</th>' for name in ("state", "starts at", "lift", "merge"))
    rows = "".join(
        f"<tr><td>{_code(s.name)}</td><td>{escape(s.unit)}</td><td>{_code(s.lift)}</td><td>{_code(s.merge)}</td></tr>"
        for s in loop.states
    )
    yield f'<div class="scroll" tabindex="0"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'
    for centre in loop.centres:
        held = f" Before the last chunk {_code(centre.held)} stands for it." if centre.held else ""
        yield f"<p>{_code(f'{centre.name} = {centre.formula}')}.{held}</p>"
    yield "".join(f"<p>{escape(bound)}.</p>" for bound in loop.bounds)
    yield "</div>"


def _listed(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield f"<h3>{title}</h3>"
        yield f"<ul>{''.join(f'<li>{_prose(line)}</li>' for line in lines)}</ul>"
