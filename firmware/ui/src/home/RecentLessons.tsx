import { useEffect, useState } from "preact/hooks";
import { Link } from "@design/parts/Link";
import { api } from "../api";
import { LessonRow } from "../lessons/LessonRow";
import { t } from "../texts";
import type { Lesson } from "../types";

const kShown = 3;

export function RecentLessons() {
  const [lessons, setLessons] = useState<readonly Lesson[]>([]);
  useEffect(() => {
    api.lessons().then((all) => setLessons(all.filter((lesson) => lesson.state !== "recording").slice(0, kShown)), () => undefined);
  }, []);
  if (lessons.length === 0) return null;
  return (
    <section class="recent">
      <div class="between">
        <h2>{t("lessons.recent")}</h2>
        <Link class="button is-plain" to="/lessons">{t("lessons.all")}</Link>
      </div>
      <ul class="rows">{lessons.map((lesson) => <LessonRow key={lesson.id} lesson={lesson} />)}</ul>
    </section>
  );
}
