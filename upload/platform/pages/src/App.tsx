import { useEffect } from "preact/hooks";
import { effect } from "@preact/signals";
import { match, path } from "@design/router";
import { d } from "@design/texts";
import { Icon } from "@design/parts/Icon";
import { lazily } from "@design/parts/Lazy";
import { Link } from "@design/parts/Link";
import { Loading } from "@design/parts/Small";
import { Toasts } from "@design/parts/Toasts";
import { LanguageSwitch, PersonMenu, SignOutButton } from "@design/parts/Tools";
import { Queue } from "./Queue";
import { SignInForm } from "./SignInForm";
import { assessor, findSession, signOut } from "./session";
import { t } from "./texts";

const ReviewPage = lazily(() => import("./review/ReviewPage").then((m) => m.ReviewPage));

effect(() => {
  document.title = t("app");
});

export function App() {
  useEffect(() => void findSession(), []);
  const who = assessor.value;
  return (
    <>
      <div class={who ? "shell" : "shell is-bare"}>
        <a class="skip" href="#main">{d("skip")}</a>
        <header class="shell-bar">
          <div class="brand"><img src="/icon.svg" alt="" /><span>{t("app")}</span></div>
          {who && (
            <nav class="nav" aria-label={t("nav")}>
              <Link to="/" current={path.value === "/" ? "page" : undefined}><Icon name="inbox" />{t("nav.queue")}</Link>
            </nav>
          )}
          <div class="tools">
            <LanguageSwitch />
            <PersonMenu name={who?.name ?? null}>{who && <SignOutButton onSignOut={() => void signOut()} />}</PersonMenu>
          </div>
        </header>
        <main id="main" tabIndex={-1}>
          {who === undefined && <Loading />}
          {who === null && <SignInForm />}
          {who && <Route />}
        </main>
      </div>
      <Toasts />
    </>
  );
}

function Route() {
  const review = match("/review/:id", path.value);
  if (review?.id !== undefined) return <ReviewPage key={review.id} id={review.id} />;
  return <Queue />;
}
