-- Version 2: why a submission does not get on, in a form that pages can translate; and how often a whole package was sent,
-- so that a platform that loses packages does not get them in a circle without a pause.

alter table submissions add column error_code text          -- stable word for last_error; null: none
  check (error_code is null or length(error_code) between 1 and 64);
alter table submissions add column losses integer not null default 0  -- how often the platform lost what it had taken
  check (losses >= 0);

drop index submissions_due;
create index submissions_due on submissions (priority desc, id)
  where state in ('queued', 'sending', 'verifying');
-- Withdrawn ones whose upload still stands at the platform.
create index submissions_to_abandon on submissions (id)
  where state = 'withdrawn' and upload_url is not null;
