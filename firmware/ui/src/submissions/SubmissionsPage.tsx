import { useEffect, useState } from "preact/hooks";
import { asProblem, type Problem } from "@design/http";
import { bytes } from "@design/format";
import { Link } from "@design/parts/Link";
import { ProblemNote } from "@design/parts/Note";
import { Bar, Empty, Loading } from "@design/parts/Small";
import { api } from "../api";
import { onSubmission } from "../live";
import { pointName } from "../session";
import { t } from "../texts";
import type { Submission } from "../types";
import { StateBadge } from "./StateBadge";

export function SubmissionsPage() {
  const [all, setAll] = useState<readonly Submission[] | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    const load = (): void => void api.submissions().then(setAll, (error: unknown) => setProblem(asProblem(error)));
    load();
    return onSubmission(load);
  }, []);
  return (
    <div class="page">
      <div class="page-head"><h1>{t("nav.submissions")}</h1></div>
      {problem && <ProblemNote problem={problem} />}
      {!all && !problem && <Loading />}
      {all?.length === 0 && <Empty icon="send"><p>{t("sub.none")}</p></Empty>}
      {all && all.length > 0 && <ul class="rows">{all.map((one) => <Row key={one.id} submission={one} />)}</ul>}
    </div>
  );
}

function Row({ submission }: { submission: Submission }) {
  const going = submission.state === "sending" && submission.size_bytes > 0;
  return (
    <li>
      <Link class="lesson-row is-submission" to={`/submissions/${encodeURIComponent(submission.id)}`} testId={`submission-${submission.id}`}>
        <span class="lesson-words">
          <b class="clip-line">{pointName(submission.point)}</b>
          <span class="small quiet num">
            {submission.receipt ? t("sub.receipt", { number: submission.receipt.number }) : submission.size_bytes > 0 ? bytes(submission.size_bytes) : t("sub.preparing")}
          </span>
          {going && <Bar share={submission.acked_bytes / submission.size_bytes} label={t("sub.progress")} />}
        </span>
        <span class="lesson-badges"><StateBadge submission={submission} /></span>
      </Link>
    </li>
  );
}
