// What both builds share. The pages folder has no node_modules of its own: its bare imports are resolved from here,
// so that there is one copy of Preact and one lock file.
import { fileURLToPath } from "node:url";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import type { Plugin, UserConfig } from "vite";

const here = dirname(fileURLToPath(import.meta.url));

function resolveFromHere(): Plugin {
  return {
    name: "shilu-resolve",
    enforce: "pre",
    resolveId(source, importer, options) {
      const bare = /^(preact|@preact\/signals)(\/|$)/.test(source);
      if (!bare || !importer || importer.startsWith(here)) return null;
      return this.resolve(source, join(here, "package.json"), { ...options, skipSelf: true });
    },
  };
}

// A .gz beside each text asset: the appliance serves it as it is and spends no time on packing.
function gzipBeside(directory: string): Plugin {
  const pack = (folder: string): void => {
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      if (statSync(path).isDirectory()) pack(path);
      else if (/\.(js|css|html|svg|json)$/.test(name)) writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
    }
  };
  return { name: "shilu-gzip", apply: "build", closeBundle: () => pack(directory) };
}

export function pageBuild(root: string, name: "teacher" | "assessor"): UserConfig {
  const output = join(process.env.SHILU_WWW ?? join(here, "../../build/web/www"), name);
  return {
    root: join(here, root),
    base: "/",
    publicDir: join(here, "design/public"),
    plugins: [resolveFromHere(), gzipBeside(output)],
    oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
    resolve: { alias: { "@design": join(here, "design") }, dedupe: ["preact", "@preact/signals"] },
    build: {
      outDir: output,
      emptyOutDir: true,
      target: "chrome80",
      cssTarget: "chrome80",
      sourcemap: false,
      assetsInlineLimit: 0,
      reportCompressedSize: true,
    },
  };
}
