import { signal } from "@preact/signals";
import { onSignedOut } from "@design/http";
import { api } from "./api";
import type { Assessor } from "./types";

// undefined: not known yet.
export const assessor = signal<Assessor | null | undefined>(undefined);

export async function signIn(id: string, pin: string): Promise<void> {
  assessor.value = await api.signIn(id, pin);
}

export async function signOut(): Promise<void> {
  assessor.value = null;
  await api.signOut().catch(() => undefined);
}

onSignedOut(() => {
  assessor.value = null;
});

export async function findSession(): Promise<void> {
  try {
    assessor.value = await api.session();
  } catch (error) {
    const answered = error instanceof Error && "status" in error && typeof error.status === "number" && error.status >= 400 && error.status < 500;
    if (answered) assessor.value = null;
    else setTimeout(() => void findSession(), 2000);
  }
}
