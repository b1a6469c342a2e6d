// Sign-in on a shared screen: tap your name, enter the PIN. The PIN can be tapped, typed or pasted.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { asProblem, type Problem } from "../http";
import { profile } from "../device";
import { Button } from "../parts/Button";
import { Icon } from "../parts/Icon";
import { ProblemNote } from "../parts/Note";
import { Loading } from "../parts/Small";
import { d } from "../texts";
import { PinPad } from "./PinPad";

export interface Person {
  readonly id: string;
  readonly name: string;
}

interface SignInProps {
  readonly load: () => Promise<readonly Person[]>;
  readonly signIn: (person: Person, pin: string) => Promise<void>;
  readonly intro: ComponentChildren;
}

export function SignIn({ load, signIn, intro }: SignInProps) {
  const [people, setPeople] = useState<readonly Person[] | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [chosen, setChosen] = useState<Person | null>(null);

  const fetchPeople = (): void => {
    setProblem(null);
    load().then(setPeople, (error: unknown) => setProblem(asProblem(error)));
  };
  useEffect(fetchPeople, []);

  return (
    <div class="signin">
      <div class="signin-intro">{intro}</div>
      <section class="card signin-card">
        {problem && (
          <div class="stack">
            <ProblemNote problem={problem} />
            <Button onClick={fetchPeople}>{d("retry")}</Button>
          </div>
        )}
        {!problem && !people && <Loading />}
        {people && !chosen && <NameGrid people={people} onChoose={setChosen} />}
        {chosen && <PinPad person={chosen} onBack={() => setChosen(null)} onEnter={(pin) => signIn(chosen, pin)} />}
      </section>
    </div>
  );
}

function NameGrid({ people, onChoose }: { people: readonly Person[]; onChoose: (person: Person) => void }) {
  const [wanted, setWanted] = useState("");
  const first = useRef<HTMLHeadingElement>(null);
  const fitting = people.filter((person) => person.name.includes(wanted.trim()) || person.id.toLowerCase().includes(wanted.trim().toLowerCase()));
  const many = people.length > (profile.value === "phone" ? 8 : 12);
  return (
    <div class="stack">
      <h1 ref={first}>{d("signin.who")}</h1>
      {people.length === 0 && <p>{d("signin.none")}</p>}
      {many && (
        <div class="search">
          <Icon name="search" />
          <input class="input" type="search" value={wanted} aria-label={d("signin.search")} placeholder={d("signin.search")} onInput={(e) => setWanted(e.currentTarget.value)} />
        </div>
      )}
      <ul class="names">
        {fitting.map((person) => (
          <li key={person.id}>
            <button type="button" class="button name" onClick={() => onChoose(person)} data-testid={`name-${person.id}`}>
              <span class="avatar" aria-hidden="true">{Array.from(person.name)[0]}</span>
              <span class="clip-line">{person.name}</span>
            </button>
          </li>
        ))}
      </ul>
      {fitting.length === 0 && people.length > 0 && <p class="quiet">{d("signin.nobody")}</p>}
    </div>
  );
}
