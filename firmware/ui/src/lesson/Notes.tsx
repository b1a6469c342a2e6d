// What the teacher says about moments of the clip, for the assessors. Kept in the browser until the clip is submitted.
import { useState } from "preact/hooks";
import { clock } from "@design/format";
import { readStoredJson, store } from "@design/storage";
import { Button } from "@design/parts/Button";
import { TextField } from "@design/parts/Small";
import type { SyncedPlayer } from "@design/player/synced";
import { t } from "../texts";
import type { Clip, TeacherNote } from "../types";

function areNotes(value: unknown): value is readonly TeacherNote[] {
  return Array.isArray(value) && value.every((one: Partial<TeacherNote>) => typeof one.at_ms === "number" && typeof one.text === "string");
}

export function useNotes(clip: Clip) {
  const slot = `notes.${clip.id}`;
  const [all, setAll] = useState<readonly TeacherNote[]>(() => readStoredJson(slot, areNotes) ?? []);
  const set = (next: readonly TeacherNote[]): void => {
    setAll(next);
    store(slot, JSON.stringify(next));
  };
  // The clip may have been trimmed since; an empty note says nothing.
  const told = all.filter((note) => note.text.trim() && note.at_ms >= clip.from_ms && note.at_ms < clip.to_ms);
  return { all, set, told, forget: () => store(slot, null) };
}

interface NotesProps {
  readonly clip: Clip;
  readonly player: SyncedPlayer;
  readonly notes: ReturnType<typeof useNotes>;
}

export function Notes({ clip, player, notes }: NotesProps) {
  const here = Math.round(Math.min(Math.max(player.timeMs.value, clip.from_ms), clip.to_ms - 1));
  const add = (): void => notes.set([...notes.all, { at_ms: here, text: "" }].sort((a, b) => a.at_ms - b.at_ms));
  const change = (which: TeacherNote, text: string): void => notes.set(notes.all.map((one) => (one === which ? { ...one, text } : one)));
  return (
    <section class="stack" data-testid="notes">
      <h3>{t("notes.title")}</h3>
      <p class="hint">{t("notes.hint")}</p>
      {notes.all.map((note, i) => (
        <div key={`${i} ${note.at_ms}`} class="note-row">
          <Button kind="plain" class="num" label={t("marks.seek", { at: clock(note.at_ms) })} onClick={() => player.seek(note.at_ms)}>{clock(note.at_ms)}</Button>
          <TextField label={t("notes.label", { at: clock(note.at_ms) })} value={note.text} rows={2} maxLength={1000} onInput={(text) => change(note, text)} />
          <Button kind="plain" icon="bin" label={t("notes.delete", { at: clock(note.at_ms) })} onClick={() => notes.set(notes.all.filter((one) => one !== note))} />
        </div>
      ))}
      <Button wide onClick={add} testId="add-note">{t("notes.add", { at: clock(here) })}</Button>
    </section>
  );
}
