// One submission from packing to verdict: where it stands, what has arrived, the receipt, and later the assessors' answer with
// reasons that lead to the moment in the picture.
import { useEffect, useState } from "preact/hooks";
import { asProblem, type Problem } from "@design/http";
import { dayAndTime } from "@design/format";
import { Icon } from "@design/parts/Icon";
import { Link } from "@design/parts/Link";
import { Note, ProblemNote } from "@design/parts/Note";
import { Loading } from "@design/parts/Small";
import { api } from "../api";
import { onSubmission } from "../live";
import { pointName } from "../session";
import { t } from "../texts";
import type { Submission } from "../types";
import { Actions } from "./Actions";
import { Progress } from "./Progress";
import { StateBadge } from "./StateBadge";
import { troubleText } from "./trouble";
import { VerdictView } from "./VerdictView";

const kEveryMs = 5000;

function useSubmission(id: string): { submission: Submission | null; problem: Problem | null; take: (next: Submission) => void } {
  const [submission, setSubmission] = useState<Submission | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    const load = (): void => void api.submission(id).then((one) => { setSubmission(one); setProblem(null); }, (error: unknown) => setProblem(asProblem(error)));
    load();
    // Events tell at once; asking now and then covers a stream that was away.
    const again = setInterval(load, kEveryMs);
    const stop = onSubmission((one) => one.id === id && setSubmission(one));
    return () => {
      clearInterval(again);
      stop();
    };
  }, [id]);
  return { submission, problem, take: setSubmission };
}

export function SubmissionPage({ id }: { id: string }) {
  const { submission, problem, take } = useSubmission(id);
  if (!submission) return problem ? <div class="page is-narrow"><ProblemNote problem={problem} /></div> : <Loading />;
  return (
    <div class={submission.verdict ? "page" : "page is-narrow"}>
      <div class="page-head">
        <div class="lesson-title">
          <Link class="button is-plain is-square" to="/submissions" label={t("nav.submissions")}><Icon name="back" /></Link>
          <h1>{pointName(submission.point)}</h1>
        </div>
        <StateBadge submission={submission} />
      </div>
      <div class="stack">
        {submission.verdict && <VerdictView submission={submission} verdict={submission.verdict} />}
        <section class="card stack">
          <Progress submission={submission} />
          {submission.receipt && <Receipt submission={submission} receipt={submission.receipt} />}
          <Rejected submission={submission} />
          <Actions submission={submission} onDone={take} />
        </section>
        <p class="small quiet"><Link to={`/lessons/${encodeURIComponent(submission.lesson)}/clips/${encodeURIComponent(submission.clip)}`}>{t("sub.to-clip")}</Link></p>
      </div>
    </div>
  );
}

function Receipt({ submission, receipt }: { submission: Submission; receipt: { number: string; received_utc: string } }) {
  return (
    <div class="receipt" data-testid="receipt">
      <Icon name="shield" />
      <div>
        <p class="small">{t("receipt.title")}</p>
        <p class="receipt-number num" data-testid="receipt-number">{receipt.number}</p>
        <p class="small quiet">{t("receipt.at", { when: dayAndTime(receipt.received_utc) })}</p>
        <p class="small quiet receipt-hash">SHA-256 {submission.package_sha256}</p>
      </div>
    </div>
  );
}

function Rejected({ submission }: { submission: Submission }) {
  if (submission.state !== "rejected") return submission.last_error ? <Note tone="warn"><p>{troubleText(submission.error_code, submission.last_error)}</p></Note> : null;
  return (
    <Note tone="bad">
      <p><b>{t("sub.rejected-why")}</b></p>
      <ul>{submission.reasons.map((reason, i) => <li key={i}>{typeof reason === "string" ? reason : reason.text}</li>)}</ul>
      <p class="small">{t("sub.rejected-do")}</p>
    </Note>
  );
}
