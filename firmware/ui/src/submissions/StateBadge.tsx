import { d } from "@design/texts";
import { Badge, type BadgeTone } from "@design/parts/Small";
import type { IconName } from "@design/parts/Icon";
import { t } from "../texts";
import type { Submission, SubmissionState } from "../types";

const kLook: Readonly<Record<SubmissionState, { tone: BadgeTone; icon: IconName }>> = {
  packing: { tone: "accent", icon: "inbox" },
  queued: { tone: "accent", icon: "clock" },
  sending: { tone: "accent", icon: "send" },
  verifying: { tone: "accent", icon: "shield" },
  acknowledged: { tone: "ok", icon: "check" },
  rejected: { tone: "bad", icon: "cross" },
  withdrawn: { tone: "none", icon: "undo" },
};

export function levelTone(level: string): BadgeTone {
  return level === "优秀" ? "ok" : level === "合格" ? "accent" : level === "不合格" ? "bad" : "none";
}

export function levelName(level: string): string {
  return d.find(`level.${level}`) ?? level;
}

export function StateBadge({ submission }: { submission: Submission }) {
  if (submission.verdict) return <Badge tone={levelTone(submission.verdict.level)} icon="star">{levelName(submission.verdict.level)}</Badge>;
  if (submission.paused) return <Badge tone="warn" icon="pause">{t("sub.paused")}</Badge>;
  const { tone, icon } = kLook[submission.state];
  return <Badge tone={tone} icon={icon}>{t(`sub.${submission.state}`)}</Badge>;
}
