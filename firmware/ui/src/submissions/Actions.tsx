// What a teacher can do with a submission that is under way.
import { useState } from "preact/hooks";
import { asProblem, type Problem } from "@design/http";
import { Button } from "@design/parts/Button";
import { ProblemNote } from "@design/parts/Note";
import { api, type SubmissionAction } from "../api";
import { t } from "../texts";
import type { Submission } from "../types";

export function isUnderWay(submission: Submission): boolean {
  return submission.state === "packing" || submission.state === "queued" || submission.state === "sending";
}

export function Actions({ submission, onDone }: { submission: Submission; onDone: (next: Submission) => void }) {
  const [problem, setProblem] = useState<Problem | null>(null);
  const [asked, setAsked] = useState(false);
  const act = (action: SubmissionAction): void => {
    setProblem(null);
    setAsked(false);
    void api.submissionAction(submission.id, action).then(onDone, (error: unknown) => setProblem(asProblem(error)));
  };
  if (!isUnderWay(submission)) return null;
  const paused = submission.paused === true;
  const moving = submission.state !== "packing";
  return (
    <div class="stack-tight">
      <div class="wrap">
        {paused && <Button icon="play" onClick={() => act("resume")}>{t("sub.resume")}</Button>}
        {moving && !paused && <Button icon="pause" onClick={() => act("pause")}>{t("sub.pause")}</Button>}
        {moving && <Button icon="send" onClick={() => act("send-now")}>{t("sub.send-now")}</Button>}
        {!asked && <Button kind="plain" icon="undo" onClick={() => setAsked(true)}>{t("sub.withdraw")}</Button>}
        {asked && <Button kind="danger" icon="undo" onClick={() => act("withdraw")}>{t("sub.withdraw-sure")}</Button>}
        {asked && <Button kind="plain" onClick={() => setAsked(false)}>{t("sub.withdraw-not")}</Button>}
      </div>
      {problem && <ProblemNote problem={problem} />}
    </div>
  );
}
