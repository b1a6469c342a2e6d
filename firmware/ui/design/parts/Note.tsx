import type { ComponentChildren } from "preact";
import type { Problem } from "../http";
import { d, problemAside, problemText } from "../texts";
import { Icon, type IconName } from "./Icon";

type Tone = "info" | "ok" | "warn" | "bad";
const kIcons: Readonly<Record<Tone, IconName>> = { info: "info", ok: "check", warn: "warn", bad: "warn" };

export function Note({ tone = "info", children, testId }: { tone?: Tone; children: ComponentChildren; testId?: string }) {
  return (
    <div class={`note is-${tone}`} data-testid={testId} role={tone === "bad" ? "alert" : undefined}>
      <Icon name={kIcons[tone]} />
      {children}
    </div>
  );
}

// What happened, what it means and what to do, in the page's language; the short code is for whoever is called.
export function ProblemNote({ problem, testId }: { problem: Problem; testId?: string | undefined }) {
  return (
    <Note tone="bad" testId={testId ?? "problem"}>
      <p>{problemText(problem)}</p>
      {problemAside(problem) && <p class="small">{problemAside(problem)}</p>}
      <p class="code">{d("problem.code", { code: problem.code })}</p>
    </Note>
  );
}
