// Before everything: the pages are built (unless SHILU_WWW names built ones) and the mocks' little films are made.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { prepare } from "./mock/media.mjs";

export default function setup(): void {
  const ui = join(import.meta.dirname, "../../firmware/ui");
  if (!process.env.SHILU_WWW) {
    process.env.SHILU_WWW = join(import.meta.dirname, ".cache/www");
    if (!existsSync(join(ui, "node_modules/.package-lock.json"))) execFileSync("npm", ["ci", "--no-audit", "--no-fund"], { cwd: ui, stdio: "inherit" });
    execFileSync("npm", ["run", "build", "--silent"], { cwd: ui, stdio: ["ignore", "ignore", "inherit"], env: process.env });
  }
  for (const page of ["teacher", "assessor"]) {
    if (!existsSync(join(process.env.SHILU_WWW, page, "index.html"))) throw new Error(`SHILU_WWW=${process.env.SHILU_WWW} holds no ${page} page`);
  }
  prepare();
}
