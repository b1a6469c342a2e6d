// The teacher's submissions, kept up to date by the device's events.
import { useEffect, useState } from "preact/hooks";
import { api } from "../api";
import { onSubmission } from "../live";
import type { Submission } from "../types";

export function useSubmissions(): readonly Submission[] {
  const [all, setAll] = useState<readonly Submission[]>([]);
  useEffect(() => {
    const load = (): void => void api.submissions().then(setAll, () => undefined);
    load();
    return onSubmission(load);
  }, []);
  return all;
}
