// What may go from a device's disk: real lesson folders, a real store, receipts by a real key.

#include "upload/sender/retention.h"

#include <catch2/catch.hpp>

#include "firmware/base/file_system.h"
#include "tests/journal/lesson_fixture.h"
#include "tests/store/device_store_fixture.h"
#include "upload/evidence/receipt.h"

using namespace shilu;
using namespace std::chrono_literals;
using sender::Judgement;
using sender::Retention;

namespace {

constexpr auto kDay = 24h;

class Disk : public test::DeviceStoreFixture {
 public:
  Disk() {
    REQUIRE(store.create_teacher({"T001", "王老师"}, test::kPin));
    REQUIRE(posix_file_system().create_directories(lessons));
  }

  // A lesson that ended just now, in a folder and in the store.
  store::Lesson lesson(std::vector<Mark> marks = {}, bool stop = true) {
    test::LessonRecipe recipe;
    recipe.duration_ms = 4'000;
    recipe.marks = std::move(marks);
    recipe.stop = stop;
    const auto written = test::write_lesson(folder / "new", recipe);
    store::Lesson row = add_lesson();
    REQUIRE(store.forget_lesson(row.id));
    row.id = written.info.lesson_id;
    row.state = store::LessonState::kFinished;
    row.duration_ms = 4'000;
    row.directory = lessons / row.id;
    std::filesystem::rename(written.directory, row.directory);
    REQUIRE(store.put_lesson(row));
    first_seen[row.id] = clock.wall().ns / 1'000'000;
    return row;
  }

  // A clip of it that is packed; `signer` acknowledges it now, if there is one.
  store::Submission submit(const store::Lesson& lesson, const SigningKey* signer,
                           const Mark* mark = nullptr) {
    store::Clip clip{"", lesson.id, "A6", 1'000, 3'000, {"room"}, std::nullopt, 0};
    if (mark != nullptr) clip.mark_id = mark->id;
    clip = store.create_clip(clip).value();
    const auto made = store.create_submission({lesson.id, clip.id, "T001", "A6", "moe-2.0"}).value();
    const auto file = folder / (made.id + ".zip");
    REQUIRE(write_file_atomic(file, as_bytes(made.id)));
    REQUIRE(store.package_built(made.id, file.string(), to_hex(sha256(made.id)),
                                static_cast<std::int64_t>(made.id.size())));
    if (signer != nullptr) REQUIRE(store.acknowledge(made.id, receipt(sha256(made.id), *signer)));
    return store.submission(made.id).value();
  }

  std::string receipt(const Digest& package, const SigningKey& signer) const {
    evidence::Receipt receipt;
    receipt.number = "R-2026-000001";
    receipt.package_sha256 = package;
    receipt.size_bytes = 36;
    receipt.received_utc = to_rfc3339(clock.wall());
    receipt.platform = "test";
    return evidence::sign_receipt(receipt, signer).value().to_json();
  }

  Retention retention(config::RetentionSettings rules = {}) {
    return {store, {rules, lessons, folder / "receipts", first_seen, platform.public_key()}};
  }
  Judgement judge(const store::Lesson& lesson, config::RetentionSettings rules = {}) {
    return retention(rules).judge(lesson, clock.wall());
  }
  void days_pass(int days) { clock.advance(days * kDay); }

  test::TemporaryDirectory folder;
  const std::filesystem::path lessons = folder / "lessons";
  const SigningKey platform = SigningKey::generate();
  sender::FirstSeen first_seen;
};

Mark mark_at(std::int64_t at_ms) {
  Mark mark;
  mark.id = "0190a000-0000-7000-8000-000000000001";
  mark.point = "A6";
  mark.at = LessonTime{at_ms * 1'000'000};
  return mark;
}

}  // namespace

TEST_CASE_METHOD(Disk,
                 "by default nothing goes for thirty days, and then what was acknowledged two weeks ago") {
  const auto one = lesson();
  submit(one, &platform);
  CHECK(judge(one).code == "young");
  days_pass(29);
  CHECK(judge(one).code == "young");
  days_pass(2);
  const auto late = judge(one);
  CHECK(late.code == "receipted");
  CHECK(late.may_go);
}

TEST_CASE_METHOD(Disk, "a receipt that came late has its own time of grace") {
  const auto one = lesson();
  days_pass(40);
  submit(one, &platform);
  CHECK(judge(one).code == "grace");
  days_pass(13);
  CHECK(judge(one).code == "grace");
  days_pass(1);
  CHECK(judge(one).may_go);
}

TEST_CASE_METHOD(Disk, "what has no receipt stays, however old it is") {
  const auto queued = lesson();
  submit(queued, nullptr);
  const auto rejected = lesson();
  REQUIRE(store.reject(submit(rejected, nullptr).id, "[]"));
  const auto one_of_two = lesson();
  submit(one_of_two, &platform);
  submit(one_of_two, nullptr);
  days_pass(3000);
  const config::RetentionSettings eager{0, 0, 1};
  CHECK(judge(queued, eager).code == "not-acknowledged");
  CHECK(judge(rejected, eager).code == "not-acknowledged");
  CHECK(judge(one_of_two, eager).code == "not-acknowledged");
}

TEST_CASE_METHOD(Disk, "only the pinned key's receipt for just this package counts") {
  const auto forged = lesson();
  const SigningKey stranger = SigningKey::generate();
  submit(forged, &stranger);
  const auto swapped = lesson();
  const auto other = submit(swapped, nullptr);
  REQUIRE(store.acknowledge(other.id, receipt(sha256(std::string("another package")), platform)));
  days_pass(3000);
  const config::RetentionSettings eager{0, 0, 1};
  CHECK(judge(forged, eager).code == "receipt");
  CHECK(judge(swapped, eager).code == "receipt");
  const auto good = lesson();
  submit(good, &platform);
  days_pass(3000);
  Retention without_key(store, {eager, lessons, folder / "receipts", first_seen, std::nullopt});
  CHECK(without_key.judge(good, clock.wall()).code == "receipt");
}

TEST_CASE_METHOD(Disk, "a mark or a clip that was not submitted holds its lesson back") {
  const Mark inside = mark_at(2'000), outside = mark_at(3'500);
  const auto covered = lesson({inside});
  submit(covered, &platform);
  const auto uncovered = lesson({outside});
  submit(uncovered, &platform);
  const auto named = lesson({outside});
  submit(named, &platform, &outside);
  const auto marked_only = lesson({inside});
  const auto draft = lesson();
  submit(draft, &platform);
  REQUIRE(store.create_clip({"", draft.id, "A7", 0, 500, {"room"}, std::nullopt, 0}));
  const auto withdrawn = lesson();
  REQUIRE(store.withdraw_submission(submit(withdrawn, nullptr).id));
  days_pass(3000);
  const config::RetentionSettings eager{0, 0, 1};
  CHECK(judge(covered, eager).may_go);
  CHECK(judge(uncovered, eager).code == "marked");
  CHECK(judge(named, eager).may_go);
  CHECK(judge(marked_only, eager).code == "marked");
  CHECK(judge(draft, eager).code == "not-submitted");
  CHECK(judge(withdrawn, eager).code == "not-submitted");
}

TEST_CASE_METHOD(Disk, "a lesson of which nothing was marked goes only if the settings say so") {
  const auto one = lesson();
  days_pass(3000);
  CHECK(judge(one).code == "unmarked-kept");
  CHECK(judge(one, {0, 0, 3650}).code == "unmarked-kept");
  CHECK(judge(one, {0, 0, 100}).code == "unmarked");
  const auto running = lesson({}, false);
  days_pass(3000);
  CHECK(judge(running, {0, 0, 1}).code == "recording");
}

TEST_CASE_METHOD(Disk,
                 "a lesson of a recorder whose clock was wrong is as old as this appliance has had it") {
  const config::RetentionSettings eager{30, 0, 10};
  auto behind = lesson();  // began two months ago, as the recorder's clock had it
  behind.started_utc_ms -= 60 * 86'400'000LL;
  REQUIRE(store.put_lesson(behind));
  auto no_battery = lesson();
  no_battery.started_utc_ms = 946'684'800'000;  // 2000
  REQUIRE(store.put_lesson(no_battery));
  CHECK(judge(behind, eager).code == "young");
  CHECK(judge(no_battery, eager).code == "young");
  days_pass(31);
  CHECK(judge(behind, eager).code == "unmarked");
  CHECK(judge(no_battery, eager).code == "unmarked-kept");  // for ever: somebody must look at it
  first_seen.erase(behind.id);
  CHECK(judge(behind, eager).code == "young");
}

TEST_CASE_METHOD(Disk, "when a lesson was first seen is noted once, and anew after a clock that ran ahead") {
  const auto file = folder / "first-seen.json";
  const auto one = lesson();
  const auto note = [&] { REQUIRE(sender::note_first_seen(file, store.lessons().value(), clock.wall())); };
  note();
  const auto noted = sender::load_first_seen(file);
  CHECK(noted == sender::FirstSeen{{one.id, clock.wall().ns / 1'000'000}});
  days_pass(3);
  note();
  CHECK(sender::load_first_seen(file) == noted);
  days_pass(-5);
  note();
  CHECK(sender::load_first_seen(file).at(one.id) == clock.wall().ns / 1'000'000);
  REQUIRE(write_file_atomic(file, as_bytes(std::string_view("{\"torn"))));
  CHECK(sender::load_first_seen(file).empty());
  REQUIRE(store.forget_lesson(one.id));
  note();
  CHECK(sender::load_first_seen(file).empty());
}

TEST_CASE_METHOD(Disk, "what cannot be read, or lies elsewhere, stays") {
  auto one = lesson();
  submit(one, &platform);
  days_pass(3000);
  const auto journal = std::filesystem::path(one.directory) / "journal";
  const std::string text = read_text_file(journal).value();
  std::string altered = text;
  altered[altered.size() / 2] ^= 1;
  REQUIRE(write_file_atomic(journal, as_bytes(altered)));
  CHECK_FALSE(judge(one).may_go);
  REQUIRE(write_file_atomic(journal, as_bytes(text)));
  CHECK(judge(one).may_go);
  REQUIRE(std::filesystem::remove(std::filesystem::path(one.directory) / "lesson.json"));
  CHECK(judge(one).code == "unreadable");
  one.directory = "/";
  CHECK(judge(one).code == "elsewhere");
}

TEST_CASE_METHOD(Disk, "what goes leaves its receipts and the rows that speak of it") {
  const auto one = lesson();
  const auto submission = submit(one, &platform);
  const auto folder_of_it = std::filesystem::path(one.directory);
  REQUIRE(posix_file_system().create_directories(folder_of_it / "receipts"));
  REQUIRE(write_file_atomic(folder_of_it / "receipts/x.receipt.json", as_bytes(*submission.receipt)));
  const auto unmarked = lesson();
  Retention here = retention();
  REQUIRE(here.remove(one));
  REQUIRE(here.remove(unmarked));
  CHECK_FALSE(std::filesystem::exists(folder_of_it));
  CHECK_FALSE(std::filesystem::exists(*submission.package_path));
  CHECK(read_text_file(folder / "receipts" / one.id / "x.receipt.json").value() == *submission.receipt);
  CHECK(store.submission(submission.id)->receipt == submission.receipt);
  CHECK(store.lesson(one.id));
  CHECK(store.lesson(unmarked.id).error().kind == ErrorKind::kNotFound);
  CHECK(here.judge(clock.wall())->empty());
}

TEST_CASE_METHOD(Disk, "a removal that a power cut interrupted is finished") {
  const auto one = lesson();
  const auto package = *submit(one, &platform).package_path;
  const auto other = *submit(lesson(), &platform).package_path;
  const auto going = lessons / (".going-" + one.id);
  std::filesystem::rename(one.directory, going);
  for (const char* ending : {".blocks", ".tsr"})
    REQUIRE(write_file_atomic(package + ending, as_bytes(std::string_view("x"))));
  REQUIRE(retention().finish_removals());
  CHECK_FALSE(std::filesystem::exists(going));
  for (const char* ending : {"", ".blocks", ".tsr"}) CHECK_FALSE(std::filesystem::exists(package + ending));
  CHECK(std::filesystem::exists(other));
}

TEST_CASE_METHOD(Disk, "with a lesson go all of its packages and what lies beside them") {
  const auto lesson_row = lesson();
  const auto withdrawn = submit(lesson_row, nullptr);
  REQUIRE(store.withdraw_submission(withdrawn.id));
  const auto delivered = submit(lesson_row, &platform);
  const auto other = submit(lesson(), &platform);
  for (const auto& one : {withdrawn, delivered, other}) {
    for (const char* ending : {".blocks", ".tsr"})
      REQUIRE(write_file_atomic(*one.package_path + ending, as_bytes(one.id)));
  }
  REQUIRE(retention().remove(lesson_row));
  for (const char* ending : {"", ".blocks", ".tsr"}) {
    CHECK_FALSE(posix_file_system().exists(*withdrawn.package_path + ending));
    CHECK_FALSE(posix_file_system().exists(*delivered.package_path + ending));
    CHECK(posix_file_system().exists(*other.package_path + ending));
  }
}
