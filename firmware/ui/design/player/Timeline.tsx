// The lesson from left to right: thumbnails, gaps, marks, clips, what was watched, and where one is. A tap goes there; the
// arrow keys too (5 s; with Shift 30 s).
import { useRef } from "preact/hooks";
import { clock } from "../format";
import { d } from "../texts";
import { sourceName } from "./AnglePlayer";
import type { SyncedPlayer } from "./synced";

export interface GapSpan { readonly track: string; readonly from_ms: number; readonly to_ms: number; readonly reason: string }
export interface MarkSpot { readonly id: string; readonly at_ms: number; readonly point: string | null }
export interface ClipSpan { readonly id: string; readonly from_ms: number; readonly to_ms: number; readonly point: string }
export interface Span { readonly from_ms: number; readonly to_ms: number }

interface TimelineProps {
  readonly player: SyncedPlayer;
  readonly durationMs: number;
  readonly gaps?: readonly GapSpan[];
  readonly marks?: readonly MarkSpot[];
  readonly clips?: readonly ClipSpan[];
  readonly watched?: readonly Span[];
  readonly comments?: readonly number[];
  readonly current?: string | null;
  readonly doomed?: Span | null;  // about to be deleted
  readonly thumbnail?: (ms: number) => string;
  readonly onClip?: (id: string) => void;
}

export function gapText(gap: GapSpan): string {
  const reason = d.find(`gap.reason.${gap.reason}`) ?? gap.reason;
  const source = sourceName(gap.track.split(".")[0] ?? gap.track);
  return d("timeline.gap", { from: clock(gap.from_ms, "tenths"), to: clock(gap.to_ms, "tenths"), source, reason });
}

const kThumbs = 10;

export function Timeline(props: TimelineProps) {
  const { player, durationMs } = props;
  const strip = useRef<HTMLDivElement>(null);
  const all = Math.max(1, durationMs);
  const percent = (ms: number): string => `${Math.min(100, Math.max(0, (ms / all) * 100))}%`;
  const span = (s: Span) => ({ left: percent(s.from_ms), width: `${Math.max(0.25, ((Math.min(s.to_ms, all) - Math.max(0, s.from_ms)) / all) * 100)}%` });

  const go = (event: PointerEvent): void => {
    const box = strip.current?.getBoundingClientRect();
    if (box && box.width > 0) player.seek(((event.clientX - box.left) / box.width) * all);
  };
  const drag = (event: PointerEvent): void => {
    if (event.buttons & 1) go(event);
  };
  const down = (event: PointerEvent): void => {
    strip.current?.setPointerCapture(event.pointerId);
    go(event);
  };
  const keys = (event: KeyboardEvent): void => {
    const step = event.shiftKey ? 30_000 : 5000;
    const moves: Record<string, number> = { ArrowLeft: player.timeMs.value - step, ArrowRight: player.timeMs.value + step, Home: 0, End: all };
    const target = moves[event.key];
    if (target === undefined) return;
    event.preventDefault();
    player.seek(target);
  };

  return (
    <div class="timeline" data-testid="timeline">
      <div
        ref={strip} class="timeline-strip" role="slider" tabIndex={0}
        aria-label={d("player.position")} aria-valuemin={0} aria-valuemax={Math.round(all / 1000)} aria-valuenow={Math.round(player.timeMs.value / 1000)}
        aria-valuetext={d("player.time", { now: clock(player.timeMs.value), all: clock(all) })}
        onPointerDown={down} onPointerMove={drag} onKeyDown={keys}
      >
        {props.thumbnail && durationMs > 0 && <Thumbs at={props.thumbnail} durationMs={durationMs} />}
        {props.clips?.map((clip) => <span key={clip.id} class={clip.id === props.current ? "tl-clip is-current" : "tl-clip"} style={span(clip)} />)}
        {props.doomed && <span class="tl-doomed" style={span(props.doomed)} data-testid="tl-doomed" />}
        {props.watched?.map((part) => <span key={part.from_ms} class="tl-watched" style={span(part)} />)}
        {props.gaps?.map((gap) => <span key={`${gap.track}${gap.from_ms}`} class="tl-gap" style={span(gap)} title={gapText(gap)} />)}
        {props.comments?.map((at, i) => <span key={i} class="tl-comment" style={{ left: percent(at) }} />)}
        <span class="tl-head" style={{ left: percent(player.timeMs.value) }} />
      </div>
      {props.marks && props.marks.length > 0 && (
        <div class="timeline-marks" role="group" aria-label={d("timeline.label")}>
          {props.marks.map((mark) => (
            <button
              key={mark.id} type="button" class="tl-mark" style={{ left: percent(mark.at_ms) }}
              aria-label={d("timeline.mark", { at: clock(mark.at_ms), point: mark.point ?? "" })} onClick={() => player.seek(mark.at_ms)}
            >
              <span>{mark.point ?? "?"}</span>
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

function Thumbs({ at, durationMs }: { at: (ms: number) => string; durationMs: number }) {
  const hide = (event: Event): void => {
    if (event.target instanceof HTMLElement) event.target.style.visibility = "hidden";
  };
  return (
    <div class="tl-thumbs" aria-hidden="true">
      {Array.from({ length: kThumbs }, (_, i) => (
        <img key={i} src={at(Math.round(((i + 0.5) / kThumbs) * durationMs))} alt="" loading="lazy" draggable={false} onError={hide} />
      ))}
    </div>
  );
}
