// A page that is fetched when it is first needed, so that the first screen stays small. When the device was updated under an open
// page the old chunk is gone: then the page says so and offers to reload.
import type { ComponentType, FunctionComponent } from "preact";
import { useEffect, useState } from "preact/hooks";
import { d } from "../texts";
import { Button } from "./Button";
import { Note } from "./Note";
import { Loading } from "./Small";

export function lazily<P extends object>(load: () => Promise<ComponentType<P>>): FunctionComponent<P> {
  let loaded: ComponentType<P> | null = null;
  return function Lazy(props: P) {
    const [Page, setPage] = useState<ComponentType<P> | null>(() => loaded);
    const [failed, setFailed] = useState(false);
    useEffect(() => {
      if (Page) return;
      load().then((page) => { loaded = page; setPage(() => page); }, () => setFailed(true));
    }, []);
    if (Page) return <Page {...props} />;
    if (!failed) return <Loading />;
    return (
      <div class="page stack">
        <Note tone="warn">{d("page.stale")}</Note>
        <Button kind="primary" onClick={() => location.reload()}>{d("page.reload")}</Button>
      </div>
    );
  };
}
