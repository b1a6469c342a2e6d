// The clip as it stands on the screen: changed at once here, stored on the device a moment later, and taken back when the device
// refuses it. Nothing is ever cut: a clip is only two borders.
import { useEffect, useRef, useState } from "preact/hooks";
import { asProblem, type Problem } from "@design/http";
import { api } from "../api";
import type { Clip, WholeLesson } from "../types";

export interface Borders {
  readonly from_ms: number;
  readonly to_ms: number;
}

export interface ClipDraft {
  readonly now: Borders;
  readonly changed: boolean;
  readonly saving: "saved" | "saving" | "failed";
  readonly problem: Problem | null;
  readonly set: (next: Partial<Borders>) => void;
  readonly restore: () => void;
  // Resolves when what is shown is what the device has.
  readonly settle: () => Promise<void>;
}

export const kShortestMs = 1000;
const kPauseMs = 400;

// `beginMs`: where the recording begins, before 0 if there is pre-roll.
export function clamp(borders: Borders, moved: "from_ms" | "to_ms" | undefined, durationMs: number, beginMs = 0): Borders {
  let from = Math.round(Math.max(beginMs, Math.min(borders.from_ms, durationMs - kShortestMs)));
  let to = Math.round(Math.min(durationMs, Math.max(borders.to_ms, beginMs + kShortestMs)));
  if (to - from < kShortestMs) {
    if (moved === "to_ms") from = Math.max(beginMs, to - kShortestMs);
    to = Math.max(to, from + kShortestMs);
  }
  return { from_ms: from, to_ms: to };
}

export function useClipDraft(lesson: WholeLesson, clip: Clip, onChange: () => Promise<void>): ClipDraft {
  const original = useRef<Borders>({ from_ms: clip.from_ms, to_ms: clip.to_ms });
  const [now, setNow] = useState<Borders>(() => clamp(clip, undefined, lesson.duration_ms, lesson.recorded_from_ms));
  const [saving, setSaving] = useState<ClipDraft["saving"]>("saved");
  const [problem, setProblem] = useState<Problem | null>(null);
  const wanted = useRef<Borders | null>(null);
  const timer = useRef(0);
  const running = useRef<Promise<void>>(Promise.resolve());

  const save = async (): Promise<void> => {
    clearTimeout(timer.current);
    const next = wanted.current;
    if (!next) return;
    wanted.current = null;
    try {
      await api.changeClip(lesson.id, clip.id, next);
      if (wanted.current) return;
      setSaving("saved");
      setProblem(null);
      await onChange();
    } catch (error) {
      setSaving("failed");
      setProblem(asProblem(error));
    }
  };
  const settle = (): Promise<void> => (running.current = running.current.then(save));
  const set = (next: Partial<Borders>): void => {
    const moved = next.to_ms === undefined ? "from_ms" : "to_ms";
    setNow((before) => {
      const after = clamp({ ...before, ...next }, moved, lesson.duration_ms, lesson.recorded_from_ms);
      wanted.current = after;
      return after;
    });
    setSaving("saving");
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => void settle(), kPauseMs);
  };
  useEffect(() => () => void settle(), []);

  return {
    now, saving, problem, set, settle,
    changed: now.from_ms !== original.current.from_ms || now.to_ms !== original.current.to_ms,
    restore: () => set(original.current),
  };
}
