// What the point asks for, piece by piece: the clip itself, and a file for each of the others.
import { useId, useState } from "preact/hooks";
import { asProblem, Problem } from "@design/http";
import { bytes, clock } from "@design/format";
import { d } from "@design/texts";
import { Button } from "@design/parts/Button";
import { Icon } from "@design/parts/Icon";
import { Note, ProblemNote } from "@design/parts/Note";
import { Badge, Bar } from "@design/parts/Small";
import { api } from "../api";
import { StatusBadge } from "../recording/AllPoints";
import { points } from "../session";
import { t } from "../texts";
import type { Clip, EvidencePiece, LessonDocument, WholeLesson } from "../types";

const kMostBytes = 50_000_000;

interface MaterialsProps {
  readonly lesson: WholeLesson;
  readonly clip: Clip;
  readonly onChange: () => Promise<void>;
}

export function Materials({ lesson, clip, onChange }: MaterialsProps) {
  const pieces = points.value.get(clip.point)?.evidence ?? [];
  return (
    <div class="stack" data-testid="materials">
      {pieces.some((piece) => piece.status === "unconfirmed") && <Note><p class="small">{t("papers.default")}</p></Note>}
      {pieces.map((piece) => (
        <div class="piece" key={piece.title} data-testid={`piece-${piece.title}`}>
          <div class="between">
            <h3>{piece.title}</h3>
            <span class="wrap"><Badge>{d(`kind.${piece.kind as "document"}`)}</Badge><StatusBadge status={piece.status} /></span>
          </div>
          {piece.note && <p class="small quiet">{piece.note}</p>}
          {piece.kind === "video"
            ? <p class="file-row"><Icon name="picture" /><span class="clip-line">{t("papers.clip", { from: clock(clip.from_ms), to: clock(clip.to_ms) })}</span><Badge tone="ok" icon="check">{t("papers.here")}</Badge></p>
            : <Files lesson={lesson} piece={piece} onChange={onChange} />}
        </div>
      ))}
    </div>
  );
}

function Files({ lesson, piece, onChange }: { lesson: WholeLesson; piece: EvidencePiece; onChange: () => Promise<void> }) {
  const [share, setShare] = useState<number | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const id = useId();
  const files = lesson.documents.filter((document) => document.title === piece.title);
  const add = async (file: File): Promise<void> => {
    setProblem(null);
    if (file.size > kMostBytes) return setProblem(new Problem("too-large", 413));
    setShare(0);
    try {
      await api.addDocument(lesson.id, piece.title, file, setShare);
      await onChange();
    } catch (error) {
      setProblem(asProblem(error));
    }
    setShare(null);
  };
  return (
    <>
      {files.map((file) => <FileRow key={file.id} lesson={lesson} file={file} onChange={onChange} />)}
      {share !== null && <Bar share={share} label={t("papers.sending")} />}
      {problem && <ProblemNote problem={problem} />}
      <label class={files.length > 0 ? "button is-plain file-add" : "button file-add"} for={id}>
        <Icon name="attach" />
        <span>{t(files.length > 0 ? "papers.another" : "papers.choose")}</span>
        <input
          id={id} type="file" class="sr" disabled={share !== null} data-testid={`file-${piece.title}`} aria-label={t("papers.choose-for", { title: piece.title })}
          onChange={(event) => {
            const file = event.currentTarget.files?.[0];
            event.currentTarget.value = "";
            if (file) void add(file);
          }}
        />
      </label>
    </>
  );
}

function FileRow({ lesson, file, onChange }: { lesson: WholeLesson; file: LessonDocument; onChange: () => Promise<void> }) {
  const [problem, setProblem] = useState<Problem | null>(null);
  const remove = (): void => void api.deleteDocument(lesson.id, file.id).then(onChange, (error: unknown) => setProblem(asProblem(error)));
  return (
    <>
      <p class="file-row">
        <Icon name="document" />
        <a class="clip-line" href={api.documentUrl(lesson.id, file.id)} target="_blank" rel="noopener">{file.name ?? file.title}</a>
        <span class="small quiet num">{bytes(file.size_bytes)}</span>
        <Button kind="plain" icon="bin" label={t("papers.delete", { title: file.name ?? file.title })} onClick={remove} />
      </p>
      {problem && <ProblemNote problem={problem} />}
    </>
  );
}
