import { defineConfig } from "vite";
import { pageBuild } from "./vite.shared.ts";

export default defineConfig(pageBuild(".", "teacher"));
