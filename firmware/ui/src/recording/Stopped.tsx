// After a stop: for 30 s the same lesson can go on, then it is closed by itself. Nothing is recorded meanwhile.
import { useState } from "preact/hooks";
import { asProblem, type Problem } from "@design/http";
import { clock } from "@design/format";
import { Button } from "@design/parts/Button";
import { ProblemNote } from "@design/parts/Note";
import { Icon } from "@design/parts/Icon";
import { navigate } from "@design/router";
import { api } from "../api";
import { t } from "../texts";
import type { RunningLesson } from "../types";

export function Stopped({ lesson }: { lesson: RunningLesson }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const seconds = Math.ceil((lesson.closes_in_ms ?? 0) / 1000);
  const act = async (work: () => Promise<unknown>): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      await work();
    } catch (error) {
      setProblem(asProblem(error));
    }
    setBusy(false);
  };
  const finish = async (): Promise<void> => {
    const done = await api.finish();
    navigate(`/lessons/${encodeURIComponent(done.lesson_id)}`);
  };
  return (
    <div class="page is-narrow">
      <section class="card stack stopped" aria-label={t("status.stopping")} data-testid="stopped">
        <p class="status-word" role="status" data-testid="status-word"><Icon name="stop" />{t("status.stopping")}</p>
        <p>{t("stopped.length", { length: clock(lesson.durable_ms) })}</p>
        <p class="quiet" data-testid="closes-in">{t("stopped.closes", { seconds })}</p>
        {problem && <ProblemNote problem={problem} />}
        <Button kind="primary" icon="record" wide disabled={busy} onClick={() => void act(api.resume)} testId="continue">{t("stopped.continue")}</Button>
        <Button icon="check" wide disabled={busy} onClick={() => void act(finish)} testId="finish">{t("stopped.finish")}</Button>
      </section>
    </div>
  );
}
