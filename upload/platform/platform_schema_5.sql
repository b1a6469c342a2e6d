-- Version 5: wrong PINs are counted by address.

-- Of an account from one address, and of the account from everywhere (address ''). What was counted before was of nobody
-- in particular, and goes.
drop table failed_sign_ins;
create table failed_sign_ins (
  assessor text not null references assessors (id) on delete cascade,
  address text not null,                                          -- of the peer, as it connected
  failures integer not null check (failures > 0),
  blocked_until_utc_ms integer not null,
  primary key (assessor, address)
) strict, without rowid;
