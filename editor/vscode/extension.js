// Starts `diagc lsp` for .diag files; everything else is in the server.
const { workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

exports.activate = () => {
  const command = workspace.getConfiguration("diagc").get("command");
  client = new LanguageClient("diagc", "diagc", { command, args: ["lsp"] }, { documentSelector: [{ language: "diag" }] });
  return client.start();
};

exports.deactivate = () => client?.stop();
