-- The platform's database, version 2: what devices announced of the blocks of a package, so that every block can be checked when
-- it has come; and uploads that come through an S3-compatible store.

create table offers (
  device text not null references devices (id),
  package_sha256 text not null check (length(package_sha256) = 64),  -- what the device says it will send
  size_bytes integer not null check (size_bytes > 0),
  blocks blob not null                                               -- SHA-256 of each block of 8 MiB, one behind the other
    check (length(blocks) = 32 * ((size_bytes + 8388607) / 8388608)),
  expires_utc_ms integer not null,                                   -- from then on nobody sends it any more
  primary key (device, package_sha256)
) strict, without rowid;

-- Uploads whose bytes the device puts into an S3-compatible store. `offset_bytes` counts what the platform fetched from there.
create table object_uploads (
  upload text not null primary key references uploads (id) on delete cascade,
  object_key text not null,                                       -- in the bucket
  store_upload_id text not null,                                  -- of the multipart upload
  joined integer not null check (joined in (0, 1))                -- all parts are there and made one object
) strict, without rowid;
