// docs/ref/signatures.md: were the keys certified when they signed, and what holds them. When that was by
// others than the device, and what was revoked, needs the platform's key: `shilu verify` asks for it, this
// page does not.
import type {Certificate} from './signatures';
import {timeOf} from './signatures';

// A signature of a certified key, and the time that the device gave it.
export interface SignedAct {
  readonly certificate: Certificate;
  readonly utc: string;
  readonly synchronised: boolean;
}
export interface Answer {
  readonly value: string;
  readonly detail: string;
}

const NOTHING = 'no certificate says which keys signed';

function nameOf({certificate}: SignedAct): string { return `the ${certificate.role} key`; }

// A time that cannot be read is the beginning of all: before every certificate.
function when(utc: string): number {
  try {
    return timeOf(utc);
  } catch {
    return 0;
  }
}

function shown(ms: number): string { return new Date(ms).toISOString(); }

function validityProblem(act: SignedAct): Answer|null {
  const {certificate} = act;
  const at = when(act.utc);
  if (at > certificate.notAfter)
    return {
      value: 'expired',
      detail:
          `${nameOf(act)} signed at ${shown(at)}; its certificate had expired at ${certificate.notAfterUtc}`
    };
  if (at >= certificate.notBefore) return null;
  if (!act.synchronised)
    return {
      value: 'cannot-check',
      detail: `${nameOf(act)} signed at ${
          shown(at)} by a clock that was not synchronised, and was certified at ${certificate.notBeforeUtc}`
    };
  return {
    value: 'not-yet',
    detail: `${nameOf(act)} signed at ${shown(at)}, before it was certified at ${
        certificate.notBeforeUtc}: the device's clock was set back`
  };
}

export function validityOf(acts: readonly SignedAct[], now: number): Answer {
  if (acts.length === 0) return {value: 'cannot-check', detail: NOTHING};
  const problem = acts.map(validityProblem).find((one) => one !== null);
  if (problem) return problem;
  const until = Math.min(...acts.map((act) => act.certificate.notAfter));
  if (now > until)
    return {
      value: 'valid-then',
      detail: `every key was certified when it signed; the certificate expired since, at ${shown(until)}`
    };
  return {value: 'valid', detail: `every key was certified when it signed, until ${shown(until)}`};
}

export function levelOf(acts: readonly SignedAct[]): Answer {
  const first = acts[0];
  if (!first) return {value: 'cannot-check', detail: NOTHING};
  const {level, deviceKeys} = first.certificate;
  const other = acts.find(
      ({certificate}) => certificate.level !== level && certificate.deviceKeys[0].id === deviceKeys[0].id);
  if (other)
    return {
      value: 'altered',
      detail: `the certificates of one device key do not agree: ${nameOf(first)} says ${level}, ${
          nameOf(other)} says ${other.certificate.level}`
    };
  if (acts.every(({certificate}) => certificate.level === 'hardware'))
    return {value: 'hardware', detail: 'the device says that its keys are in a TPM'};
  return {value: 'software', detail: 'the device\'s keys are files: whoever has its disk has them'};
}

export function revocationOf(): Answer {
  return {value: 'not-asked', detail: 'no list of revoked keys was given'};
}

// What bounds the time is signed by the platform, and its key was not given.
export function timeWindowOf(acts: readonly SignedAct[], hasNonce: boolean): Answer {
  if (acts.length === 0) return {value: 'cannot-check', detail: 'nothing is signed that would tell a time'};
  const lower = hasNonce ? 'the key of the platform whose nonce the recording holds was not given' :
                           'the recording holds no nonce of a platform';
  return {
    value: 'unbounded',
    detail: `only the device's own clock tells the time: no lower bound: ${
        lower}; no upper bound: no time stamp of the seal was given`
  };
}
