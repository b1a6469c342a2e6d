import { Icon } from "@design/parts/Icon";
import { t } from "../texts";
import type { Submission, SubmissionState } from "../types";
import { Sending } from "./Sending";

const kWay: readonly { readonly key: "packing" | "sending" | "verifying" | "acknowledged" | "verdict"; readonly states: readonly SubmissionState[] }[] = [
  { key: "packing", states: ["packing"] },
  { key: "sending", states: ["queued", "sending"] },
  { key: "verifying", states: ["verifying"] },
  { key: "acknowledged", states: ["acknowledged"] },
  { key: "verdict", states: [] },
];

function placeOf(submission: Submission): number {
  if (submission.verdict) return kWay.length;
  if (submission.state === "acknowledged") return kWay.length - 1;
  const place = kWay.findIndex((step) => step.states.includes(submission.state));
  return place < 0 ? 0 : place;
}

export function Progress({ submission }: { submission: Submission }) {
  const place = placeOf(submission);
  const off = submission.state === "rejected" || submission.state === "withdrawn";
  return (
    <div class="stack">
      {!off && (
        <ol class="way" data-testid="way">
          {kWay.map((step, i) => (
            <li key={step.key} class={i < place ? "is-done" : i === place ? "is-now" : ""} aria-current={i === place ? "step" : undefined}>
              <span class="way-dot">{i < place ? <Icon name="check" /> : i + 1}</span>
              <span>{t(`way.${step.key}`)}</span>
            </li>
          ))}
        </ol>
      )}
      {submission.size_bytes > 0 && place === 1 && !off && (
        <Sending submission={submission} />
      )}
      <p class="quiet">{t(`sub.means.${submission.verdict ? "verdict" : submission.paused ? "paused" : submission.state}`)}</p>
    </div>
  );
}
