-- Version 3: the keys of devices and their revocation.

-- Every key of a device that the platform has seen a certificate of, and what that said. A device keeps its row in
-- `devices` when its device key changes; the id there is that of its first key.
create table device_keys (
  id text not null primary key check (id glob 'sha256:*'),
  device text not null references devices (id),
  role text not null check (role in ('device', 'recording', 'seal')),
  key_pem text not null,
  key_level text check (key_level in ('software', 'hardware')),   -- null: only the key was shown, no certificate
  not_before_utc_ms integer,                                      -- these two: of recording and seal keys
  not_after_utc_ms integer,
  endorsed_by text references device_keys (id),                   -- the device key before this one
  seen_utc_ms integer not null,                                   -- first
  check ((role = 'device') = (not_after_utc_ms is null) and (not_before_utc_ms is null) = (not_after_utc_ms is null)),
  check (endorsed_by is null or role = 'device')
) strict, without rowid;
create index device_keys_of_device on device_keys (device);

-- Keys that do not count any more, from a moment on. Nothing is ever taken off this list; a second revocation of a key
-- can only move the moment back.
create table revocations (
  key_id text not null primary key check (key_id glob 'sha256:*'),
  revoked_utc_ms integer not null,
  reason text not null check (length(reason) between 1 and 200),
  listed_utc_ms integer not null
) strict, without rowid;
