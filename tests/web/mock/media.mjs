// Small real MP4s for the mock servers, made once with ffmpeg: a classroom (with sound) and a board whose picture counts its frames.
// The project's test footage is used when it is there; otherwise a generated picture.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
export const cache = join(here, "../.cache");
export const kSeconds = 48;

function ffmpeg(output, ...args) {
  const path = join(cache, output);
  if (existsSync(path)) return path;
  mkdirSync(cache, { recursive: true });
  const partial = `${path}.${process.pid}.part`;
  execFileSync("ffmpeg", ["-hide_banner", "-loglevel", "error", "-y", ...args, partial], { stdio: ["ignore", "inherit", "inherit"] });
  renameSync(partial, path);
  return path;
}

function footage() {
  const roots = [process.env.SHILU_TEST_MEDIA, join(here, "../../data")].filter((root) => root && existsSync(root));
  for (const root of roots) {
    for (const name of readdirSync(root, { recursive: true })) if (String(name).endsWith("classroom.mp4")) return join(root, String(name));
  }
  return null;
}

const h264 = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-g", "25", "-keyint_min", "25", "-sc_threshold", "0", "-bf", "0"];
const mp4 = ["-movflags", "+faststart", "-f", "mp4"];

export function roomFile() {
  const real = footage();
  const size = ["-vf", "scale=640:360,fps=25"];
  if (real) return ffmpeg("room.mp4", "-stream_loop", "-1", "-i", real, "-t", String(kSeconds), ...size, ...h264, "-crf", "26", "-c:a", "aac", "-ac", "1", "-b:a", "64k", ...mp4);
  return ffmpeg("room.mp4", "-f", "lavfi", "-i", `testsrc2=size=640x360:rate=25:duration=${kSeconds}`, "-f", "lavfi", "-i", `sine=frequency=220:duration=${kSeconds}`, ...h264, "-crf", "30", "-c:a", "aac", "-b:a", "64k", ...mp4);
}

const slides = [
  ["0x0f3d7a", "牛顿第二定律", "F = m a"],
  ["0x14532d", "实验：加速度与力的关系", "保持质量不变，改变拉力"],
  ["0x5b2a86", "实验：加速度与质量的关系", "保持拉力不变，改变质量"],
  ["0x7c2d12", "课堂小结", "力是改变物体运动状态的原因"],
];

export function boardFile() {
  const length = kSeconds / slides.length;
  const font = "Noto Sans CJK SC";
  const inputs = slides.flatMap(([color]) => ["-f", "lavfi", "-i", `color=c=${color}:size=640x360:rate=25:duration=${length}`]);
  const written = slides.map(([, title, line], i) =>
    `[${i}:v]drawtext=font='${font}':text='${title}':fontcolor=white:fontsize=40:x=(w-tw)/2:y=110,drawtext=font='${font}':text='${line}':fontcolor=0xd8e4ff:fontsize=24:x=(w-tw)/2:y=190[s${i}]`).join(";");
  const joined = `${slides.map((_, i) => `[s${i}]`).join("")}concat=n=${slides.length}:v=1[all];[all]drawtext=font='${font}':text='帧 %{n}':fontcolor=white:fontsize=20:x=w-tw-16:y=h-36[out]`;
  return ffmpeg("board.mp4", ...inputs, "-filter_complex", `${written};${joined}`, "-map", "[out]", ...h264, "-crf", "24", ...mp4);
}

export const sourceFile = { room: roomFile, board: boardFile };

// The part of a source that a clip shows.
export function clipFile(source, fromMs, toMs) {
  const name = createHash("sha256").update(`${source} ${fromMs} ${toMs}`).digest("hex").slice(0, 12);
  return ffmpeg(`clip-${name}.mp4`, "-ss", String(fromMs / 1000), "-to", String(toMs / 1000), "-i", sourceFile[source](), ...h264, "-crf", "26", "-c:a", "aac", ...mp4);
}

export function thumbnailFile(atMs) {
  const second = Math.max(0, Math.min(kSeconds - 1, Math.round(atMs / 1000)));
  return ffmpeg(`thumb-${second}.jpg`, "-ss", String(second), "-i", roomFile(), "-frames:v", "1", "-vf", "scale=320:-2", "-f", "image2");
}

function boxes(bytes, from = 0, to = bytes.length) {
  const found = [];
  for (let at = from; at + 8 <= to; ) {
    const size = bytes.readUInt32BE(at);
    found.push({ type: bytes.toString("latin1", at + 4, at + 8), at, size });
    at += size;
  }
  return found;
}

// A source's picture as a header and fragments of one second, for the live preview.
export function fragmentsOf(source) {
  const path = ffmpeg(`live-${source}.mp4`, "-i", sourceFile[source](), "-an", "-c:v", "copy", "-movflags", "frag_keyframe+empty_moov+default_base_moof", "-f", "mp4");
  const bytes = readFileSync(path);
  const all = boxes(bytes).filter((box) => ["ftyp", "moov", "moof", "mdat"].includes(box.type));
  const cut = (box) => bytes.subarray(box.at, box.at + box.size);
  const header = Buffer.concat(all.filter((box) => box.type === "ftyp" || box.type === "moov").map(cut));
  const avc = bytes.indexOf("avcC");
  const codec = `avc1.${bytes.subarray(avc + 5, avc + 8).toString("hex")}`;
  const fragments = [];
  for (let i = 0; i < all.length; i++) if (all[i].type === "moof") fragments.push(Buffer.concat([cut(all[i]), cut(all[i + 1])]));
  return { mime: `video/mp4; codecs="${codec}"`, header, fragments };
}

// The same fragment at another place in time: only its tfdt changes.
export function atDecodeTime(fragment, ticks) {
  const moved = Buffer.from(fragment);
  const tfdt = moved.indexOf("tfdt") - 4;
  if (moved[tfdt + 8] === 1) moved.writeBigUInt64BE(BigInt(ticks), tfdt + 12);
  else moved.writeUInt32BE(ticks, tfdt + 12);
  return moved;
}

export function ticksPerFragment(fragments) {
  const time = (bytes) => {
    const tfdt = bytes.indexOf("tfdt") - 4;
    return bytes[tfdt + 8] === 1 ? Number(bytes.readBigUInt64BE(tfdt + 12)) : bytes.readUInt32BE(tfdt + 12);
  };
  return time(fragments[1]) - time(fragments[0]);
}

export function prepare() {
  roomFile();
  boardFile();
  fragmentsOf("room");
  fragmentsOf("board");
  for (let second = 0; second < kSeconds; second += 4) thumbnailFile(second * 1000);
  return statSync(roomFile()).size;
}
