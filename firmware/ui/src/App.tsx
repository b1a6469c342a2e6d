import { useEffect } from "preact/hooks";
import { effect } from "@preact/signals";
import { match, path } from "@design/router";
import { timer } from "@design/format";
import { profile } from "@design/device";
import { d } from "@design/texts";
import { Icon, type IconName } from "@design/parts/Icon";
import { lazily } from "@design/parts/Lazy";
import { Link } from "@design/parts/Link";
import { Loading } from "@design/parts/Small";
import { Toasts } from "@design/parts/Toasts";
import { LanguageSwitch, PersonMenu, SignOutButton } from "@design/parts/Tools";
import { SignIn } from "@design/signin/SignIn";
import { Home } from "./home/Home";
import { LessonsPage } from "./lessons/LessonsPage";
import { connect, connected, device } from "./live";
import { proofOf, signOf, type Proof } from "./recording/StatusBlock";
import { sendAll } from "./recording/taps";
import { findSession, loadTeachers, signIn, signOut, teacher, teacherName } from "./session";
import { t } from "./texts";

const LessonPage = lazily(() => import("./lesson/LessonPage").then((m) => m.LessonPage));
const SubmissionsPage = lazily(() => import("./submissions/SubmissionsPage").then((m) => m.SubmissionsPage));
const SubmissionPage = lazily(() => import("./submissions/SubmissionPage").then((m) => m.SubmissionPage));

const kNav: readonly { readonly to: string; readonly icon: IconName; readonly key: "nav.record" | "nav.lessons" | "nav.submissions"; readonly under: string }[] = [
  { to: "/", icon: "record", key: "nav.record", under: "/" },
  { to: "/lessons", icon: "lessons", key: "nav.lessons", under: "/lessons" },
  { to: "/submissions", icon: "send", key: "nav.submissions", under: "/submissions" },
];

function recordingProof(): Proof | null {
  const state = device.value;
  return state?.lesson && state.state !== "idle" ? proofOf(state.lesson, connected.value) : null;
}

// Border, title and words carry the state on every page, signed in or not.
effect(() => {
  const proof = recordingProof();
  const lesson = device.value?.lesson;
  document.documentElement.dataset.recording = proof ?? "no";
  const sign = proof === "recording" ? "●" : proof === "private" ? "❚❚" : "○";
  document.title = proof && lesson ? `${sign} ${timer(lesson.durable_ms)} ${t(`status.${proof}`)} · ${t("app")}` : t("app");
});

effect(() => {
  if (device.value?.lesson?.id && teacher.value) setTimeout(() => void sendAll(), 0);
});

export function App() {
  useEffect(() => {
    connect();
    void findSession();
  }, []);
  const who = teacher.value;
  return (
    <>
      <div class="rec-frame" aria-hidden="true" />
      <div class={who ? "shell" : "shell is-bare"}>
        <a class="skip" href="#main">{d("skip")}</a>
        <Bar />
        <main id="main" tabIndex={-1}>
          {!connected.value && <p class="offline" role="alert" data-testid="offline"><Icon name="warn" />{t("offline")}</p>}
          {who === undefined && <Loading />}
          {who === null && <Welcome />}
          {who && <Route />}
        </main>
      </div>
      <Toasts />
    </>
  );
}

function Bar() {
  const who = teacher.value;
  const proof = recordingProof();
  const name = device.value?.device.name;
  const lesson = device.value?.lesson;
  return (
    <header class="shell-bar">
      <div class="brand">
        <img src="/icon.svg" alt="" />
        <span>{t("app")}{name && <small>{name}</small>}</span>
      </div>
      {who && (
        <nav class="nav" aria-label={t("nav")}>
          {kNav.map(({ to, icon, key, under }) => (
            <Link key={to} to={to} current={under === "/" ? (path.value === "/" ? "page" : undefined) : path.value.startsWith(under) ? "page" : undefined}>
              <Icon name={icon} />{t(key)}
            </Link>
          ))}
        </nav>
      )}
      <div class="tools">
        {proof && lesson && path.value !== "/" && (
          <Link to="/" class={proof === "recording" ? "rec-pill" : "rec-pill is-unsure"} label={`${t(`status.${proof}`)} ${timer(lesson.durable_ms)}`}>
            <span class="num">{profile.value === "phone" ? "" : `${t(`status.${proof}`)} `}{timer(lesson.durable_ms)}</span>
          </Link>
        )}
        <LanguageSwitch />
        <PersonMenu name={who?.name ?? null}>{who && <SignOutButton onSignOut={() => void signOut()} />}</PersonMenu>
      </div>
    </header>
  );
}

function Route() {
  const at = path.value;
  const lesson = match("/lessons/:lesson", at) ?? match("/lessons/:lesson/clips/:clip", at);
  const submission = match("/submissions/:submission", at);
  if (lesson?.lesson !== undefined) return <LessonPage key={lesson.lesson} id={lesson.lesson} clip={lesson.clip ?? null} />;
  if (submission?.submission !== undefined) return <SubmissionPage key={submission.submission} id={submission.submission} />;
  if (match("/lessons", at)) return <LessonsPage />;
  if (match("/submissions", at)) return <SubmissionsPage />;
  return <Home />;
}

function Welcome() {
  const lesson = device.value?.lesson;
  const proof = recordingProof();
  return (
    <div class="page">
      <SignIn
        load={loadTeachers}
        signIn={(person, pin) => signIn(person.id, pin)}
        intro={
          <>
            <p class="headline">{t("welcome")}</p>
            <p class="lead">{t("welcome.lead")}</p>
            {proof && lesson && (
              <p class={`welcome-state is-${proof}`} data-testid="welcome-state">
                <Icon name={signOf(proof)} />
                <span><b>{t(`status.${proof}`)} <span class="num">{timer(lesson.durable_ms)}</span></b><br />{t("welcome.recording", { name: teacherName(lesson) })}</span>
              </p>
            )}
          </>
        }
      />
    </div>
  );
}
