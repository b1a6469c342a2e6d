import { bytes, clock } from "@design/format";
import { Icon } from "@design/parts/Icon";
import { Bar } from "@design/parts/Small";
import { t } from "../texts";
import type { Submission, SubmissionState } from "../types";

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
  const share = submission.size_bytes > 0 ? submission.acked_bytes / submission.size_bytes : 0;
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
        <div class="stack-tight">
          <Bar share={share} label={t("sub.progress")} />
          <p class="between small num">
            <span>{t("sub.sent", { sent: bytes(submission.acked_bytes), all: bytes(submission.size_bytes), percent: Math.floor(share * 100) })}</span>
            {submission.state === "sending" && submission.rate_bytes_per_s > 0 && (
              <span class="quiet">{t("sub.rate", { rate: bytes(submission.rate_bytes_per_s), left: clock((submission.seconds_left ?? 0) * 1000) })}</span>
            )}
          </p>
        </div>
      )}
      <p class="quiet">{t(`sub.means.${submission.verdict ? "verdict" : submission.paused ? "paused" : submission.state}`)}</p>
    </div>
  );
}
