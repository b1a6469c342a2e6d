#include <catch2/catch.hpp>

#include "firmware/base/ids.h"
#include "firmware/store/database.h"
#include "firmware/store/device_schema.h"
#include "tests/store/device_store_fixture.h"

using namespace shilu;
using namespace shilu::store;
using namespace std::chrono_literals;
using test::fake_sha256;

namespace {

class Outbox : public test::DeviceStoreFixture {
 public:
  Outbox() { REQUIRE(store.create_teacher({"T001", "王老师"}, test::kPin)); }
  Submission now(const Submission& submission) { return store.submission(submission.id).value(); }
  std::string due() {
    const auto found = store.due_submission().value();
    return found ? found->id : "";
  }
};

}  // namespace

TEST_CASE_METHOD(Outbox, "a submission goes from packing to its verdict") {
  const auto made = add_submission();
  CHECK(made.state == SubmissionState::kPacking);
  CHECK(made.fields == R"({"主题":"x"})");
  CHECK_FALSE(made.package_sha256);
  CHECK(store.submissions_to_pack().value().size() == 1);
  CHECK(due().empty());

  const auto sha256 = fake_sha256();
  REQUIRE(store.package_built(made.id, "outbox/p.zip", sha256, 1'000));
  CHECK(now(made).state == SubmissionState::kQueued);
  CHECK(store.submissions_to_pack().value().empty());
  CHECK(store.submission_of_package(sha256).value()->id == made.id);
  CHECK(due() == made.id);

  REQUIRE(store.begin_attempt(made.id));
  REQUIRE(store.set_upload(made.id, "http://p/files/1", 0));
  CHECK(now(made).state == SubmissionState::kSending);
  CHECK(now(made).attempts == 1);
  REQUIRE(store.set_acked(made.id, 400));
  CHECK(now(made).acked_offset == 400);
  CHECK(now(made).upload_url == "http://p/files/1");

  REQUIRE(store.set_verifying(made.id));
  CHECK(now(made).state == SubmissionState::kVerifying);
  CHECK(now(made).acked_offset == 1'000);
  CHECK(store.waiting_submissions().value() == 1);

  clock.advance(1s);
  REQUIRE(store.acknowledge(made.id, R"({"payload":"r"})"));
  const auto delivered = now(made);
  CHECK(delivered.state == SubmissionState::kAcknowledged);
  CHECK(delivered.receipt == R"({"payload":"r"})");
  CHECK(delivered.updated_utc_ms == made.updated_utc_ms + 1000);
  CHECK(store.waiting_submissions().value() == 0);
  CHECK(due().empty());
  CHECK(store.submissions_without_verdict().value().size() == 1);

  REQUIRE(store.set_verdict(made.id, R"({"payload":"v"})"));
  CHECK(now(made).verdict == R"({"payload":"v"})");
  CHECK(store.submissions_without_verdict().value().empty());
}

TEST_CASE_METHOD(Outbox, "a failed attempt is due again after its delay and not before") {
  const auto submission = add_queued();
  REQUIRE(store.begin_attempt(submission.id));
  REQUIRE(store.retry_later(submission.id, {"silent", "no answer"}, 30s));
  CHECK(now(submission).state == SubmissionState::kSending);
  CHECK(now(submission).last_error == "no answer");
  CHECK(now(submission).error_code == "silent");
  CHECK(store.next_attempt_utc_ms().value() == clock.wall().ns / 1'000'000 + 30'000);
  clock.advance(30s - 1ms);
  CHECK(due().empty());
  clock.advance(1ms);
  CHECK(due() == submission.id);
  REQUIRE(store.begin_attempt(submission.id));
  CHECK(now(submission).attempts == 2);
  REQUIRE(store.set_acked(submission.id, 10));
  CHECK(now(submission).attempts == 0);
  CHECK_FALSE(now(submission).last_error);
}

TEST_CASE_METHOD(Outbox,
                 "a wall clock that was set back holds nothing up for longer than the longest delay") {
  const auto submission = add_queued();
  REQUIRE(store.retry_later(submission.id, {"silent", "no answer"}, 48h));
  CHECK(now(submission).next_attempt_utc_ms == clock.wall().ns / 1'000'000 + 86'400'000);
  clock.set_wall(WallTime{0});
  CHECK(due() == submission.id);
}

TEST_CASE_METHOD(Outbox, "the oldest goes first, unless one is to be sent now or is paused") {
  CHECK_FALSE(store.next_attempt_utc_ms().value());
  const auto first = add_queued();
  const auto second = add_queued();
  const auto third = add_queued();
  CHECK(due() == first.id);
  REQUIRE(store.send_now(third.id));
  CHECK(due() == third.id);
  REQUIRE(store.pause_submission(second.id));
  REQUIRE(store.send_now(second.id));  // later asked, earlier sent; and no longer paused
  CHECK(due() == second.id);
  CHECK_FALSE(now(second).paused);
  REQUIRE(store.pause_submission(second.id));
  REQUIRE(store.pause_submission(third.id));
  CHECK(due() == first.id);
  REQUIRE(store.retry_later(first.id, {"busy", "x"}, 60s));
  CHECK(due().empty());
  REQUIRE(store.resume_submission(third.id));
  CHECK(due() == third.id);
}

TEST_CASE_METHOD(Outbox,
                 "questions about a verification go first, and a least priority holds the rest back") {
  const auto first = add_queued();
  const auto second = add_queued();
  REQUIRE(store.set_verifying(second.id));
  CHECK(due() == second.id);
  REQUIRE(store.ask_again_later(second.id, 10s));
  CHECK(due() == first.id);
  CHECK_FALSE(store.due_submission(1).value());
  REQUIRE(store.send_now(first.id));
  CHECK(store.due_submission(1).value()->id == first.id);
}

TEST_CASE_METHOD(Outbox, "what is to be sent now goes before evidence even if only whole lessons wait") {
  const auto lesson = add_queued();
  auto database = Database::open(file(), device_schema()).value();
  REQUIRE(database.run("update submissions set priority = ?1", kWholeLessonPriority));
  REQUIRE(store.send_now(lesson.id));
  CHECK(now(lesson).priority > kEvidencePriority);
}

TEST_CASE_METHOD(Outbox, "attempts to come move with the clock, and come sooner when there is a reason") {
  const auto submission = add_queued();
  REQUIRE(store.retry_later(submission.id, {"busy", "x"}, 1h));
  const auto at = now(submission).next_attempt_utc_ms;
  REQUIRE(store.shift_attempts(-5min));
  CHECK(now(submission).next_attempt_utc_ms == at - 300'000);
  REQUIRE(store.hasten_attempts(10min));
  CHECK(now(submission).next_attempt_utc_ms == clock.wall().ns / 1'000'000 + 600'000);
  REQUIRE(store.hasten_attempts(20min));
  CHECK(now(submission).next_attempt_utc_ms == clock.wall().ns / 1'000'000 + 600'000);
}

TEST_CASE_METHOD(Outbox, "a platform that loses packages is counted") {
  const auto submission = add_queued();
  REQUIRE(store.set_upload(submission.id, "http://p/files/1", 500));
  REQUIRE(store.set_verifying(submission.id));
  REQUIRE(store.send_lost_again(submission.id, {"lost", "it is gone"}, 60s));
  CHECK(now(submission).state == SubmissionState::kQueued);
  CHECK(now(submission).losses == 1);
  CHECK(now(submission).error_code == "lost");
  CHECK_FALSE(now(submission).upload_url);
  CHECK(due().empty());
  clock.advance(60s);
  CHECK(due() == submission.id);
}

TEST_CASE_METHOD(Outbox, "the upload of a withdrawn submission is remembered until the platform was told") {
  const auto submission = add_queued();
  REQUIRE(store.set_upload(submission.id, "http://p/files/1", 500));
  CHECK(store.submissions_to_abandon().value().empty());
  REQUIRE(store.withdraw_submission(submission.id));
  REQUIRE(store.submissions_to_abandon().value().size() == 1);
  REQUIRE(store.forget_upload(submission.id));
  CHECK(store.submissions_to_abandon().value().empty());
}

TEST_CASE_METHOD(Outbox, "an upload that is lost is begun anew") {
  const auto submission = add_queued();
  REQUIRE(store.begin_attempt(submission.id));
  REQUIRE(store.set_upload(submission.id, "http://p/files/1", 500));
  REQUIRE(store.send_again(submission.id));
  CHECK(now(submission).state == SubmissionState::kQueued);
  CHECK(now(submission).acked_offset == 0);
  CHECK_FALSE(now(submission).upload_url);
}

TEST_CASE_METHOD(Outbox, "a rejection keeps its reasons and is the end") {
  const auto submission = add_queued();
  REQUIRE(store.reject(submission.id, R"([{"code":"seal-invalid","text":"x"}])"));
  CHECK(now(submission).state == SubmissionState::kRejected);
  CHECK(now(submission).reasons == R"([{"code":"seal-invalid","text":"x"}])");
  CHECK(due().empty());
  CHECK(store.withdraw_submission(submission.id).error().kind == ErrorKind::kFailedPrecondition);
}

TEST_CASE_METHOD(Outbox, "packing that failed waits for a person") {
  const auto submission = add_submission();
  REQUIRE(store.packing_failed(submission.id, "the disk is full"));
  CHECK(store.submissions_to_pack().value().empty());
  CHECK(now(submission).last_error == "the disk is full");
  REQUIRE(store.resume_submission(submission.id));
  CHECK(store.submissions_to_pack().value().size() == 1);
}

TEST_CASE_METHOD(Outbox, "a withdrawn submission is not sent any more, a delivered one cannot be withdrawn") {
  const auto withdrawn = add_queued();
  REQUIRE(store.withdraw_submission(withdrawn.id));
  CHECK(due().empty());
  const auto delivered = add_queued();
  REQUIRE(store.acknowledge(delivered.id, "{}"));
  CHECK(store.withdraw_submission(delivered.id).error().kind == ErrorKind::kFailedPrecondition);
  CHECK(now(delivered).state == SubmissionState::kAcknowledged);
}

TEST_CASE_METHOD(Outbox, "a step that the state does not allow changes nothing") {
  const auto packing = add_submission();
  CHECK(store.begin_attempt(packing.id).error().kind == ErrorKind::kFailedPrecondition);
  CHECK(store.acknowledge(packing.id, "{}").error().kind == ErrorKind::kFailedPrecondition);
  CHECK(now(packing).state == SubmissionState::kPacking);
  const auto queued = add_queued();
  CHECK(store.package_built(queued.id, "p", fake_sha256(), 1).error().kind == ErrorKind::kFailedPrecondition);
  CHECK(store.set_verdict(queued.id, "{}").error().kind == ErrorKind::kFailedPrecondition);
  REQUIRE(store.withdraw_submission(queued.id));
  CHECK(store.set_acked(queued.id, 1).error().kind == ErrorKind::kFailedPrecondition);
  CHECK(store.send_now(queued.id).error().kind == ErrorKind::kFailedPrecondition);
  CHECK(now(queued).acked_offset == 0);
  CHECK(store.begin_attempt(new_uuid()).error().kind == ErrorKind::kNotFound);
  CHECK(store.submission(new_uuid()).error().kind == ErrorKind::kNotFound);
}

TEST_CASE_METHOD(Outbox, "nonsense is not stored") {
  const auto queued = add_queued();
  CHECK(store.set_acked(queued.id, 1'000'001).error().kind == ErrorKind::kInvalidArgument);
  CHECK(store.set_acked(queued.id, -1).error().kind == ErrorKind::kInvalidArgument);
  CHECK(store.acknowledge(queued.id, "no json").error().kind == ErrorKind::kInvalidArgument);
  CHECK(store.reject(queued.id, "{}").error().kind == ErrorKind::kInvalidArgument);
  const auto packing = add_submission();
  CHECK(store.package_built(packing.id, "p", *queued.package_sha256, 1).error().kind ==
        ErrorKind::kAlreadyExists);
  CHECK(store.package_built(packing.id, "p", "abc", 1).error().kind == ErrorKind::kInvalidArgument);
  CHECK(store.package_built(packing.id, "p", fake_sha256(), 0).error().kind == ErrorKind::kInvalidArgument);
  const auto refused = [&](NewSubmission wanted) { return store.create_submission(wanted).error().kind; };
  const NewSubmission good{packing.lesson_id, packing.clip_id, "T001", "A6", "moe-2.0", "{}"};
  auto bad = good;
  bad.fields = "[]";
  CHECK(refused(bad) == ErrorKind::kInvalidArgument);
  bad = good;
  bad.clip_id = new_uuid();
  CHECK(refused(bad) == ErrorKind::kFailedPrecondition);
  bad = good;
  bad.teacher_id = "T009";
  CHECK(refused(bad) == ErrorKind::kFailedPrecondition);
  CHECK(store.submissions().value().size() == 2);
}

TEST_CASE_METHOD(Outbox, "a clip that was submitted stays") {
  const auto submission = add_submission();
  CHECK(store.delete_clip(submission.clip_id).error().kind == ErrorKind::kFailedPrecondition);
}

TEST_CASE_METHOD(Outbox,
                 "not even SQL takes back a receipt, changes a package or deletes what is under way") {
  const auto delivered = add_queued();
  REQUIRE(store.acknowledge(delivered.id, R"({"n":1})"));
  const auto queued = add_queued();
  auto database = Database::open(file(), device_schema()).value();
  const auto refused = [&](std::string_view sql, const std::string& id) {
    const auto result = database.run(sql, id);
    return !result && result.error().kind == ErrorKind::kFailedPrecondition;
  };
  CHECK(refused("update submissions set receipt = '{}' where id = ?1", delivered.id));
  CHECK(refused("update submissions set receipt = null, state = 'queued' where id = ?1", delivered.id));
  CHECK(refused("update submissions set package_sha256 = '" + fake_sha256() + "' where id = ?1", queued.id));
  CHECK(refused("update submissions set size_bytes = 7 where id = ?1", queued.id));
  CHECK(refused("delete from submissions where id = ?1", queued.id));
  CHECK(database.run("delete from submissions where id = ?1", delivered.id).value() == 1);
}

TEST_CASE_METHOD(Outbox, "submissions are listed with the newest first, and a teacher's without others") {
  REQUIRE(store.create_teacher({"T002", "李老师"}, test::kPin));
  const auto first = add_submission();
  const auto second = add_queued();
  const auto ids = [](const Result<std::vector<Submission>>& list) {
    std::vector<std::string> result;
    for (const auto& submission : list.value()) result.push_back(submission.id);
    return result;
  };
  CHECK(ids(store.submissions()) == std::vector<std::string>{second.id, first.id});
  CHECK(ids(store.submissions_of("T001")) == std::vector<std::string>{second.id, first.id});
  CHECK(ids(store.submissions_of("T002")).empty());
}
