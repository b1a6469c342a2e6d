// docs/ref/package.md, "proof/clip-N.json": the records that lead to a checkpoint which the device signed.
import { fromBase64, fromHex, require, toHex } from "./bytes";
import { checkpointFrom, type Checkpoint, eventName, type FragmentRecord, leadsTo, recordAt, Tree } from "./journal";
import { int, list, object, parse, parseCanonical, text, members, type Json, type JsonObject } from "./json";
import { type Certificate, envelopeFrom, isSignedBy, openCertificate } from "./signatures";
import { sha256 } from "./sha256";

export interface Epoch {
  readonly timescale: number;
  readonly nominalTicks: number;
  readonly headerSha256: string;
  readonly header: boolean; // it is in the proof and has the recorded hash
}
export interface Track {
  readonly name: string;
  readonly epochs: Map<number, Epoch>;
  readonly fragments: FragmentRecord[];
}
export interface Gap {
  readonly track: string;
  readonly from: number; // ns
  readonly to: number;
  readonly reason: string;
}
export interface Mark {
  readonly id: string;
  readonly at: number; // ns
  readonly point: Json;
  readonly back: number; // ms
  readonly ahead: number;
  undone: boolean;
}

export class Proof {
  readonly tracks = new Map<number, Track>();
  readonly gaps: Gap[] = [];
  readonly deletions: { readonly track: string; readonly first: number; readonly last: number }[] = [];
  readonly marks: Mark[] = [];
  stoppedMs: number | null = null;
  pseudonym: string | null = null;

  private constructor(
      readonly certificate: Certificate, readonly checkpoint: Checkpoint, readonly hasNonce: boolean,
      private readonly root: Uint8Array) {}

  static async open(proofJson: Uint8Array, records: Uint8Array, lessonJson: Uint8Array): Promise<Proof> {
    const json = parseCanonical(proofJson, "it is not written as format shilu-clip-proof/1 wants it");
    members(json, ["format", "lesson_id", "tree_size", "checkpoint", "first_leaf", "frontier", "epochs", "sign_in", "lesson_path"],
      "it is not written as format shilu-clip-proof/1 wants it");
    require(json["format"] === "shilu-clip-proof/1", "it is not written as format shilu-clip-proof/1 wants it");
    const lesson = object(parse(lessonJson));
    const certificate = await openCertificate(envelopeFrom(lesson["recording_certificate"]));
    require(certificate.role === "recording", "lesson.json carries the certificate of a key that is not for recording");
    require(lesson["lesson_id"] === json["lesson_id"], "the proof is of another lesson");
    const envelope = envelopeFrom(json["checkpoint"]);
    require(envelope.type === "application/vnd.shilu.checkpoint+json", `the checkpoint is a ${envelope.type}`);
    require(await isSignedBy(envelope, certificate.key), "the recording's signature is missing, or not by the recording key of this device");
    const checkpoint = checkpointFrom(envelope.payload);
    require(checkpoint.lessonId === lesson["lesson_id"], "the checkpoint is of another lesson");
    const size = int(json["tree_size"]);
    require(checkpoint.treeSize === size, `the recording's signature covers ${checkpoint.treeSize} records, and the proof speaks of ${size}: it is older, or of another recording`);
    const proof =
        new Proof(certificate, checkpoint, lesson['platform_nonce'] !== undefined, fromHex(checkpoint.root));
    require(proof.leads(lessonJson, 0, json["lesson_path"]), "lesson.json is not the one that the recording's signature covers");
    for (const item of list(json["epochs"])) {
      const epoch = object(item);
      proof.takeEpoch(proof.eventAt(epoch, "epoch"), epoch["header"] ?? null);
    }
    proof.takeRecords(int(json["first_leaf"]), list(json["frontier"]).map((hash) => fromHex(text(hash))), records);
    if (json["sign_in"] !== null) proof.pseudonym = `t-${text(proof.eventAt(object(json["sign_in"]), "sign-in")["subject_sha256"]).slice(0, 16)}`;
    return proof;
  }

  private leads(leaf: Uint8Array, index: number, path: Json | undefined): boolean {
    return leadsTo(this.root, leaf, index, this.checkpoint.treeSize, list(path).map((hash) => fromHex(text(hash))));
  }

  private eventAt(proven: JsonObject, name: string): JsonObject {
    const bytes = fromBase64(text(proven["record"]));
    const leaf = int(proven["leaf"]);
    require(this.leads(bytes, leaf, proven["path"]), `the ${name} of record ${leaf} is not under the recording's signature`);
    const record = recordAt(bytes, 0);
    require(record !== null && "event" in record && record.bytes.length === bytes.length && eventName(record.event) === name,
      `record ${leaf} is not the ${name} that it should be`);
    return record.event;
  }

  private takeEpoch(event: JsonObject, header: Json): void {
    const [number, name] = [int(event["track"]), text(event["name"])];
    if (header !== null) {
      const bytes = fromBase64(text(header));
      require(bytes.length === event["header_size"] && toHex(sha256(bytes)) === event["header_sha256"],
        `the header of ${name} epoch ${int(event["epoch"])} is not the recorded one`);
    }
    for (const [other, track] of this.tracks) require((other === number) === (track.name === name), `track ${number} has two names`);
    const track = this.tracks.get(number) ?? { name, epochs: new Map<number, Epoch>(), fragments: [] };
    this.tracks.set(number, track);
    const epoch = { timescale: int(event["timescale"]), nominalTicks: int(event["nominal_ticks"]), headerSha256: text(event["header_sha256"]), header: header !== null };
    require(epoch.timescale > 0, `track ${number} counts no time`);
    if (!track.epochs.has(int(event["epoch"]))) track.epochs.set(int(event["epoch"]), epoch);
  }

  private takeRecords(first: number, frontier: Uint8Array[], records: Uint8Array): void {
    const size = this.checkpoint.treeSize;
    require(first > 0 && first < size, "the records do not begin between lesson.json and the checkpoint");
    const tree = new Tree(first, frontier);
    let at = 0;
    while (tree.size < size) {
      const record = recordAt(records, at);
      require(record !== null, `only ${tree.size} of ${size} signed records are there: something was left out`);
      tree.add(record.bytes);
      if ("fragment" in record) this.takeFragment(record.fragment);
      else this.takeEvent(record.event);
      at += record.bytes.length;
    }
    require(at === records.length, `${records.length - at} bytes follow the last signed record`);
    require(toHex(tree.root()) === this.checkpoint.root, "the records are not those that the device signed");
  }

  private takeFragment(fragment: FragmentRecord): void {
    const track = this.tracks.get(fragment.track);
    require(track !== undefined && track.epochs.has(fragment.epoch), `a fragment of track ${fragment.track} epoch ${fragment.epoch} is there, but nothing says what that is`);
    const before = track.fragments.at(-1);
    require(before === undefined || fragment.sequence === before.sequence + 1, `fragment ${fragment.sequence} of ${track.name} follows fragment ${before?.sequence ?? 0}`);
    track.fragments.push(fragment);
  }

  // What the teacher had deleted is missing, declared and signed: a gap with a reason of its own.
  private takeDeletion(stretch: JsonObject): void {
    const track = text(stretch["track"]);
    this.gaps.push({ track, from: int(stretch["from_ns"]), to: int(stretch["to_ns"]), reason: "redacted" });
    this.deletions.push({ track, first: int(stretch["first"]), last: int(stretch["last"]) });
  }

  isDeleted(track: Track, place: number): boolean {
    const sequence = track.fragments[place]!.sequence;
    return this.deletions.some((one) => one.track === track.name && one.first <= sequence && sequence <= one.last);
  }

  private takeEvent(event: JsonObject): void {
    const name = eventName(event);
    const known = (id: string): Mark | undefined => this.marks.find((mark) => mark.id === id);
    if (name === "epoch") this.takeEpoch(event, null);
    if (name === "gap") this.gaps.push({ track: text(event["track"]), from: int(event["from_ns"]), to: int(event["to_ns"]), reason: text(event["reason"]) });
    if (name === "redaction") for (const item of list(event["stretches"])) this.takeDeletion(object(item));
    if (name === "stop") this.stoppedMs = int(event["duration_ms"]);
    if (name === "mark" && !known(text(event["id"])))
      this.marks.push({ id: text(event["id"]), at: int(event["at_ns"]), point: event["point"] ?? null, back: int(event["look_back_ms"]), ahead: int(event["look_ahead_ms"]), undone: false });
    const undone = name === "mark-undone" ? known(text(event["id"])) : undefined;
    if (undone) undone.undone = true;
  }
}
