// What the page of `diagc serve` needs of CodeMirror, as one file: `npm install && npm run build`.
export { EditorView, basicSetup } from "codemirror";
export { HighlightStyle, StreamLanguage, syntaxHighlighting } from "@codemirror/language";
export { setDiagnostics, lintGutter } from "@codemirror/lint";
export { EditorState } from "@codemirror/state";
export { tags } from "@lezer/highlight";
