// flux.mjs PLACE: reads an array of scripts from stdin, and writes for each whether Flux's compiler, the package at PLACE, takes it.
// The package is for bundlers: its WebAssembly and its JavaScript import each other. Here they are joined by hand.
import { readFileSync } from "node:fs";

const place = process.argv[2];
const compiled = new WebAssembly.Module(readFileSync(`${place}/flux-lsp-browser_bg.wasm`));
let glue;
const names = WebAssembly.Module.imports(compiled).map(({ name }) => name);
const imports = Object.fromEntries(names.map(name => [name, (...given) => glue[name](...given)]));
globalThis.wasm = new WebAssembly.Instance(compiled, { "./flux-lsp-browser_bg.js": imports }).exports;
const source = readFileSync(`${place}/flux-lsp-browser_bg.js`, "utf8").replace(/^import .*$/m, "const wasm = globalThis.wasm;");
glue = await import("data:text/javascript," + encodeURIComponent(source));
console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(glue.is_valid_flux)));
