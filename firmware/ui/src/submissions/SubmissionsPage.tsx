// The queue: what is on its way, live, each with what can be done about it; below it what has arrived.
import { useEffect, useState } from "preact/hooks";
import { asProblem, type Problem } from "@design/http";
import { bytes } from "@design/format";
import { Link } from "@design/parts/Link";
import { Note, ProblemNote } from "@design/parts/Note";
import { Empty, Loading } from "@design/parts/Small";
import { api } from "../api";
import { onSubmission } from "../live";
import { pointName } from "../session";
import { t } from "../texts";
import type { Submission } from "../types";
import { Actions, isUnderWay } from "./Actions";
import { LineCard } from "./LineCard";
import { Sending } from "./Sending";
import { StateBadge } from "./StateBadge";
import { troubleText } from "./trouble";

type All = readonly Submission[] | null;

// The event carries the whole submission: one that is known is replaced where it stands, a new one goes on top.
function withNewer(all: All, one: Submission): All {
  if (!all) return all;
  return all.some((known) => known.id === one.id) ? all.map((known) => (known.id === one.id ? one : known)) : [one, ...all];
}

export function SubmissionsPage() {
  const [all, setAll] = useState<All>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const take = (one: Submission): void => setAll((known) => withNewer(known, one));
  useEffect(() => {
    void api.submissions().then(setAll, (error: unknown) => setProblem(asProblem(error)));
    return onSubmission(take);
  }, []);
  const going = all?.filter((one) => isUnderWay(one) || one.state === "verifying") ?? [];
  const ended = all?.filter((one) => !going.includes(one)) ?? [];
  return (
    <div class="page">
      <div class="page-head"><h1>{t("nav.submissions")}</h1></div>
      {problem && <ProblemNote problem={problem} />}
      {!all && !problem && <Loading />}
      <div class="stack">
        <LineCard />
        {all?.length === 0 && <Empty icon="send"><p>{t("sub.none")}</p></Empty>}
        {going.length > 0 && <ul class="rows" data-testid="queue">{going.map((one) => <Going key={one.id} submission={one} onDone={take} />)}</ul>}
        {ended.length > 0 && <ul class="rows">{ended.map((one) => <Ended key={one.id} submission={one} />)}</ul>}
      </div>
    </div>
  );
}

function Going({ submission, onDone }: { submission: Submission; onDone: (next: Submission) => void }) {
  return (
    <li class="card stack-tight queue-row" data-testid={`queued-${submission.id}`}>
      <div class="between">
        <Link class="clip-line queue-name" to={`/submissions/${encodeURIComponent(submission.id)}`} testId={`submission-${submission.id}`}>
          <b>{pointName(submission.point)}</b>
        </Link>
        <StateBadge submission={submission} />
      </div>
      {submission.size_bytes > 0 && submission.state !== "verifying" && <Sending submission={submission} />}
      {submission.last_error && submission.paused !== true && <Note tone="warn"><p>{troubleText(submission.error_code, submission.last_error)}</p></Note>}
      <Actions submission={submission} onDone={onDone} />
    </li>
  );
}

function Ended({ submission }: { submission: Submission }) {
  return (
    <li>
      <Link class="lesson-row is-submission" to={`/submissions/${encodeURIComponent(submission.id)}`} testId={`submission-${submission.id}`}>
        <span class="lesson-words">
          <b class="clip-line">{pointName(submission.point)}</b>
          <span class="small quiet num">
            {submission.receipt ? t("sub.receipt", { number: submission.receipt.number }) : submission.size_bytes > 0 ? bytes(submission.size_bytes) : t("sub.preparing")}
          </span>
        </span>
        <span class="lesson-badges"><StateBadge submission={submission} /></span>
      </Link>
    </li>
  );
}
