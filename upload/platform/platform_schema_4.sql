-- Version 4: the heads of the devices' logs.

-- The last head of each device's log that went on from the one before it, and what became of heads since. A head that does
-- not go on is an alarm: it stays until whoever looks after the platform has looked, and the good head stays with it.
create table device_logs (
  device text not null primary key references devices (id),
  checkpoint text not null,                                       -- DSSE envelope of the good head
  seen_utc_ms integer not null,                                   -- when the last head came, good or not
  state text not null check (state in ('consistent', 'rolled-back', 'forked')),
  detail text not null,                                           -- of an alarm, a sentence; else ''
  refused text,                                                   -- the head that raised it
  check ((state = 'consistent') = (detail = '') and (state = 'consistent') = (refused is null))
) strict, without rowid;
