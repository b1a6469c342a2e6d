import { useId, useState } from "preact/hooks";
import { asProblem, type Problem } from "@design/http";
import { ProblemNote } from "@design/parts/Note";
import { d } from "@design/texts";
import { signIn } from "./session";
import { t } from "./texts";

export function SignInForm() {
  const [number, setNumber] = useState("");
  const [pin, setPin] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const id = useId();
  const enter = async (): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      await signIn(number.trim(), pin);
    } catch (error) {
      setProblem(asProblem(error));
      setPin("");
      setBusy(false);
    }
  };
  return (
    <div class="page">
      <div class="signin">
        <div class="signin-intro">
          <p class="headline">{t("welcome")}</p>
          <p class="lead">{t("welcome.lead")}</p>
        </div>
        <form class="card signin-card stack" onSubmit={(event) => { event.preventDefault(); void enter(); }}>
          <h1>{t("signin.title")}</h1>
          <div class="field">
            <label for={`${id}-number`}>{t("signin.number")}</label>
            <input id={`${id}-number`} class="input" name="username" autocomplete="username" autocapitalize="characters" spellcheck={false} placeholder={t("signin.number-hint")} value={number} data-testid="assessor" onInput={(e) => setNumber(e.currentTarget.value)} />
          </div>
          <div class="field">
            <label for={`${id}-pin`}>{d("signin.pin-label")}</label>
            <input id={`${id}-pin`} class="input" type="password" name="pin" inputMode="numeric" autocomplete="current-password" value={pin} data-testid="pin" onInput={(e) => setPin(e.currentTarget.value)} />
          </div>
          {problem && <ProblemNote problem={problem} />}
          <button type="submit" class="button is-primary is-wide" disabled={busy || number.trim() === "" || pin === ""} data-testid="sign-in">
            {busy ? <span class="spinner" /> : d("signin.enter")}
          </button>
        </form>
      </div>
    </div>
  );
}
