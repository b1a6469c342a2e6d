// verify.html: the page that verifies a package without any server, in one file that opens from a disk.
import { join } from "node:path";
import { defineConfig, type Plugin } from "vite";

const here = import.meta.dirname;

// Scripts and styles go into the page itself: a browser loads no module from file://.
function inOneFile(): Plugin {
  return {
    name: "shilu-one-file",
    enforce: "post",
    generateBundle(_, bundle) {
      const page = bundle["index.html"];
      if (page?.type !== "asset") throw new Error("no page was built");
      let html = String(page.source).replace(/\s*<(script|link)[^>]*(src|href)="[^"]*"[^>]*>(<\/script>)?/g, "");
      for (const [name, part] of Object.entries(bundle)) {
        if (part === page) continue;
        const script = part.type === "chunk";
        const text = script ? part.code.replaceAll("</script", "<\\/script") : String(part.source);
        const tag = script ? `<script type="module">${text}</script>` : `<style>${text}</style>`;
        html = html.replace(script ? "</body>" : "</head>", () => `${tag}\n  ${script ? "</body>" : "</head>"}`);
        delete bundle[name];
      }
      page.fileName = "verify.html";
      page.source = html;
    },
  };
}

export default defineConfig({
  root: join(here, "../../upload/evidence/page"),
  base: "./",
  publicDir: false,
  plugins: [inOneFile()],
  build: {
    outDir: join(process.env.SHILU_WWW ?? join(here, "../../build/web/www"), "verify"),
    emptyOutDir: true,
    target: "chrome137", // where Ed25519 came
    modulePreload: false,
    cssCodeSplit: false,
  },
});
