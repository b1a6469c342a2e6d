import { useEffect, useRef, useState } from "preact/hooks";
import { asProblem, type Problem } from "../http";
import { profile } from "../device";
import { Button } from "../parts/Button";
import { ProblemNote } from "../parts/Note";
import { d } from "../texts";
import type { Person } from "./SignIn";

interface PinPadProps {
  readonly person: Person;
  readonly onBack: () => void;
  readonly onEnter: (pin: string) => Promise<void>;
}

const kDigits = ["1", "2", "3", "4", "5", "6", "7", "8", "9"] as const;
const kLongest = 12;

export function PinPad({ person, onBack, onEnter }: PinPadProps) {
  const [pin, setPin] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const field = useRef<HTMLInputElement>(null);

  // A field with the focus opens the phone's own keyboard over our pad, so only a desk gets it.
  useEffect(() => {
    if (profile.value === "desk") field.current?.focus();
  }, []);

  const add = (digit: string): void => setPin((now) => (now + digit).slice(0, kLongest));
  const enter = async (): Promise<void> => {
    if (pin === "" || busy) return;
    setBusy(true);
    setProblem(null);
    try {
      await onEnter(pin);
    } catch (error) {
      setProblem(asProblem(error));
      setPin("");
      setBusy(false);
    }
  };

  return (
    <form class="stack pin" onSubmit={(event) => { event.preventDefault(); void enter(); }}>
      <div class="pin-head">
        <span class="avatar" aria-hidden="true">{Array.from(person.name)[0]}</span>
        <h1>{d("signin.pin", { name: person.name })}</h1>
        {profile.value === "phone"
          ? <Button kind="plain" icon="back" label={d("signin.other")} onClick={onBack} />
          : <Button kind="plain" icon="back" onClick={onBack}>{d("signin.other")}</Button>}
      </div>
      <div class="stack-tight">
        <input type="text" class="sr" name="username" autocomplete="username" value={person.id} readOnly tabIndex={-1} aria-hidden="true" />
        <input
          ref={field} class="input pin-field num" type="password" name="pin" inputMode="numeric" autocomplete="current-password"
          aria-label={d("signin.pin-label")} value={pin} maxLength={kLongest} data-testid="pin"
          onInput={(event) => setPin(event.currentTarget.value.replace(/\D/g, ""))}
        />
        <p class="hint pin-hint">{d("signin.paste")}</p>
        {problem && <ProblemNote problem={problem} />}
      </div>
      <div class="pad" role="group" aria-label={d("signin.pad")}>
        {kDigits.map((digit) => (
          <button key={digit} type="button" class="button pad-key num" onClick={() => add(digit)}>{digit}</button>
        ))}
        <Button class="pad-key" icon="back" label={d("signin.clear")} onClick={() => setPin((now) => now.slice(0, -1))} />
        <button type="button" class="button pad-key num" onClick={() => add("0")}>0</button>
        <button type="submit" class="button is-primary pad-key" disabled={pin === "" || busy} data-testid="sign-in">
          {busy ? <span class="spinner" /> : d("signin.enter")}
        </button>
      </div>
    </form>
  );
}
