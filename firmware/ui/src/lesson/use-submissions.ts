// The teacher's submissions, kept up to date by the device's events.
import { useEffect, useState } from "preact/hooks";
import { api } from "../api";
import { onSubmission } from "../live";
import type { Clip, Submission } from "../types";

export function useSubmissions(): readonly Submission[] {
  const [all, setAll] = useState<readonly Submission[]>([]);
  useEffect(() => {
    const load = (): void => void api.submissions().then(setAll, () => undefined);
    load();
    return onSubmission(load);
  }, []);
  return all;
}

// The one that stands for the clip: neither withdrawn nor rejected. As long as there is one the clip does not change.
export function useSubmissionOf(clip: Clip): Submission | undefined {
  return useSubmissions().find((one) => one.clip === clip.id && one.state !== "withdrawn" && one.state !== "rejected");
}
