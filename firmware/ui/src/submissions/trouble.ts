// Why a submission does not get on, in the reader's words. The device gives a stable code and an English
// sentence; the sentence is for whoever looks closer.
import {t} from '../texts';

export function troubleText(code: string|null|undefined, sentence: string): string {
  const known = code ? t.find(`trouble.${code}`) : undefined;
  return known ?? t('sub.trouble', {what: sentence});
}
