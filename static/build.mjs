// Builds the screens into dist/: hashed names, a manifest, and every file compressed beforehand.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { basename, dirname, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const here = fileURLToPath(new URL(".", import.meta.url));
const dist = join(here, "dist");
const screens = ["families", "receipt", "stage", "speak", "desk"];
/** What a screen loads when it is needed, by the address that its page names: no first load carries it. */
const later = ["suggest"];

/**
 * We connect by WebSocket alone and send JSON alone, so what the library brings for other ways need not
 * travel to a phone: 3 KB less, compressed, on every screen.
 */
const leanerLibrary = {
  name: "leaner-library",
  setup(bundle) {
    const instead = {
      "engine.io-client/build/esm/transports/index.js":
        'import { WS } from "./websocket.js"; export const transports = { websocket: WS };',
      "socket.io-client/build/esm/index.js": 'export { Manager } from "./manager.js";',
      "socket.io-parser/build/esm/is-binary.js":
        "export const isBinary = () => false; export const hasBinary = () => false;",
    };
    for (const [path, contents] of Object.entries(instead)) {
      bundle.onLoad({ filter: new RegExp(`/node_modules/${path.replaceAll(".", "\\.")}$`) }, () => ({
        contents,
        resolveDir: dirname(join(here, "node_modules", path)),
      }));
    }
    bundle.onResolve({ filter: /\/transports\/(polling|webtransport)/ }, async (asked) => {
      if (asked.pluginData === "seen") return undefined;
      const { path } = await bundle.resolve(asked.path, {
        kind: asked.kind,
        resolveDir: asked.resolveDir,
        pluginData: "seen",
      });
      return { path, sideEffects: false };
    });
  },
};

const common = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  charset: "utf8",
  legalComments: "none",
  logLevel: "warning",
};

/** Sorted, so that a build says the same on every machine. */
const namesIn = async (folder) => (await readdir(join(here, folder)).catch(() => [])).sort();

async function buildTests() {
  const tests = (await namesIn("test")).filter((name) => name.endsWith(".test.ts"));
  await build({
    ...common,
    minify: false,
    entryPoints: tests.map((name) => join("test", name)),
    outdir: ".tests",
    format: "esm",
    platform: "node",
    target: "node20",
    outExtension: { ".js": ".mjs" },
  });
}

async function buildScreens() {
  await rm(dist, { recursive: true, force: true });
  await mkdir(dist, { recursive: true });
  const sheets = (await namesIn("css")).filter((name) => name.endsWith(".css"));
  const scripts = await build({
    ...common,
    entryPoints: [...screens, ...later].map((name) => join("src", `${name}.ts`)),
    outdir: dist,
    entryNames: "[name]-[hash]",
    format: "esm",
    target: "es2018",
    plugins: [leanerLibrary],
    metafile: true,
    write: false,
  });
  const styles = sheets.length
    ? await build({
        ...common,
        entryPoints: sheets.map((name) => join("css", name)),
        outdir: dist,
        entryNames: "[name]-[hash]",
        // Nesting is unrolled for phones that do not know it.
        target: ["chrome88", "firefox85", "safari14"],
        external: ["*.svg", "*.png"],
        metafile: true,
        write: false,
      })
    : { outputFiles: [], metafile: { outputs: {} } };

  const manifest = {};
  const rows = [];
  const entries = new Map(
    Object.entries({ ...scripts.metafile.outputs, ...styles.metafile.outputs })
      .filter(([, output]) => output.entryPoint)
      .map(([path, output]) => [basename(path), basename(output.entryPoint).replace(/\.ts$/, ".js")]),
  );
  const files = [...scripts.outputFiles, ...styles.outputFiles].map(({ path, contents }) => {
    const entry = entries.get(basename(path));
    if (!entry) throw new Error(`${basename(path)} belongs to no screen`);
    return [entry, basename(path), contents];
  });
  for (const entry of await namesIn("icons")) {
    const bytes = await readFile(join(here, "icons", entry));
    const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 8).toUpperCase();
    files.push([entry, entry.replace(/(\.[^.]+)$/, `-${hash}$1`), bytes]);
  }
  for (const [entry, name, bytes] of files) {
    manifest[entry] = name;
    const gzip = gzipSync(bytes, { level: 9 });
    const brotli = brotliCompressSync(bytes, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
    });
    await writeFile(join(dist, name), bytes);
    await writeFile(join(dist, `${name}.gz`), gzip);
    await writeFile(join(dist, `${name}.br`), brotli);
    rows.push([entry, bytes.length, gzip.length, brotli.length]);
  }
  const sorted = Object.fromEntries(Object.entries(manifest).sort(([a], [b]) => (a < b ? -1 : 1)));
  await writeFile(join(dist, "manifest.json"), `${JSON.stringify(sorted, null, 2)}\n`);
  console.log(["", "bytes", "gzip", "br"].map((word) => word.padStart(14)).join(""));
  for (const row of rows.sort()) console.log(row.map((cell) => String(cell).padStart(14)).join(""));
}

await (process.argv.includes("--tests") ? buildTests() : buildScreens());
