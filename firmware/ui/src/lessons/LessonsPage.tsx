import { useEffect, useState } from "preact/hooks";
import { asProblem, type Problem } from "@design/http";
import { ProblemNote } from "@design/parts/Note";
import { Empty, Loading } from "@design/parts/Small";
import { api } from "../api";
import { onLesson } from "../live";
import { t } from "../texts";
import type { Lesson } from "../types";
import { LessonRow } from "./LessonRow";

export function LessonsPage() {
  const [lessons, setLessons] = useState<readonly Lesson[] | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    const load = (): void => void api.lessons().then(setLessons, (error: unknown) => setProblem(asProblem(error)));
    load();
    return onLesson(load);
  }, []);
  return (
    <div class="page">
      <div class="page-head"><h1>{t("nav.lessons")}</h1><p class="quiet">{t("lessons.private")}</p></div>
      {problem && <ProblemNote problem={problem} />}
      {!lessons && !problem && <Loading />}
      {lessons?.length === 0 && <Empty icon="lessons"><p>{t("lessons.none")}</p></Empty>}
      {lessons && <ul class="rows">{lessons.map((lesson) => <LessonRow key={lesson.id} lesson={lesson} />)}</ul>}
    </div>
  );
}
