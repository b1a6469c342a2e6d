// Who is signed in, what may be marked, and whose lesson is running.
import { computed, signal } from "@preact/signals";
import { onSignedOut } from "@design/http";
import { api } from "./api";
import { connect, device } from "./live";
import { t } from "./texts";
import type { AbilityPoint, Catalogue, RunningLesson, Teacher } from "./types";

// undefined: not known yet.
export const teacher = signal<Teacher | null | undefined>(undefined);
export const catalogue = signal<Catalogue | null>(null);
export const tiles = signal<readonly string[]>([]);

export const points = computed<ReadonlyMap<string, AbilityPoint>>(
  () => new Map((catalogue.value?.points ?? []).map((point) => [point.code, point])),
);

export function pointName(code: string | null): string {
  const point = code === null ? undefined : points.value.get(code);
  return point ? `${point.code} ${point.name}` : (code ?? "");
}

// The state names a lesson's teacher by id; the names are those of the sign-in grid.
const names = signal<ReadonlyMap<string, string>>(new Map());
let asked = false;

export async function loadTeachers(): Promise<readonly Teacher[]> {
  const all = await api.teachers();
  names.value = new Map(all.map((one) => [one.id, one.name]));
  return all;
}

export function teacherName(lesson: RunningLesson): string {
  const who = lesson.teacher;
  if (who === null) return t("teacher.unknown");
  if (typeof who === "object") return who.name;
  if (who === teacher.value?.id) return teacher.value.name;
  const name = names.value.get(who);
  if (name === undefined && !asked) {
    asked = true;
    void loadTeachers().catch(() => undefined);
  }
  return name ?? who;
}

// A lesson is shown to its own teacher only; of another's lesson one sees that it runs.
export const lessonIsMine = computed(() => {
  const who = device.value?.lesson?.teacher;
  const me = teacher.value;
  if (!who || !me) return false;
  return typeof who === "object" ? who.id === me.id : who === me.id || who === me.name;
});

async function loadCatalogue(): Promise<void> {
  const [wanted, all] = await Promise.all([api.tiles(), catalogue.value ? Promise.resolve(catalogue.value) : api.catalogue()]);
  catalogue.value = all;
  tiles.value = wanted;
}

async function begin(who: Teacher): Promise<void> {
  await loadCatalogue();
  teacher.value = who;
  connect(); // anew, so that the stream carries the session
}

export async function signIn(id: string, pin: string): Promise<void> {
  await begin(await api.signIn(id, pin));
}

export async function signOut(): Promise<void> {
  teacher.value = null;
  await api.signOut().catch(() => undefined);
  connect();
}

onSignedOut(() => {
  teacher.value = null;
});

// Signed in from before? A device that cannot be reached is asked again: it may be starting.
export async function findSession(): Promise<void> {
  try {
    await begin(await api.session());
  } catch (error) {
    const known = error instanceof Error && "status" in error && (error.status === 401 || error.status === 403 || error.status === 404);
    if (known) teacher.value = null;
    else setTimeout(() => void findSession(), 2000);
  }
}
