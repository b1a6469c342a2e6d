// A lesson afterwards: the teacher's private draft. Both angles play together; marks and gaps stand on the timeline; at the side
// the marks become clips, or one clip is made ready and submitted.
import { useEffect, useMemo, useState } from "preact/hooks";
import { asProblem, type Problem } from "@design/http";
import { bytes, clock, dayAndTime } from "@design/format";
import { Icon } from "@design/parts/Icon";
import { Link } from "@design/parts/Link";
import { Note, ProblemNote } from "@design/parts/Note";
import { Badge, Loading } from "@design/parts/Small";
import { type Angle, filmsOf } from "@design/player/angle-video";
import { AnglePlayer } from "@design/player/AnglePlayer";
import { SyncedPlayer } from "@design/player/synced";
import { gapText, Timeline } from "@design/player/Timeline";
import { navigate } from "@design/router";
import { api } from "../api";
import { lessonTitle } from "../lessons/LessonRow";
import { t } from "../texts";
import type { Clip, TrackState, WholeLesson } from "../types";
import { ClipPanel } from "./ClipPanel";
import { DeletePart } from "./DeletePart";
import { DraftPanel } from "./DraftPanel";
import { SubmittedClip } from "./SubmittedClip";
import { TrimStrip } from "./TrimStrip";
import { type Borders, useClipDraft } from "./clip-draft";
import { useSubmissionOf } from "./use-submissions";

export function picturesOf(tracks: readonly TrackState[]): readonly string[] {
  const withPicture = tracks.filter((track) => (track.width ?? 0) > 0 || track.name.endsWith(".video"));
  const names = [...new Set(withPicture.map((track) => track.name.split(".")[0] ?? track.name))];
  // The angle with sound leads.
  const sounds = (source: string): number => (tracks.some((track) => track.name === `${source}.audio`) ? 0 : 1);
  return names.sort((a, b) => sounds(a) - sounds(b));
}

export function LessonPage({ id, clip }: { id: string; clip: string | null }) {
  const [lesson, setLesson] = useState<WholeLesson | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const reload = (): Promise<void> => api.lesson(id).then(setLesson, (error: unknown) => setProblem(asProblem(error)));
  useEffect(() => void reload(), [id]);
  useEffect(() => {
    if (lesson?.state === "recording") navigate("/", "replace");
  }, [lesson?.state]);
  if (problem) return <div class="page is-narrow stack"><ProblemNote problem={problem} /><Link class="button" to="/lessons">{t("lessons.all")}</Link></div>;
  if (!lesson) return <Loading />;
  return <LoadedLesson lesson={lesson} clipId={clip} onChange={reload} />;
}

function LoadedLesson({ lesson, clipId, onChange }: { lesson: WholeLesson; clipId: string | null; onChange: () => Promise<void> }) {
  const sources = useMemo(() => picturesOf(lesson.tracks), [lesson.id]);
  const fps = lesson.tracks.find((track) => (track.width ?? 0) > 0 && (track.fps ?? 0) > 0)?.fps ?? 25;
  const media = `${lesson.id} ${lesson.gaps.length}`;  // a deletion changes the movies under the same addresses
  const player = useMemo(() => new SyncedPlayer(sources, fps), [media]);
  const angles: readonly Angle[] = useMemo(() => sources.map((source) => ({ source, films: filmsOf(lesson.parts?.[source], (part) => api.lessonMedia(lesson.id, source, part)) })), [media]);
  useEffect(() => () => player.destroy(), [player]);

  const clip = lesson.clips.find((one) => one.id === clipId) ?? null;
  useEffect(() => {
    if (clip) player.seek(clip.from_ms);
  }, [clip?.id]);

  return (
    <div class="page lesson">
      <LessonHead lesson={lesson} clip={clip} />
      {clip
        ? <WithClip key={clip.id} lesson={lesson} clip={clip} player={player} angles={angles} onChange={onChange} />
        : <WholeDraft lesson={lesson} player={player} angles={angles} sources={sources} onChange={onChange} />}
    </div>
  );
}

interface DraftProps {
  readonly lesson: WholeLesson;
  readonly player: SyncedPlayer;
  readonly angles: readonly Angle[];
  readonly onChange: () => Promise<void>;
}

function WholeDraft({ lesson, player, angles, sources, onChange }: DraftProps & { sources: readonly string[] }) {
  const [doomed, setDoomed] = useState<Borders | null>(null);
  return (
    <div class="lesson-grid">
      <div class="lesson-main">
        <AnglePlayer key={lesson.gaps.length} player={player} angles={angles}>
          <LessonTimeline lesson={lesson} player={player} current={null} doomed={doomed} />
        </AnglePlayer>
        <DeletePart lesson={lesson} player={player} part={doomed} setPart={setDoomed} onChange={onChange} />
        <Gaps lesson={lesson} />
      </div>
      <aside class="lesson-side"><DraftPanel lesson={lesson} player={player} sources={sources} onChange={onChange} /></aside>
    </div>
  );
}

function WithClip({ lesson, clip, player, angles, onChange }: DraftProps & { clip: Clip }) {
  const draft = useClipDraft(lesson, clip, onChange);
  const submission = useSubmissionOf(clip);
  return (
    <div class="lesson-grid">
      <div class="lesson-main">
        <AnglePlayer key={lesson.gaps.length} player={player} angles={angles}>
          <LessonTimeline lesson={lesson} player={player} current={clip.id} draft={draft.now} />
          {!submission && <TrimStrip lesson={lesson} player={player} draft={draft} />}
        </AnglePlayer>
        <Gaps lesson={lesson} />
      </div>
      <aside class="lesson-side">
        {submission
          ? <SubmittedClip clip={clip} lesson={lesson.id} submission={submission} player={player} onChange={onChange} />
          : <ClipPanel lesson={lesson} clip={clip} draft={draft} player={player} onChange={onChange} />}
      </aside>
    </div>
  );
}

interface LessonTimelineProps {
  readonly lesson: WholeLesson;
  readonly player: SyncedPlayer;
  readonly current: string | null;
  readonly draft?: Borders;
  readonly doomed?: Borders | null;
}

function LessonTimeline({ lesson, player, current, draft, doomed }: LessonTimelineProps) {
  const clips = lesson.clips.map((clip) => (clip.id === current && draft ? { ...clip, ...draft } : clip));
  return (
    <Timeline
      player={player} durationMs={lesson.duration_ms} gaps={lesson.gaps} marks={lesson.marks.filter((mark) => !mark.undone)}
      clips={clips} current={current} doomed={doomed ?? null} thumbnail={(ms) => api.thumbnail(lesson.id, ms)}
    />
  );
}

function LessonHead({ lesson, clip }: { lesson: WholeLesson; clip: Clip | null }) {
  const back = clip ? `/lessons/${encodeURIComponent(lesson.id)}` : "/lessons";
  return (
    <div class="page-head">
      <div class="lesson-title">
        <Link class="button is-plain is-square" to={back} label={t(clip ? "lesson.back" : "lessons.all")}><Icon name="back" /></Link>
        <div>
          <h1>{lessonTitle(lesson)}</h1>
          <p class="quiet">{[lesson.class_name, lesson.subject, dayAndTime(lesson.started_utc), clock(lesson.duration_ms), bytes(lesson.bytes)].filter(Boolean).join(" · ")}</p>
        </div>
      </div>
      <div class="wrap">
        {lesson.state === "recovered" && <Badge tone="warn" icon="info">{t("lessons.recovered")}</Badge>}
        <Badge tone="accent" icon="eye">{t("lesson.private")}</Badge>
      </div>
    </div>
  );
}

function Gaps({ lesson }: { lesson: WholeLesson }) {
  if (lesson.gaps.length === 0) return null;
  return (
    <Note tone="warn" testId="gaps">
      <p><b>{t("lesson.gaps", { n: lesson.gaps.length })}</b></p>
      <ul>{lesson.gaps.map((gap) => <li key={`${gap.track}${gap.from_ms}`} class="small">{gapText(gap)}</li>)}</ul>
    </Note>
  );
}
