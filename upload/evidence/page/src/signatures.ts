// docs/ref/signatures.md: DSSE envelopes, keys, the certificates of a device. The browser's own Ed25519 and P-256.
import { concat, fromBase64, fromUtf8, require, same, toHex, utf8, Wrong } from "./bytes";
import { type Json, list, object, parse, text } from "./json";
import { sha256 } from "./sha256";

const ECDSA_SIZE = 71;
const MOST_ENDORSEMENTS = 16;
const ED25519 = Uint8Array.of(0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00);

export interface Envelope {
  readonly type: string;
  readonly payload: Uint8Array<ArrayBuffer>;
  readonly keyid: string;
  readonly signature: Uint8Array<ArrayBuffer>;
}

export interface PublicKey {
  readonly der: Uint8Array<ArrayBuffer>; // SubjectPublicKeyInfo
  readonly id: string; // "sha256:..."
}

export interface Certificate {
  readonly role: string;
  readonly deviceId: string;
  readonly level: string;
  readonly key: PublicKey;
  readonly deviceKeys:
      readonly[PublicKey, ...PublicKey[]];  // the device's key and those that it had before, newest first
  readonly notBefore: number;               // ms since 1970, as the next
  readonly notAfter: number;
  readonly notBeforeUtc: string;  // as it is written
  readonly notAfterUtc: string;
}

export function deviceIdOf(key: PublicKey): string {
  return `d-${key.id.slice("sha256:".length, "sha256:".length + 16)}`;
}

export function keyFromPem(pem: string): PublicKey {
  const match = /^-----BEGIN PUBLIC KEY-----\n([A-Za-z0-9+/=\n]+)\n-----END PUBLIC KEY-----\n?$/.exec(pem);
  require(match !== null, "this is no public key (PEM)");
  const der = fromBase64(match[1]!.replaceAll("\n", ""));
  return { der, id: `sha256:${toHex(sha256(der))}` };
}

// Every key of a file that people keep: what stands around the blocks does not matter.
export function keysFromFile(file: string): PublicKey[] {
  const blocks = file.replaceAll("\r", "").match(/-----BEGIN PUBLIC KEY-----\n[^-]+\n-----END PUBLIC KEY-----/g) ?? [];
  return blocks.map(keyFromPem);
}

export function envelopeFrom(value: Json | undefined): Envelope {
  const json = object(value);
  const signatures = list(json["signatures"]);
  require(signatures.length === 1, `the envelope has ${signatures.length} signatures, not one`);
  const signature = object(signatures[0]);
  return {
    type: text(json["payloadType"]),
    payload: fromBase64(text(json["payload"])),
    keyid: text(signature["keyid"]),
    signature: fromBase64(text(signature["sig"])),
  };
}

// seal.json and seal-certificate.json are refused in any other form than this.
export function exactEnvelope(bytes: Uint8Array, name: string): Envelope {
  const json = object(parse(bytes));
  const one = object(list(json["signatures"])[0]);
  const form = { payloadType: json["payloadType"], payload: json["payload"], signatures: [{ keyid: one["keyid"], sig: one["sig"] }] };
  require(JSON.stringify(form) === fromUtf8(bytes), `${name} is not written as it was signed`);
  return envelopeFrom(json);
}

function preAuthentication(envelope: Envelope): Uint8Array<ArrayBuffer> {
  const type = utf8(envelope.type);
  return concat(utf8(`DSSEv1 ${type.length} `), type, utf8(` ${envelope.payload.length} `), envelope.payload);
}

// ECDSA signatures are DER (RFC 3279, 2.2.3), of the one size that leaves one form for each; the browser
// wants r and s of 32 bytes each. null: of another form, and so no signature.
function fixedSize(der: Uint8Array): Uint8Array<ArrayBuffer>|null {
  if (der.length !== ECDSA_SIZE || der[0] !== 0x30 || der[1] !== der.length - 2) return null;
  const numbers: Uint8Array[] = [];
  for (let at = 2; at < der.length; ) {
    const size = der[at + 1] ?? 0;
    const digits = der.subarray(at + 2, at + 2 + size);
    if (der[at] !== 2 || size === 0 || size > 33 || digits.length !== size || digits[0]! >= 0x80) return null;
    const padded = digits[0] === 0 && size > 1;
    if (padded ? digits[1]! < 0x80 : size === 33) return null;
    const short = padded ? digits.subarray(1) : digits;
    numbers.push(concat(new Uint8Array(32 - short.length), short));
    at += 2 + size;
  }
  return numbers.length === 2 ? concat(...numbers) : null;
}

function isEd25519(key: PublicKey): boolean {
  return same(key.der.subarray(0, ED25519.length), ED25519) && key.der.length === 44;
}

// Throws Wrong where this browser cannot tell: an old one has no Ed25519.
export async function isSignedBy(envelope: Envelope, key: PublicKey): Promise<boolean> {
  if (envelope.keyid !== key.id) return false;
  const ed25519 = isEd25519(key);
  const algorithm = ed25519 ? { name: "Ed25519" } : { name: "ECDSA", namedCurve: "P-256" };
  let imported: CryptoKey;
  try {
    imported = await crypto.subtle.importKey("spki", key.der, algorithm, false, ["verify"]);
  } catch {
    throw new Wrong("this browser cannot check the signature; use a newer one");
  }
  const signature = ed25519 ? envelope.signature : fixedSize(envelope.signature);
  if (signature === null) return false;
  return crypto.subtle.verify(ed25519 ? algorithm : { name: "ECDSA", hash: "SHA-256" }, imported, signature, preAuthentication(envelope));
}

// RFC 3339 as ms since 1970.
export function timeOf(utc: string): number {
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(utc) ? Date.parse(utc) : NaN;
  require(!Number.isNaN(ms), `"${utc}" is not a time as RFC 3339 writes it`);
  return ms;
}

// -> the device key before `newer`, which it endorsed.
async function openEndorsement(envelope: Envelope, newer: PublicKey): Promise<PublicKey> {
  require(
      envelope.type === 'application/vnd.shilu.device-endorsement+json',
      `"${envelope.type}" endorses no device key`);
  const json = object(parse(envelope.payload));
  const previous = keyFromPem(text(json['previous_device_key_pem']));
  timeOf(text(json['endorsed_utc']));
  require(await isSignedBy(envelope, previous), 'the endorsement is not signed by the device\'s older key');
  require(
      keyFromPem(text(json['device_key_pem'])).id === newer.id,
      'an endorsement is of another device key than the one before it');
  return previous;
}

async function deviceKeysFrom(
    endorsements: readonly Json[], newest: PublicKey): Promise<Certificate['deviceKeys']> {
  require(endorsements.length <= MOST_ENDORSEMENTS, `there are more than ${MOST_ENDORSEMENTS} endorsements`);
  const keys: [PublicKey, ...PublicKey[]] = [newest];
  for (const item of endorsements) keys.push(await openEndorsement(envelopeFrom(item), keys.at(-1)!));
  return keys;
}

export async function openCertificate(envelope: Envelope): Promise<Certificate> {
  require(envelope.type === "application/vnd.shilu.key-certificate+json", "it is no certificate");
  const json = object(parse(envelope.payload));
  const deviceKey = keyFromPem(text(json["device_key_pem"]));
  const key = keyFromPem(text(json['key_pem']));
  const [deviceId, level] = [text(json['device_id']), text(json['key_level'])];
  const [notBeforeUtc, notAfterUtc] = [text(json['not_before_utc']), text(json['not_after_utc'])];
  const [notBefore, notAfter] = [timeOf(notBeforeUtc), timeOf(notAfterUtc)];
  timeOf(text(json['issued_utc']));
  require(level === 'hardware' || level === 'software', `"${level}" is no level of a key`);
  const deviceKeys = await deviceKeysFrom(list(json['endorsements']), deviceKey);
  require(deviceId === deviceIdOf(deviceKey), "the certificate names a device that is not that of its device key");
  require(notBefore <= notAfter, 'the certificate ends before it begins');
  require(
      level !== 'hardware' || !(isEd25519(key) || isEd25519(deviceKey)),
      'the certificate says that its keys are in hardware, and they are of the kind that files hold');
  require(await isSignedBy(envelope, deviceKey), "the certificate is not signed by the device key that it names");
  return {
    role: text(json['role']),
    deviceId,
    level,
    key,
    deviceKeys,
    notBefore,
    notAfter,
    notBeforeUtc,
    notAfterUtc
  };
}
