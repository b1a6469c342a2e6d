// What is proven about a package, fact by fact, in the words of `shilu verify`.
import { fromUtf8, require, toHex, Wrong } from "./bytes";
import { bagProblems, checkMarks, type Claims, claimProblems, claimsFrom, type Files, marksFile } from "./claims";
import { checkSource, type Part } from "./clip";
import { hashAll, reader } from "./file";
import { flag, int, list, members, object, parseCanonical, text } from "./json";
import {type Answer, levelOf, revocationOf, type SignedAct, timeWindowOf, validityOf} from './keys';
import { Proof } from "./proof";
import { type Certificate, deviceIdOf, exactEnvelope, isSignedBy, openCertificate, type PublicKey } from "./signatures";
import { type Entry, type Index, type Read, readIndex } from "./zip";

export interface Fact {
  readonly fact: string;
  readonly value: string;
  readonly detail: string;
  readonly clip: number; // 0: the whole
  readonly good: boolean;
  readonly bad: boolean;
}
export interface Report {
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly name: string;
  readonly point: string;
  readonly integrity: { readonly value: string; readonly detail: string };
  readonly facts: readonly Fact[];
}

const GOOD = [
  'intact', 'valid', 'known', 'signed', 'whole', 'whole-with-declared-gaps', 'synchronised', 'signed-in',
  'valid-then', 'hardware', 'software'
];
const BAD = ['altered', 'invalid', 'missing', 'unknown', 'expired', 'not-yet'];
const SMALL = 64 << 10;
const LARGEST_JSON = 32 << 20;
const LARGEST_RECORDS = 64 << 20;

class Facts {
  readonly all: Fact[] = [];
  add(fact: string, value: string, detail: string, clip = 0): void {
    this.all.push({ fact, value, detail, clip, good: GOOD.includes(value), bad: BAD.includes(value) });
  }
  addIntact(fact: string, problems: readonly string[], whenIntact: string): void {
    if (problems.length === 0) return this.add(fact, "intact", whenIntact);
    const more = problems.length > 3 ? `; and ${problems.length - 3} more` : "";
    this.add(fact, "altered", problems.slice(0, 3).join("; ") + more);
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function attempt<T>(step: () => Promise<T> | T): Promise<T | Wrong> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof DOMException) throw error; // the file cannot be read any more
    return error instanceof Wrong ? error : new Wrong(wordsOf(error));
  }
}

interface Seal {
  readonly certificate: Certificate;
  readonly identitySha256: string | null;
  readonly sealedUtc: string;
  readonly synchronised: boolean;
  readonly withheldOthers: boolean;
}

class Verifier {
  private readonly facts = new Facts();
  private readonly read: Read;
  private files: Files = new Map();
  private seal: Seal | Wrong = new Wrong("there is none");
  private claims: Claims | Wrong = new Wrong("evidence.json cannot be read");
  private recording: {readonly certificate: Certificate; readonly utc: string; readonly hasNonce: boolean}|
      null = null;
  private readonly acts: SignedAct[] = [];
  private recordingProblem: string | null = null;
  private synchronised = true;
  private errorMs = 0;
  private signedIn = false;

  constructor(private readonly file: Blob, private readonly trusted: readonly PublicKey[]) {
    this.read = reader(file);
  }

  async run(tell: (bytes: number) => void): Promise<Report> {
    const index = await attempt(() => readIndex(this.read, this.file.size));
    const hashed = await hashAll(this.file, index instanceof Wrong ? [] : index.entries, tell);
    if (index instanceof Wrong) this.tellBroken(index);
    else await this.examine(index, hashed.entries);
    this.facts.add("receipt", "absent", "no receipt was given");
    const claims = this.claims instanceof Wrong ? null : this.claims;
    return { sha256: toHex(hashed.whole), sizeBytes: this.file.size, name: index instanceof Wrong ? "" : index.bag, point: claims?.point ?? "",
      integrity: integrityOf(this.facts.all), facts: this.facts.all };
  }

  private tellBroken(error: Wrong): void {
    this.facts.add("structure", "altered", error.message);
    for (const fact
             of ['contents', 'seal', 'device', 'certificate', 'revocation', 'key-level', 'time', 'recording',
                 'continuity', 'clock', 'teacher'])
      this.facts.add(fact, 'cannot-check', 'the file is not built as a package is');
  }

  private async examine(index: Index, hashes: readonly { readonly sha256: Uint8Array; readonly crc: number }[]): Promise<void> {
    this.facts.add("structure", "intact", `${index.entries.length} files, every byte accounted for`);
    this.files = new Map(index.entries.map((entry, i) => [entry.name, { size: entry.size, sha256: toHex(hashes[i]!.sha256) }]));
    const damaged = index.entries.filter((entry, i) => entry.crc !== hashes[i]!.crc).map((entry) => `${entry.name} was changed or damaged after it was packed (its CRC is wrong)`);
    const small = await this.readSmall(index);
    this.claims = await attempt(() => claimsFrom(small("data/evidence.json")));
    this.seal = await attempt(() => this.openSeal(index, small));
    if (!(this.seal instanceof Wrong))
      this.acts.push({
        certificate: this.seal.certificate,
        utc: this.seal.sealedUtc,
        synchronised: this.seal.synchronised
      });
    await this.tellContents(index, damaged, small);
    const continuity = await this.openProofs(index, small);
    this.tellSeal();
    this.tellDevice();
    this.tellKeys();
    this.tellRecording();
    continuity();
    this.tellClock();
    this.tellTeacher();
    this.tellIdentity();
  }

  // The texts and proofs; a file that is missing, damaged or too large is empty: what then does not fit is told.
  private async readSmall(index: Index): Promise<(name: string) => Uint8Array<ArrayBuffer>> {
    const texts = new Map<string, Uint8Array<ArrayBuffer>>();
    for (const { name, size, offset } of index.entries) {
      const limit = name.endsWith(".records") ? LARGEST_RECORDS : /^(data|proof)\//.test(name) || name.startsWith("manifest") ? LARGEST_JSON : SMALL * 16;
      if (!/\.(mp4|pdf|png|jpg|docx|pptx|xlsx)$/.test(name) && size <= limit) texts.set(name, await this.read(offset, size));
    }
    return (name) => texts.get(name) ?? new Uint8Array();
  }

  private async openSeal(index: Index, small: (name: string) => Uint8Array): Promise<Seal> {
    require(this.files.has("seal.json"), "the package says that it is signed, but its seal was taken away");
    const envelope = exactEnvelope(small("seal.json"), "seal.json");
    const certificate = await openCertificate(exactEnvelope(small("seal-certificate.json"), "seal-certificate.json"));
    require(certificate.role === "seal", "seal-certificate.json is of a key that is not for seals");
    require(envelope.type === "application/vnd.shilu.seal+json", `seal.json is a ${envelope.type}`);
    require(await isSignedBy(envelope, certificate.key), "the signature in seal.json is not of the key that seal-certificate.json certifies");
    const unknown = "seal.json says what format shilu-seal/1 does not know";
    const said = parseCanonical(envelope.payload, unknown);
    members(said, ["format", "name", "tagmanifest_sha256", "withholdable", "device_id", "key_level", "sealed_utc", "synchronised", "error_ms", "signatures_expected"], unknown);
    require(said["format"] === "shilu-seal/1" && flag(said["signatures_expected"]), unknown);
    require(said["device_id"] === certificate.deviceId && said["key_level"] === certificate.level, "seal.json speaks of another device than seal-certificate.json");
    require(said["name"] === index.bag && said["tagmanifest_sha256"] === this.files.get("tagmanifest-sha256.txt")?.sha256, "the seal is of other contents than those that are here");
    const withheld = list(said["withholdable"]).map(object);
    return {
      certificate,
      sealedUtc: text(said['sealed_utc']),
      synchronised: flag(said['synchronised']),
      identitySha256: withheld[0] ? text(withheld[0]['sha256']) : null,
      withheldOthers:
          withheld.length > 1 || (withheld[0] !== undefined && withheld[0]['file'] !== 'identity.box'),
    };
  }

  private async tellContents(index: Index, damaged: string[], small: (name: string) => Uint8Array): Promise<void> {
    const bag = await attempt(() => bagProblems(index.bag, small, this.files));
    let problems = damaged.length > 0 ? [...damaged] : bag instanceof Wrong ? [bag.message] : bag;
    const identity = this.files.get("identity.box");
    if (!(this.seal instanceof Wrong) && identity && identity.sha256 !== this.seal.identitySha256) problems = [...problems, "identity.box is not the one that was sealed"];
    if (this.claims instanceof Wrong) problems = [...problems, this.claims.message];
    else if (problems.length === 0) {
      const claims = this.claims;
      const found = await attempt(() => claimProblems(claims, small, this.files));
      problems = found instanceof Wrong ? [found.message] : found;
    }
    this.facts.addIntact("contents", problems, "every file is the one that was packed");
  }

  // -> tells continuity and marks, once the facts before them stand.
  private async openProofs(index: Index, small: (name: string) => Uint8Array): Promise<() => void> {
    const claims = this.claims;
    if (claims instanceof Wrong) return () => this.facts.add("continuity", "cannot-check", "the package tells of no clip");
    const told: { readonly gaps: readonly string[] | Wrong | null; readonly marks: number | Wrong | null }[] = [];
    for (const [i, clip] of claims.clips.entries()) {
      const name = `proof/clip-${i + 1}`;
      const proof = await attempt(async () => {
        const opened = await Proof.open(small(`${name}.json`), small(`${name}.records`), small("proof/lesson.json"));
        const lesson = object(JSON.parse(fromUtf8(small("proof/lesson.json"))));
        require(lesson["lesson_id"] === claims.lessonId && lesson["start_utc"] === claims.startUtc, "it is of another lesson than evidence.json speaks of");
        return opened;
      });
      if (proof instanceof Wrong) {
        this.recordingProblem ??= `clip ${i + 1}: ${proof.message}`;
        told.push({ gaps: null, marks: null });
        continue;
      }
      this.take(proof, claims);
      const gaps = await attempt(async () => {
        const all: string[] = [];
        for (const source of clip.sources) {
          const parts = source.parts.map((part) => this.part(index, part));
          const found = await attempt(() => checkSource(proof, source.name, parts));
          if (found instanceof Wrong) throw new Wrong(`${source.name}: ${found.message}`);
          all.push(...found);
        }
        return all;
      });
      told.push({ gaps, marks: await attempt(() => checkMarks(proof, clip, claims.durationMs, small(marksFile(i + 1)), marksFile(i + 1))) });
    }
    return () => this.tellClips(claims, told);
  }

  private part(index: Index, part: { readonly file: string; readonly fromMs: number; readonly toMs: number }): Part {
    const entry: Entry | undefined = index.entries.find((one) => one.name === part.file);
    require(entry !== undefined, `${part.file} is missing`);
    return { fromMs: part.fromMs, toMs: part.toMs, size: entry.size, read: (offset, size) => this.read(entry.offset + offset, size) };
  }

  private take(proof: Proof, claims: Claims): void {
    this.recording = {certificate: proof.certificate, utc: proof.checkpoint.utc, hasNonce: proof.hasNonce};
    this.acts.push({
      certificate: proof.certificate,
      utc: proof.checkpoint.utc,
      synchronised: proof.checkpoint.synchronised
    });
    this.synchronised &&= proof.checkpoint.synchronised;
    this.errorMs = Math.max(this.errorMs, int(proof.checkpoint.errorMs));
    if (proof.pseudonym === claims.pseudonym) this.signedIn = true;
  }

  private tellSeal(): void {
    if (!this.files.has("seal.json")) return this.facts.add("seal", "missing", "the package says that it is signed, but its seal was taken away");
    if (this.seal instanceof Wrong) return this.facts.add("seal", "invalid", this.seal.message);
    const { certificate } = this.seal;
    if (this.seal.withheldOthers) return this.facts.add("seal", "invalid", "the seal lets other files be withheld than identity.box");
    const recorder = this.recording?.certificate;
    if (recorder && !certificate.deviceKeys.some((key) => key.id === recorder.deviceKeys[0].id))
      return this.facts.add(
          'seal', 'invalid',
          `device ${certificate.deviceId} sealed what device ${recorder.deviceId} recorded`);
    this.facts.add("seal", "valid", `sealed at ${this.seal.sealedUtc} by device ${certificate.deviceId} (${certificate.level} key)`);
  }

  private tellDevice(): void {
    const certificates = [
      ...(this.recording ? [this.recording.certificate] : []),
      ...(this.seal instanceof Wrong ? [] : [this.seal.certificate])
    ];
    const first = certificates[0];
    if (!first) return this.facts.add("device", "cannot-check", "no certificate says which device it was");
    if (this.trusted.length === 0)
      return this.facts.add(
          'device', 'not-asked',
          `it says it is device ${first.deviceId}; no list of known devices was given`);
    const listed = certificates.map(
        (certificate) =>
            this.trusted.find((known) => certificate.deviceKeys.some((key) => key.id === known.id)));
    const stranger = certificates.find((_, i) => !listed[i]);
    if (stranger)
      return this.facts.add(
          'device', 'unknown', `device ${stranger.deviceId} is not in the list of known devices`);
    const newer = certificates.find((certificate, i) => certificate.deviceKeys[0].id !== listed[i]!.id);
    const endorsed = newer ? `; its key ${newer.deviceId} is endorsed by that one` : '';
    this.facts.add(
        'device', 'known', `device ${deviceIdOf(listed[0]!)} is in the list of known devices${endorsed}`);
  }

  private tellKeys(): void {
    const tell = (fact: string, {value, detail}: Answer): void => this.facts.add(fact, value, detail);
    tell('certificate', validityOf(this.acts, Date.now()));
    tell('revocation', revocationOf());
    tell('key-level', levelOf(this.acts));
    tell('time', timeWindowOf(this.acts, this.recording?.hasNonce ?? false));
  }

  private tellRecording(): void {
    if (this.recordingProblem !== null) return this.facts.add("recording", "altered", this.recordingProblem);
    if (!this.recording) return this.facts.add("recording", "cannot-check", "the package holds no proof of a recording");
    this.facts.add(
        'recording', 'signed',
        `the records lead to what device ${this.recording.certificate.deviceId} signed at ${
            this.recording.utc}`);
  }

  private tellClips(claims: Claims, told: readonly { readonly gaps: readonly string[] | Wrong | null; readonly marks: number | Wrong | null }[]): void {
    const unknown = "what was recorded cannot be told";
    told.forEach(({ gaps }, i) => {
      const clip = claims.clips[i]!;
      const where = `${(clip.fromMs / 1000).toFixed(3)} s to ${(clip.toMs / 1000).toFixed(3)} s, unedited`;
      if (gaps === null) this.facts.add("continuity", "cannot-check", unknown, i + 1);
      else if (gaps instanceof Wrong) this.facts.add("continuity", "altered", gaps.message, i + 1);
      else if (gaps.length === 0) this.facts.add("continuity", "whole", `${where}, nothing left out`, i + 1);
      else this.facts.add("continuity", "whole-with-declared-gaps", `${where}; missing, and declared when it was recorded: ${gaps.join(", ")}`, i + 1);
    });
    if (told.length === 0) this.facts.add("continuity", "cannot-check", "the package tells of no clip");
    told.forEach(({ marks }, i) => {
      if (marks === null) this.facts.add("marks", "cannot-check", unknown, i + 1);
      else if (marks instanceof Wrong) this.facts.add("marks", "altered", marks.message, i + 1);
      else this.facts.add("marks", "intact", `${marks} marks, as they were pressed`, i + 1);
    });
    for (const one of claims.derived) this.facts.add("derivative", "declared", `${one.file} was made of ${one.from} (${one.recipe}); it is not proven itself`);
    this.facts.add("header", "not-checked", "this page does not compute the clips' tables anew; shilu verify does");
  }

  private tellClock(): void {
    if (!this.recording) return this.facts.add("clock", "cannot-check", "no proof tells the time");
    if (!this.synchronised) return this.facts.add("clock", "unsynchronised", "the device's clock was not synchronised when it was recorded");
    this.facts.add("clock", "synchronised", `the device's clock was right to within ${this.errorMs} ms`);
  }

  private tellTeacher(): void {
    const claims = this.claims;
    if (claims instanceof Wrong) return this.facts.add("teacher", "cannot-check", "evidence.json cannot be read");
    const who = claims.pseudonym;
    if (claims.binding === "asserted") return this.facts.add("teacher", "asserted", `${who} is only said to be the teacher; nobody signed in`);
    if (this.signedIn) return this.facts.add("teacher", "signed-in", `${who} had signed in at the device that recorded`);
    if (this.recordingProblem !== null) return this.facts.add("teacher", "cannot-check", "the proof of the sign-in leads to no signature");
    this.facts.add("teacher", "altered", `${who} is said to have signed in, and the recording knows nothing of it`);
  }

  private tellIdentity(): void {
    if (this.files.has("identity.box")) return this.facts.add("identity", "sealed", "who the teacher is stands in a part that only the platform can open");
    if (!(this.seal instanceof Wrong) && this.seal.identitySha256 !== null) return this.facts.add("identity", "withheld", "the part that says who the teacher is was taken out of this copy");
    this.facts.add("identity", "absent", "the package does not say who the teacher is");
  }
}

function integrityOf(facts: readonly Fact[]): Report["integrity"] {
  const names = ["intact", "intact-with-declared-gaps", "unsigned-tail", "cannot-check", "altered"];
  const ofTheBytes = ["structure", "contents", "seal", "recording", "continuity", "marks", "tail"];
  let worst = 0;
  let detail = "every part is as it was recorded and packed";
  for (const fact of facts.filter((one) => ofTheBytes.includes(one.fact))) {
    const rank = fact.bad ? 4 : fact.value === "cannot-check" ? 3 : fact.value === "unsigned" ? 2 : fact.value === "whole-with-declared-gaps" ? 1 : 0;
    if (rank <= worst) continue;
    worst = rank;
    detail = fact.clip === 0 ? fact.detail : `clip ${fact.clip}: ${fact.detail}`;
  }
  return { value: names[worst]!, detail };
}

export function verifyPackage(file: Blob, trusted: readonly PublicKey[], tell: (bytes: number) => void): Promise<Report> {
  return new Verifier(file, trusted).run(tell);
}
