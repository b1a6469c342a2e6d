-- The appliance's database, version 1. An index of the lesson folders (which are the truth for what was recorded) and
-- the only place of teachers, drafts and the outbox. Times: *_utc_ms are milliseconds since 1970 in UTC; from_ms and
-- to_ms are lesson time (0 is the press of "start", negative is pre-roll).

create table teachers (
  id text not null primary key                  -- the school's own key, "T001"; no identity number
    check (length(id) between 1 and 64),
  display_name text not null                    -- as on the sign-in grid, "王老师"
    check (length(display_name) between 1 and 64),
  pin_hash text not null                        -- Argon2id with its salt and parameters
    check (pin_hash glob '$argon2id$*')
) strict, without rowid;

-- Wrong PINs since the last right one; no row: none.
create table failed_sign_ins (
  teacher text not null primary key             -- whose PIN was wrong
    references teachers (id) on delete cascade on update cascade,
  failures integer not null check (failures > 0),  -- in a row
  blocked_until_utc_ms integer not null         -- no PIN is looked at before
) strict, without rowid;

create table sessions (
  token_hash blob not null primary key          -- SHA-256 of the token: who reads the table cannot use it
    check (length(token_hash) = 32),
  teacher text not null references teachers (id) on delete cascade on update cascade,  -- who signed in
  created_utc_ms integer not null,              -- when
  expires_utc_ms integer not null check (expires_utc_ms > created_utc_ms)  -- from then on it counts for nothing
) strict, without rowid;
create index sessions_of_teacher on sessions (teacher);

-- The ability points that a teacher wants under the finger, at most 6.
create table tiles (
  teacher text not null references teachers (id) on delete cascade on update cascade,  -- whose finger
  position integer not null check (position between 0 and 5),   -- in the order of the page
  point text not null check (length(point) between 1 and 64),   -- code in the catalogue, "A6"
  primary key (teacher, position),
  unique (teacher, point)
) strict, without rowid;

create table lessons (
  id text not null primary key check (length(id) = 36),         -- UUIDv7, also the folder's name
  teacher text references teachers (id) on update cascade,      -- null: recorded as a guest, not yet claimed
  subject text not null,                                        -- as typed, "物理"; may be empty
  class_name text not null,                                     -- as typed, "高一(3)班"; may be empty
  topic text not null,                                          -- as typed, "自由落体"; may be empty
  state text not null                                           -- recovered: its end was found after a failure
    check (state in ('recording', 'finished', 'recovered')),
  started_utc_ms integer not null,                              -- the press of "start"
  duration_ms integer not null check (duration_ms >= 0),        -- lesson time of its end, so far
  size_bytes integer not null check (size_bytes >= 0),          -- of all tracks
  gap_count integer not null check (gap_count >= 0),            -- of all tracks
  mark_count integer not null check (mark_count >= 0),          -- without those undone
  directory text not null unique check (length(directory) > 0)  -- of the folder
) strict, without rowid;
create index lessons_of_teacher on lessons (teacher, started_utc_ms);

-- Drafts: what a teacher cuts out of a lesson. Seen by nobody else until submitted.
create table clips (
  id text not null primary key check (length(id) = 36),         -- UUIDv7
  lesson text not null references lessons (id),                 -- what it is cut out of
  point text not null check (length(point) between 1 and 64),   -- code in the catalogue, "A6"
  from_ms integer not null,                                     -- lesson time of the first picture wanted
  to_ms integer not null check (to_ms > from_ms),               -- lesson time of the first one not wanted
  sources text not null                                         -- JSON list of source names, ["room","board"]
    check (json_valid(sources) and json_type(sources) = 'array' and json_array_length(sources) > 0),
  mark text check (length(mark) = 36),                          -- the mark it came from; null: none
  created_utc_ms integer not null                               -- when it was made
) strict, without rowid;
create index clips_of_lesson on clips (lesson);

create table documents (
  id text not null primary key check (length(id) = 36),         -- UUIDv7
  lesson text not null references lessons (id),                 -- the lesson it belongs to
  clip text references clips (id) on delete set null,           -- null: for every clip of the lesson
  title text not null check (length(title) between 1 and 128),  -- the evidence piece it is, "教学设计"
  media_type text not null check (media_type glob '?*/?*'),     -- of the content, not of the name
  file text not null unique check (length(file) > 0),           -- path of the stored file
  size_bytes integer not null check (size_bytes > 0),           -- of the file
  sha256 text not null                                          -- of the file, hex
    check (length(sha256) = 64 and sha256 not glob '*[^0-9a-f]*'),
  created_utc_ms integer not null                               -- when it was added
) strict, without rowid;
create index documents_of_lesson on documents (lesson);

-- The outbox: undertakings to deliver a package.
create table submissions (
  id text not null primary key check (length(id) = 36),         -- UUIDv7
  lesson text not null references lessons (id),                 -- what it is from
  clip text not null references clips (id),                     -- a clip that was submitted stays
  teacher text not null references teachers (id) on update cascade,  -- who submits
  point text not null check (length(point) between 1 and 64),   -- what it is to show
  programme text not null check (length(programme) > 0),        -- where it goes
  fields text not null                                          -- JSON object of what the teacher filled in
    check (json_valid(fields) and json_type(fields) = 'object'),
  state text not null check (state in                           -- see SubmissionState
    ('packing', 'queued', 'sending', 'verifying', 'acknowledged', 'rejected', 'withdrawn')),
  paused integer not null check (paused in (0, 1)),             -- 1: stays in its state, nothing is sent
  package_path text,                                            -- the file; these three are null until it is packed
  package_sha256 text unique                                    -- its identity, hex; frozen
    check (length(package_sha256) = 64 and package_sha256 not glob '*[^0-9a-f]*'),
  size_bytes integer check (size_bytes > 0),                    -- of the package; frozen
  upload_url text,                                              -- where to go on; null: begin anew
  acked_offset integer not null                                 -- bytes that the platform has durably
    check (acked_offset >= 0 and acked_offset <= coalesce(size_bytes, 0)),
  attempts integer not null check (attempts >= 0),              -- since something was last achieved
  last_error text,                                              -- a sentence; null: none since then
  next_attempt_utc_ms integer not null,                         -- not before
  priority integer not null,                                    -- larger goes first; raised by "send now"
  reasons text not null                                         -- JSON list: why it was rejected
    check (json_valid(reasons) and json_type(reasons) = 'array'),
  receipt text check (receipt is null or json_valid(receipt)),  -- the platform's DSSE envelope, verified
  verdict text check (verdict is null or json_valid(verdict)),  -- likewise
  created_utc_ms integer not null,                              -- when the teacher submitted
  updated_utc_ms integer not null,                              -- may lie before created: wall clocks get set
  check ((package_path is null) = (package_sha256 is null) and (package_path is null) = (size_bytes is null)),
  check (state in ('packing', 'withdrawn') or package_path is not null),
  check ((state = 'acknowledged') = (receipt is not null)),
  check (verdict is null or receipt is not null)
) strict, without rowid;
create index submissions_due on submissions (priority desc, created_utc_ms)
  where state in ('queued', 'sending', 'verifying');
create index submissions_of_teacher on submissions (teacher, created_utc_ms);
create index submissions_of_clip on submissions (clip);

create trigger receipt_is_for_ever before update on submissions
when old.receipt is not null and (new.receipt is not old.receipt or new.package_sha256 is not old.package_sha256)
begin
  select raise(abort, 'a receipt and what it is for do not change');
end;

create trigger package_is_frozen before update on submissions
when old.package_sha256 is not null
  and (new.package_sha256 is not old.package_sha256 or new.size_bytes is not old.size_bytes)
begin
  select raise(abort, 'a package does not change after it was built');
end;

create trigger undelivered_is_kept before delete on submissions
when old.state not in ('acknowledged', 'rejected', 'withdrawn')
begin
  select raise(abort, 'a submission that is under way is not deleted; withdraw it');
end;
