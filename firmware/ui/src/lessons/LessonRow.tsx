import { bytes, clock, dayAndTime } from "@design/format";
import { Icon } from "@design/parts/Icon";
import { Link } from "@design/parts/Link";
import { Badge } from "@design/parts/Small";
import { api } from "../api";
import { t } from "../texts";
import type { Lesson } from "../types";

export function lessonTitle(lesson: { topic: string; subject: string; class_name: string }): string {
  return lesson.topic || [lesson.class_name, lesson.subject].filter(Boolean).join(" ") || t("lesson.unnamed");
}

function hide(event: Event): void {
  if (event.target instanceof HTMLElement) event.target.style.visibility = "hidden";
}

export function LessonRow({ lesson }: { lesson: Lesson }) {
  const running = lesson.state === "recording";
  return (
    <li>
      <Link class="lesson-row" to={running ? "/" : `/lessons/${encodeURIComponent(lesson.id)}`} testId={`lesson-${lesson.id}`}>
        <span class="lesson-thumb">
          <Icon name="lessons" />
          {!running && <img src={api.thumbnail(lesson.id, Math.min(30_000, lesson.duration_ms / 2))} alt="" loading="lazy" onError={hide} />}
          <span class="lesson-length num">{clock(lesson.duration_ms)}</span>
        </span>
        <span class="lesson-words">
          <b class="clip-line">{lessonTitle(lesson)}</b>
          <span class="quiet clip-line">{[lesson.class_name, lesson.subject].filter(Boolean).join(" · ")}</span>
          <span class="small quiet">{dayAndTime(lesson.started_utc)} · {bytes(lesson.bytes)}</span>
        </span>
        <span class="lesson-badges">
          {running ? <Badge tone="bad" icon="record">{t("status.recording")}</Badge> : <Badge>{t("lessons.draft")}</Badge>}
          {lesson.state === "recovered" && <Badge tone="warn" icon="info">{t("lessons.recovered")}</Badge>}
          {lesson.mark_count > 0 && <Badge tone="accent" icon="mark">{t("lessons.marks", { n: lesson.mark_count })}</Badge>}
          {lesson.gap_count > 0 && <Badge tone="warn" icon="warn">{t("lessons.gaps", { n: lesson.gap_count })}</Badge>}
        </span>
      </Link>
    </li>
  );
}
