"""The local page: token, hosts, paths and hostile specs by requests; typing in a real Chromium."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tests.chromium import chromium, watched

pytest.importorskip("starlette")
pytest.importorskip("pygraphviz")
uvicorn = pytest.importorskip("uvicorn")

CAUSAL = Path("specs/attention/attention.diag").read_text("utf-8")


ELSEWHERE = ["/asset/../app.py", "/asset/..%2fapp.py", "/asset/page.html", "/example/9999", "/../secret.diag"]
TABS = {
    "Cost": "NVIDIA H200", "Triton": "def causal", "JAX": "import jax", "Derivation": "as written",
    "Kernels": "a loop streams x",
}  # fmt: skip
IN_RESULT = "s => document.getElementById('result').textContent.includes(s)"


class Client:
    """Requests to a running page, with the token unless told otherwise."""

    def __init__(self, port: int, token: str) -> None:
        self.port, self.token = port, token
        self.url = f"http://127.0.0.1:{port}/?token={token}"

    def get(self, path: str, body: str | None = None, **headers: str) -> tuple[int, Any]:
        import http.client
        import json

        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        given = {"X-Token": self.token} | {k.replace("_", "-"): v for k, v in headers.items()}
        connection.request("POST" if body is not None else "GET", path, body, given)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, json.loads(text) if answer.headers[
            "content-type"
        ] == "application/json" else text

    def ask(self, text: str, **more: str) -> Any:
        import json

        return self.get("/ask", json.dumps({"text": text, **more}))[1]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Generator[Client, None, None]:
    import shutil
    import socket

    from diagc.serve.app import Page

    folder = tmp_path_factory.mktemp("served")
    shutil.copytree("specs", folder / "specs")
    (folder / "secret.diag").write_text("diag 1\naxis secret_axis\n")
    os.symlink(folder / "secret.diag", folder / "specs" / "link.diag")
    page = Page(folder / "specs", seconds=8.0)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(
            uvicorn.Config(page.application(), log_level="error", lifespan="off", ws="none")
        )
        running = threading.Thread(target=server.run, args=([listening],))
        running.start()
        try:
            client = Client(listening.getsockname()[1], page.token)
            wait(lambda: server.started)
            client.ask("diag 1")
            client.ask(CAUSAL, show="figure")
            yield client
        finally:
            server.should_exit = True
            running.join()
            page.stop()


def wait(done: Any) -> None:
    until = time.monotonic() + 20
    while not done():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.parametrize("path", ["/", "/asset/page.js", "/examples", "/example/0"])
def test_nothing_without_the_token(served: Client, path: str) -> None:
    assert served.get(path, X_Token="wrong")[0] == 403
    assert served.get(path)[0] == 200
    assert served.get("/ask", "{}", X_Token="")[0] == 403


def test_nothing_to_other_hosts(served: Client) -> None:
    assert served.get("/", Host="evil.example")[0] == 400


@pytest.mark.parametrize("path", ELSEWHERE)
def test_no_other_file_is_read(served: Client, path: str) -> None:
    assert served.get(path)[0] in (404, 405)


@pytest.mark.parametrize(
    "used", ["../secret.diag", "/etc/passwd", "link.diag", "attention/../../secret.diag"]
)
def test_a_spec_uses_nothing_outside_the_examples(served: Client, used: str) -> None:
    found = served.ask(f'diag 1\nuse "{used}" as s\nfn f(X: f32[]) -> f32 {{ return X }}')
    assert [e["code"] for e in found["errors"]] == ["E0902"]
    assert "secret_axis" not in str(found) and "root:" not in str(found)


def test_a_link_among_the_examples_is_not_followed(served: Client) -> None:
    number = served.get("/examples")[1].index("link.diag")
    assert "secret_axis" not in str(served.get(f"/example/{number}")[1])


HOSTILE = {
    "depth": "diag 1 axis q fn f(X: f32[q]) -> f32[q] { return " + "(" * 50_000 + "X" + ")" * 50_000 + " }",
    "calls": "diag 1\naxis q\nfn f0(X: f32[q]) -> f32[q] { return X + 1 }\n"
    + "".join(f"fn f{n}(X: f32[q]) -> f32[q] {{ return f{n - 1}(f{n - 1}(X)) }}\n" for n in range(1, 40)),
    "powers": "diag 1\naxis q\nfn f(X: f32[q]) -> f32[q] { return X * " + "^".join(["9"] * 200) + " }",
    "itself": 'diag 1\nuse "page.diag" as p\nfn f(X: f32[]) -> f32 { return X }',
    "sizes": "diag 1\naxis q: "
    + " * ".join(["(n + m)"] * 90)
    + "\nsize n, m\nfn f(X: f32[q]) -> f32[q] { return X }",
    "chain": "diag 1\naxis q\nfn f(X: f32[q]) -> f32[q] { return exp(X) }\n"
    "fn g = chain(1000, f)\nfn h = chain(1000, g)\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_spec_ends_in_an_answer_and_the_page_goes_on(served: Client, name: str) -> None:
    found = served.ask(HOSTILE[name], show="triton")
    assert found.get("errors") or found.get("failed") or found.get("refused"), found
    assert served.ask(CAUSAL)["entries"][:2] == ["attention", "causal"]
    assert "def causal" in served.ask(CAUSAL, show="triton", entry="causal")["text"]


def test_what_is_no_question_is_refused(served: Client) -> None:
    for body in (
        "[]",
        "{}",
        "no",
        '{"text": 3}',
        '{"text": "a", "show": "os"}',
        '{"text": "\\ud800"}',
        "[" * 100_000,
    ):
        assert served.get("/ask", body)[0] == 400
    assert served.get("/ask", '{"text": "' + " " * 1_100_000 + '"}')[0] == 413


def test_typing_in_a_browser(served: Client) -> None:
    with chromium() as browser:
        page = browser.new_context(viewport={"width": 1400, "height": 800}).new_page()
        errors = watched(page)
        page.goto(served.url)
        page.wait_for_selector('#result[data-shown="figure"] svg rect')
        assert "mask x ≤ q" in page.text_content("#result")

        page.click(".cm-line:has-text('return sum[x]')")
        page.keyboard.press("End")
        page.keyboard.type(" + Z")
        page.wait_for_selector(".cm-lintRange-error")
        assert "E0201" in page.text_content("#errors") or "`Z`" in page.text_content("#errors")
        for _ in range(4):
            page.keyboard.press("Backspace")
        page.wait_for_selector(".cm-lintRange-error", state="detached")

        page.click(".cm-line:has-text('where')")
        page.keyboard.press("Home")
        for _ in range(len("P = softmax[x](where(x <= q")):
            page.keyboard.press("ArrowRight")
        page.keyboard.type(" and x > q - 64")
        page.wait_for_function(IN_RESULT, arg="x > q − 64")
        for tab, said in TABS.items():
            page.click(f"#tabs >> text={tab}")
            page.wait_for_function(IN_RESULT, arg=said)

        page.click("#share")
        page.wait_for_function("location.hash.startsWith('#text=')")
        other = browser.new_context().new_page()
        other.goto(page.url)
        other.wait_for_selector(".cm-line:has-text('x > q - 64')")

        page.select_option("#examples", label="learning/distill.diag")
        page.wait_for_selector(".cm-line:has-text('learning distill')")
        page.click("#tabs >> text=Figure")
        page.wait_for_function(IN_RESULT, arg="cross_entropy")
        assert errors == []
