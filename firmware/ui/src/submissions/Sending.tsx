// How far the bytes are: those that the platform has, not those that left here.
import { bytes, clock } from "@design/format";
import { Bar } from "@design/parts/Small";
import { t } from "../texts";
import type { Submission } from "../types";

export function Sending({ submission }: { submission: Submission }) {
  const share = submission.size_bytes > 0 ? submission.acked_bytes / submission.size_bytes : 0;
  const rate = submission.state === "sending" ? submission.rate_bytes_per_s : 0;
  return (
    <span class="stack-tight sending">
      <Bar share={share} label={t("sub.progress")} />
      <span class="between small num">
        <span>{t("sub.sent", { sent: bytes(submission.acked_bytes), all: bytes(submission.size_bytes), percent: Math.floor(share * 100) })}</span>
        {rate > 0 && submission.seconds_left !== null && (
          <span class="quiet">{t("sub.rate", { rate: bytes(rate), left: clock(submission.seconds_left * 1000) })}</span>
        )}
        {submission.attempts > 1 && <span class="quiet">{t("sub.attempts", { n: submission.attempts })}</span>}
      </span>
    </span>
  );
}
