"""The command `lsp`."""

from __future__ import annotations

import click

from diagc.diagnostics import failure


@click.command()
def lsp() -> None:
    """Serve an editor: errors as you type, types on hover, definitions, renaming, formatting.

    It speaks the language server protocol over standard input and output; editors start it by themselves. The folder
    editor/vscode holds an extension for VS Code; in Helix, Neovim and Emacs name this command as the server of `.diag`.

    \b
    diagc lsp
    """
    try:
        from diagc.editor.server import server
    except ImportError as error:
        raise failure(
            "E0904", "the language server needs pygls, which is not installed",
            help="install it with `pip install 'diagc[editor]'`",
        ) from error  # fmt: skip
    server().start_io()
