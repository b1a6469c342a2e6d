// One review: the clip and the papers on the left, the rubric beside them, what is proven below. Keyboard first.
import { useEffect, useMemo, useState } from "preact/hooks";
import { signal } from "@preact/signals";
import { asProblem, type Problem } from "@design/http";
import { clock } from "@design/format";
import { Icon } from "@design/parts/Icon";
import { Link } from "@design/parts/Link";
import { Note, ProblemNote } from "@design/parts/Note";
import { Loading } from "@design/parts/Small";
import { type Angle, filmsOf } from "@design/player/angle-video";
import { AnglePlayer } from "@design/player/AnglePlayer";
import { SyncedPlayer } from "@design/player/synced";
import { gapText, Timeline } from "@design/player/Timeline";
import { api } from "../api";
import { t } from "../texts";
import type { Review, ReviewClip, ReviewNote } from "../types";
import { Aside } from "./Aside";
import { Comments } from "./Comments";
import { HandIn } from "./HandIn";
import { JudgementDraft } from "./judgement";
import { KeysHelp, useKeys } from "./keys";
import { Papers, type Shown } from "./Papers";
import { Proof } from "./Proof";
import { Rubric } from "./Rubric";
import { SaveState } from "./SaveState";
import { seenAnywhere, seenMs } from "./watched";

export function ReviewPage({ id }: { id: string }) {
  const [review, setReview] = useState<Review | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => void api.review(id).then(setReview, (error: unknown) => setProblem(asProblem(error))), [id]);
  if (problem) return <div class="page is-narrow stack"><ProblemNote problem={problem} /><Link class="button" to="/">{t("nav.queue")}</Link></div>;
  if (!review) return <Loading />;
  return <Loaded review={review} />;
}

function Loaded({ review }: { review: Review }) {
  const clip = review.clips[0];
  const sources = clip?.sources ?? [];
  const { draft, player, current, shown } = useMemo(() => ({
    draft: new JudgementDraft(review),
    player: new SyncedPlayer(sources),
    current: signal(0),
    shown: signal<Shown>("clip"),
  }), [review]);
  const angles: readonly Angle[] = useMemo(() => sources.map((source) => ({ source, films: filmsOf(clip?.parts?.[source], (part) => (clip ? api.clipMedia(review.id, clip.index, source, part) : "")) })), [review]);
  useEffect(() => {
    player.onPlayed = (from_ms, to_ms) => {
      for (const source of player.shown.peek()) draft.watched({ source, from_ms, to_ms });
    };
    window.addEventListener("pagehide", draft.leave);
    return () => {
      window.removeEventListener("pagehide", draft.leave);
      void draft.flush().catch(() => undefined);
      player.destroy();
    };
  }, [player, draft]);
  const [help, setHelp] = useState(false);
  useKeys({ review, draft, player, current, onHelp: () => setHelp(true) });

  return (
    <div class="page review">
      <Head review={review} draft={draft} onHelp={() => setHelp(true)} />
      <div class="review-grid">
        <div class="review-main">
          <Papers review={review} shown={shown} />
          <div class={shown.value === "clip" ? "stack" : "stack is-hidden"}>
            <AnglePlayer player={player} angles={angles} frames>
              {clip && <ClipTimeline review={review} clip={clip} player={player} draft={draft} />}
            </AnglePlayer>
            <TeacherNotes notes={(review.notes ?? []).filter((note) => note.clip === clip?.index)} player={player} />
            <Comments draft={draft} player={player} />
            {clip && clip.gaps.length > 0 && <Note tone="warn"><p><b>{t("review.gaps", { n: clip.gaps.length })}</b></p><ul>{clip.gaps.map((gap) => <li class="small" key={gap.from_ms}>{gapText(gap)}</li>)}</ul></Note>}
          </div>
          <Proof facts={review.proof} />
        </div>
        <aside class="review-side">
          <Aside draft={draft} />
          <Rubric review={review} draft={draft} player={player} current={current} />
          {draft.closed ? <Note tone="ok"><p>{t("review.done")}</p></Note> : <HandIn review={review} draft={draft} durationMs={clip?.duration_ms ?? 0} />}
        </aside>
      </div>
      {help && <KeysHelp review={review} onClose={() => setHelp(false)} />}
    </div>
  );
}

function Head({ review, draft, onHelp }: { review: Review; draft: JudgementDraft; onHelp: () => void }) {
  const fields = Object.entries(review.fields).filter(([, value]) => value !== "");
  return (
    <header class="review-head">
      <div class="between">
        <div class="review-title">
          <Link class="button is-plain is-square" to="/" label={t("nav.queue")}><Icon name="back" /></Link>
          <div>
            <h1>{review.point.code} {review.point.name}</h1>
            <p class="small quiet">{t("review.blind")}</p>
          </div>
        </div>
        <div class="wrap">
          {!draft.closed && <SaveState draft={draft} />}
          <button type="button" class="button is-plain" onClick={onHelp} data-testid="keys"><Icon name="keys" /><span>{t("keys.title")}</span></button>
        </div>
      </div>
      {fields.length > 0 && (
        <dl class="fields small">
          {fields.map(([name, value]) => <div key={name}><dt>{t.find(`field.${name}`) ?? name}</dt><dd>{value}</dd></div>)}
        </dl>
      )}
    </header>
  );
}

// The teacher's own words about moments of the clip; a tap goes there.
function TeacherNotes({ notes, player }: { notes: readonly ReviewNote[]; player: SyncedPlayer }) {
  if (notes.length === 0) return null;
  return (
    <section class="stack" data-testid="teacher-notes">
      <h2>{t("notes.title")}</h2>
      <ul class="plain">
        {notes.map((note, i) => (
          <li key={i} class="wrap">
            <button type="button" class="button is-plain" onClick={() => player.seek(note.at_ms)}>{clock(note.at_ms)}{note.to_ms !== null && `–${clock(note.to_ms)}`}</button>
            <span>{note.text}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function ClipTimeline({ review, clip, player, draft }: { review: Review; clip: ReviewClip; player: SyncedPlayer; draft: JudgementDraft }) {
  const { comments, watched } = draft.now.value;
  const seen = Math.min(1, seenMs(watched) / Math.max(1, clip.duration_ms));
  return (
    <>
      <Timeline
        player={player} durationMs={clip.duration_ms} gaps={clip.gaps} watched={seenAnywhere(watched)} comments={comments.map((comment) => comment.at_ms)}
        marks={review.marks.filter((mark) => mark.at_ms >= 0 && mark.at_ms <= clip.duration_ms).map((mark, i) => ({ id: String(i), at_ms: mark.at_ms, point: mark.point }))}
      />
      <p class="small quiet watched" data-testid="watched">
        <span class="watched-key" aria-hidden="true" />
        {t("watched.share", { percent: Math.floor(seen * 100), seen: clock(seenMs(watched)), all: clock(clip.duration_ms) })}
      </p>
    </>
  );
}
