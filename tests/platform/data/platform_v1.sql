-- Made from a database of version 1 by python3's sqlite3, Connection.iterdump().
pragma application_id = 1397248076;
pragma user_version = 1;
pragma foreign_keys = off;
BEGIN TRANSACTION;
CREATE TABLE assessors (
  id text not null primary key check (length(id) between 1 and 64),
  display_name text not null,
  pin_hash text not null check (pin_hash glob '$argon2id$*'),
  active integer not null check (active in (0, 1))                -- 0: may not sign in, is given nothing to judge
) strict, without rowid;
INSERT INTO "assessors" VALUES('E01','李','$argon2id$v=19$m=1,t=1,p=1$a$b',1);
CREATE TABLE devices (
  id text not null primary key check (id glob 'd-*'),             -- from its key: docs/ref/signatures.md
  name text not null check (length(name) between 1 and 128),      -- as the school calls it; assessors never see it
  key_pem text not null,
  token_hash blob not null unique check (length(token_hash) = 32),-- SHA-256 of its bearer token
  enrolled_utc_ms integer not null
) strict, without rowid;
INSERT INTO "devices" VALUES('d-AAAA','八(2)班教室','PEM',X'0000000000000000000000000000000000000000000000000000000000000000',1795255200000);
CREATE TABLE failed_sign_ins (
  assessor text not null primary key references assessors (id) on delete cascade,
  failures integer not null check (failures > 0),
  blocked_until_utc_ms integer not null
) strict, without rowid;
CREATE TABLE identities (
  package text not null primary key references packages (sha256) on delete cascade,
  teacher_id text not null,
  signed_in integer not null check (signed_in in (0, 1)),         -- the recording itself says so
  fields text not null check (json_type(fields) = 'object')
) strict, without rowid;
CREATE TABLE packages (
  sha256 text not null primary key check (length(sha256) = 64),
  device text not null references devices (id),
  size_bytes integer not null check (size_bytes > 0),
  state text not null check (state in ('verifying', 'acknowledged', 'rejected')),
  received_utc_ms integer not null,
  reasons text not null check (json_type(reasons) = 'array'),     -- [{"code","text"}]; rejected
  facts text not null check (json_type(facts) = 'array'),         -- of the verification
  programme text not null,                                        -- these four: empty until verified
  point text not null,
  lesson_id text not null,
  shown text not null check (json_type(shown) = 'object'),        -- what assessors may see of it, names taken out
  receipt_number integer unique,                                  -- also the index in the log of receipts, from 1
  receipt text,                                                   -- DSSE envelope
  verdict text,                                                   -- DSSE envelope
  check ((state = 'acknowledged') = (receipt is not null)),
  check ((receipt is null) = (receipt_number is null)),
  check (verdict is null or receipt is not null)
) strict, without rowid;
INSERT INTO "packages" VALUES('cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd','d-AAAA',1234,'acknowledged',1795255200000,'[]','[]','cn-moe-2.0','A6','01a1ffa9-906e-7edf-a668-2597dc06263e','{}',1,'{}',NULL);
CREATE TABLE reviews (
  id text not null primary key check (length(id) = 36),           -- UUIDv7; what assessors see instead of the package
  package text not null references packages (sha256),
  assessor text not null references assessors (id),
  third integer not null check (third in (0, 1)),                 -- called on dispute
  state text not null check (state in ('new', 'draft', 'done')),
  sheet text not null check (json_type(sheet) = 'object'),
  handed_in_utc_ms integer,
  check ((state = 'done') = (handed_in_utc_ms is not null)),
  unique (package, assessor)
) strict, without rowid;
CREATE TABLE sessions (
  token_hash blob not null primary key check (length(token_hash) = 32),
  assessor text not null references assessors (id) on delete cascade,
  expires_utc_ms integer not null
) strict, without rowid;
CREATE TABLE uploads (
  id text not null primary key check (length(id) = 36),           -- UUIDv7, also the file's name
  device text not null references devices (id),
  size_bytes integer not null check (size_bytes > 0),
  offset_bytes integer not null check (offset_bytes between 0 and size_bytes),
  announced_sha256 text check (length(announced_sha256) = 64),    -- what the device says it sends; null: not said
  metadata text not null,                                         -- Upload-Metadata as it came
  expires_utc_ms integer not null,
  taken integer not null check (taken in (0, 1)),                 -- it has become a package
  check (taken = 0 or offset_bytes = size_bytes)
) strict, without rowid;
INSERT INTO "uploads" VALUES('01a1ffa9-906f-72aa-add7-79dd6b6bb848','d-AAAA',20000000,9000000,'abababababababababababababababababababababababababababababababab','package_sha256 …',1895255200000,0);
CREATE INDEX uploads_of_digest on uploads (device, announced_sha256);
CREATE INDEX packages_of_state on packages (state, received_utc_ms);
CREATE INDEX reviews_of_assessor on reviews (assessor, state);
COMMIT;
