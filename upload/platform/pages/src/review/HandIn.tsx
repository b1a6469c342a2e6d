import { useState } from "preact/hooks";
import { asProblem, type Problem } from "@design/http";
import { clock } from "@design/format";
import { Button } from "@design/parts/Button";
import { Dialog } from "@design/parts/Dialog";
import { Note, ProblemNote } from "@design/parts/Note";
import { showToast } from "@design/parts/Toasts";
import { navigate } from "@design/router";
import { d } from "@design/texts";
import { api } from "../api";
import { t } from "../texts";
import type { Judgement, QueueItem, Review } from "../types";
import type { JudgementDraft } from "./judgement";
import { levelName } from "./Rubric";
import { seenMs } from "./watched";

// Which pieces a refusal is about: the server may name one; if not, the code says what to look for.
export function blamed(problem: Problem, judgement: Judgement): readonly string[] {
  const titles = judgement.pieces.map((piece) => piece.title);
  const named = [problem.body.piece, ...(Array.isArray(problem.body.pieces) ? (problem.body.pieces as unknown[]) : [])];
  const known = titles.filter((title) => named.includes(title));
  if (known.length > 0) return known;
  if (problem.code === "piece-without-level") return judgement.pieces.filter((piece) => piece.level === null).map((piece) => piece.title);
  if (problem.code === "level-without-moment") return judgement.pieces.filter((piece) => piece.level !== null && piece.moments.length === 0).map((piece) => piece.title);
  return titles.filter((title) => problem.detail.includes(title));
}

export async function goToNext(after: string): Promise<void> {
  const items: readonly QueueItem[] = await api.queue().catch(() => []);
  const next = items.find((item) => item.state !== "done" && item.id !== after);
  navigate(next ? `/review/${encodeURIComponent(next.id)}` : "/");
}

export function HandIn({ review, draft, durationMs }: { review: Review; draft: JudgementDraft; durationMs: number }) {
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const close = (): void => {
    setAsking(false);
    setBusy(false);
  };
  const handIn = async (): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      await draft.flush().catch(() => undefined);
      if (draft.aside.peek()) return close();
      await api.handIn(review.id, draft.now.peek(), draft.version);
      draft.finish();
      showToast(t("hand-in.done"));
      await goToNext(review.id);
    } catch (error) {
      const failure = asProblem(error);
      if (failure.code === "draft-changed") await draft.meet().catch(() => undefined);
      const about = blamed(failure, draft.now.peek());
      draft.problems.value = new Map(about.map((title) => [title, failure]));
      setProblem(about.length > 0 ? null : failure);
      close();
      if (about[0] !== undefined) document.querySelector(".rubric-piece.has-problem, .rubric-piece")?.scrollIntoView({ block: "nearest" });
    }
  };
  const unseen = Math.max(0, durationMs - seenMs(draft.now.value.watched));
  return (
    <section class="stack-tight">
      {problem && <ProblemNote problem={problem} />}
      <Button kind="primary" icon="send" wide onClick={() => setAsking(true)} testId="hand-in">{t("hand-in")}</Button>
      {asking && (
        <Dialog title={t("hand-in.ask")} onClose={() => setAsking(false)}>
          <ul class="hand-in-list">
            {draft.now.value.pieces.map((piece) => <li key={piece.title}><span>{piece.title}</span><b>{piece.level === null ? "—" : levelName(piece.level)}</b></li>)}
          </ul>
          {unseen > 1500 && <Note tone="warn"><p>{t("hand-in.unseen", { length: clock(unseen) })}</p></Note>}
          <p class="small quiet">{t("hand-in.means")}</p>
          <div class="actions">
            <Button onClick={() => setAsking(false)}>{d("cancel")}</Button>
            <Button kind="primary" icon="send" disabled={busy} onClick={() => void handIn()} testId="hand-in-yes">{t("hand-in")}</Button>
          </div>
        </Dialog>
      )}
    </section>
  );
}
