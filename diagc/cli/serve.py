"""The command `serve`."""

from __future__ import annotations

from pathlib import Path

import click

from diagc.diagnostics import failure


@click.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="0 chooses a free one."
)
@click.option(
    "--specs", type=click.Path(path_type=Path, file_okay=False), default=Path("specs"), show_default=True,
    help="The folder of examples; `use` reads there and nowhere else.",
)  # fmt: skip
def serve(port: int, specs: Path) -> None:
    """Open a local page: an editor, and beside it figure, kernels, cost, derivation, Triton and JAX.

    It listens on 127.0.0.1 alone and answers nobody without the token in the address that it prints. Each answer has
    ten seconds in a process of its own. End with Ctrl-C.

    \b
    diagc serve
    diagc serve --port 0 --specs specs/attention
    """
    try:
        import uvicorn

        from diagc.serve.app import Page
    except ImportError as error:
        raise failure(
            "E0904", "the page needs starlette and uvicorn, which are not installed",
            help="install them with `pip install 'diagc[serve]'`",
        ) from error  # fmt: skip
    import socket

    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("127.0.0.1", port))
        except OSError as error:
            raise click.UsageError(
                f"port {port} is taken; choose another with --port, or 0 for a free one"
            ) from error
        page = Page(specs)
        click.echo(f"http://127.0.0.1:{listening.getsockname()[1]}/?token={page.token}")
        server = uvicorn.Server(uvicorn.Config(page.application(), log_level="warning"))
        try:
            server.run([listening])
        finally:
            page.stop()
