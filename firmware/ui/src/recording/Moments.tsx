// What a teacher may do beside marking: a private moment, five minutes more, take the last two minutes back for good.
import { useState } from "preact/hooks";
import { asProblem, type Problem } from "@design/http";
import { clock } from "@design/format";
import { problemText } from "@design/texts";
import { Button } from "@design/parts/Button";
import { Dialog } from "@design/parts/Dialog";
import { Icon } from "@design/parts/Icon";
import { ProblemNote } from "@design/parts/Note";
import { showToast } from "@design/parts/Toasts";
import { api } from "../api";
import { t } from "../texts";
import type { RunningLesson } from "../types";
import { marks } from "./taps";

const kDeleteMs = 120_000;
const kMoreMs = 300_000;

const tell = (error: unknown): void => void showToast(problemText(asProblem(error)), { bad: true });

export function Moments({ lesson }: { lesson: RunningLesson }) {
  const [deleting, setDeleting] = useState(false);
  const [busy, setBusy] = useState(false);
  const act = (work: () => Promise<unknown>): void => {
    setBusy(true);
    void work().catch(tell).finally(() => setBusy(false));
  };
  return (
    <div class="moments" role="group" aria-label={t("moments")}>
      <Button icon="pause" disabled={busy} onClick={() => act(api.pause)} testId="private">{t("private.begin")}</Button>
      <Button icon="bin" disabled={busy} onClick={() => setDeleting(true)} testId="delete-last">{t("delete.last")}</Button>
      {lesson.planned_ms !== undefined && lesson.planned_ms !== null && (
        <Button icon="plus" disabled={busy} onClick={() => act(() => api.extend(kMoreMs))} testId="more-time">{t("plan.more")}</Button>
      )}
      {deleting && <DeleteLast lesson={lesson} onClose={() => setDeleting(false)} />}
    </div>
  );
}

function DeleteLast({ lesson, onClose }: { lesson: RunningLesson; onClose: () => void }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const length = Math.min(kDeleteMs, Math.max(1000, lesson.elapsed_ms));
  const within = marks.value.filter((mark) => mark.at_ms >= lesson.elapsed_ms - kDeleteMs).length;
  const go = async (): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      await api.deleteLast(kDeleteMs);
      showToast(t("delete.done"));
      onClose();
    } catch (error) {
      setProblem(asProblem(error));
      setBusy(false);
    }
  };
  return (
    <Dialog title={t("delete.ask", { length: clock(length) })} onClose={onClose}>
      <p>{t("delete.means")}</p>
      {within > 0 && <p>{t("delete.marks", { n: within })}</p>}
      {problem && <ProblemNote problem={problem} />}
      <div class="actions">
        <Button onClick={onClose}>{t("delete.no")}</Button>
        <Button kind="danger" icon="bin" disabled={busy} onClick={() => void go()} testId="delete-yes">{t(busy ? "delete.busy" : "delete.yes")}</Button>
      </div>
    </Dialog>
  );
}

// Instead of the tiles: nothing can be marked, and the one thing to do is to go on.
export function PrivateMoment({ lesson }: { lesson: RunningLesson }) {
  const [busy, setBusy] = useState(false);
  const resume = (): void => {
    setBusy(true);
    void api.resume().catch(tell).finally(() => setBusy(false));
  };
  const since = lesson.elapsed_ms - (lesson.away_since_ms ?? lesson.elapsed_ms);
  return (
    <section class="private-moment" aria-label={t("status.private")} data-testid="private-moment">
      <Icon name="pause" />
      <p class="private-word">{t("private.word")}</p>
      <p>{t("private.means")}</p>
      <p class="num" data-testid="private-since">{t("private.since", { since: clock(Math.max(0, since)) })}</p>
      <Button kind="primary" icon="record" disabled={busy} onClick={resume} testId="resume">{t("private.end")}</Button>
    </section>
  );
}
