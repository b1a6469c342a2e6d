#include "capture/recorder/lesson_writer.h"

#include <algorithm>
#include <utility>

#include "firmware/base/log.h"

namespace shilu::recorder {

using journal::EventRecord;
using journal::GapEvent;

namespace {

constexpr Nanoseconds kFailedWaits = std::chrono::seconds(5);
constexpr Nanoseconds kNothingCame = std::chrono::seconds(10);
constexpr Nanoseconds kOnItsWay = std::chrono::seconds(5);  // what comes now is not older

}  // namespace

LessonWriter::LessonWriter(FileSystem& files, std::filesystem::path directory, LessonJournal& journal,
                           WriterLimits limits, DurableListener& listener)
    : files_(files),
      directory_(std::move(directory)),
      journal_(journal),
      limits_(limits),
      listener_(listener) {}

std::size_t LessonWriter::add_track(TrackState state) {
  const std::lock_guard lock(mutex_);
  auto store = std::make_unique<TrackStore>();
  store->write_sequence = state.next_sequence;
  store->write_epoch = state.next_epoch;
  next_number_ = std::max(next_number_, state.number + 1);
  store->proven_until = state.durable_until;
  store->state = std::move(state);
  stores_.push_back(std::move(store));
  return stores_.size() - 1;
}

// --- the writer's thread

// One fragment a turn, and each turn asks anew whose it is: a track that comes faster than the disk takes it
// keeps none waiting that is more valuable.
Status LessonWriter::write_waiting(const std::function<bool()>& go_on) {
  Status result;
  Failed failed;
  give_back_room();
  while (go_on()) {
    auto* store = next_to_write(failed);
    if (store == nullptr) break;
    if (auto written = write_next(*store); !written) {
      if (written.error().kind == ErrorKind::kStorageFull) meet_full_disk();
      note_failed(failed, store);
      result = std::move(written);
    }
    if (failed.stores.empty()) give_back_room();
  }
  return result;
}

void LessonWriter::note_failed(Failed& failed, const TrackStore* store) const {
  const std::lock_guard lock(mutex_);
  if (failed.stores.empty()) failed.since = last_offer_;
  failed.stores.insert(store);
}

// The most valuable that waits, among equals the one that has waited longest. Null: enough for this time.
TrackStore* LessonWriter::next_to_write(const Failed& failed) {
  const std::lock_guard lock(mutex_);
  if (storage_full_) return nullptr;
  if (!failed.stores.empty() && last_offer_ - failed.since > kFailedWaits) return nullptr;
  TrackStore* next = nullptr;
  for (const auto& store : stores_) {
    if (failed.stores.contains(store.get()) || !can_write(*store)) continue;
    if (next == nullptr || goes_before(*store, *next)) next = store.get();
  }
  return next;
}

// Under mutex_.
bool LessonWriter::can_write(TrackStore& store) const {
  if (store.rewrite && store.syncing > 0) return false;  // its outcome decides what must be written again
  if (store.rewrite) store.take_back();
  while (store.no_room && !store.waiting.empty()) store.drop_front_group(GapReason::kDiskFull, last_offer_);
  return !store.waiting.empty();
}

bool LessonWriter::goes_before(const TrackStore& one, const TrackStore& other) {
  if (one.state.value != other.state.value) return one.state.value > other.state.value;
  return one.waiting.front().offered_at < other.waiting.front().offered_at;
}

Status LessonWriter::write_next(TrackStore& store) {
  Fragment fragment;
  bool ahead = true;
  {
    const std::lock_guard lock(mutex_);
    if (store.waiting.empty()) return {};  // given up meanwhile
    fragment = std::move(store.waiting.front());
    store.waiting.pop_front();
    if (give_up(store, fragment)) {
      store.note_held();
      return {};
    }
    store.writing_since = fragment.offered_at;
    ahead = reserves_;
  }
  auto written = write_one(store, fragment, ahead);
  const std::lock_guard lock(mutex_);
  store.writing_since = {};
  if (!written) {
    // Where there was no room the file is as good as before: the next fragment goes to the same place.
    store.rewrite = written.error().kind != ErrorKind::kStorageFull;
    store.waiting.push_front(std::move(fragment));
    return fail(written.error());
  }
  store.written.push_back(std::move(*written));
  return {};
}

// A file begins with a picture that needs no other. Where one failed in the middle of a long GOP, its rest is
// lost.
bool LessonWriter::give_up(TrackStore& store, Fragment& fragment) {
  if (store.needs_file(fragment) && !fragment.key()) {
    store.held_bytes -= std::min(store.held_bytes, fragment.size_bytes());
    ++store.state.counters.dropped;
    if (!store.lost) store.lost = GapReason::kQueueOverflow;
    return true;
  }
  if (store.lost) fragment.reason_of_gap = *store.lost;
  store.lost.reset();
  store.left_behind = false;
  return false;
}

Result<WrittenFragment> LessonWriter::write_one(TrackStore& store, Fragment& fragment, bool ahead) {
  if (store.needs_file(fragment)) {
    SHILU_TRY(store.file,
              EpochFile::create(files_, directory_, store.state.name, store.write_epoch, fragment.format));
    ++store.write_epoch;
  }
  SHILU_TRY(auto record, store.file->append(fragment, store.write_sequence, ahead));
  ++store.write_sequence;
  return WrittenFragment{std::move(fragment), record, store.file};
}

// --- the sync thread

std::vector<LessonWriter::Batch> LessonWriter::take_written() {
  const std::lock_guard lock(mutex_);
  std::vector<Batch> batches;
  for (std::size_t track = 0; track < stores_.size(); ++track) {
    auto& store = *stores_[track];
    if (store.rewrite || store.written.empty()) continue;
    Batch batch{track, {}};
    std::move(store.written.begin(), store.written.end(), std::back_inserter(batch.fragments));
    store.written.clear();
    store.syncing = batch.fragments.size();
    batches.push_back(std::move(batch));
  }
  return batches;
}

// Syncs each file once. Fragments from the first file that fails go back to the queue.
Status LessonWriter::sync_files(Batch& batch) {
  const EpochFile* synced = nullptr;
  for (std::size_t i = 0; i < batch.fragments.size(); ++i) {
    auto* file = batch.fragments[i].file.get();
    if (file == synced) continue;
    if (auto status = file->sync(); !status) {
      give_back(batch, i);
      return status;
    }
    synced = file;
  }
  return {};
}

void LessonWriter::give_back(Batch& batch, std::size_t from) {
  const std::lock_guard lock(mutex_);
  auto& store = *stores_[batch.track];
  while (batch.fragments.size() > from) {
    store.written.push_front(std::move(batch.fragments.back()));
    batch.fragments.pop_back();
  }
  store.rewrite = true;
}

void LessonWriter::journal_gap(TrackStore& store, LessonTime to, GapReason reason, LessonTime at) {
  auto& state = store.state;
  records_.push_back(
      EventRecord{at, GapEvent{state.name, state.durable_until, to, std::string(to_string(reason))}});
  state.anything = true;
  ++state.counters.gaps;
  store.missing_unrated += to - state.durable_until;
  count_missing(store);
  state.durable_until = to;
  gap_among_records_ = true;
}

// What should have come in the gaps, once it is known how much comes in a second.
void LessonWriter::count_missing(TrackStore& store) {
  auto& state = store.state;
  if (state.rate <= 0) return;
  const auto missing = LessonTime{std::exchange(store.missing_unrated, Nanoseconds(0)).count()}.seconds();
  state.counters.expected += static_cast<std::uint64_t>(missing * state.rate + 0.5);
}

void LessonWriter::declare_absent(LessonTime at, MonotonicTime now) {
  const std::lock_guard lock(mutex_);
  for (const auto& store : stores_) {
    if (store->state.anything || store->held_since.ns > 0 || store->state.counters.dropped > 0) continue;
    if (store->absent_since.ns == 0) store->absent_since = now;
    const auto until = at - kOnItsWay;
    if (now - store->absent_since < kNothingCame || until <= store->state.durable_until) continue;
    journal_gap(*store, until, GapReason::kSourceLost, at);
  }
}

void LessonWriter::expect_nothing() {
  const std::lock_guard lock(mutex_);
  for (const auto& store : stores_) store->absent_since = {};
}

void LessonWriter::journal_fragment(TrackStore& store, const WrittenFragment& written, LessonTime at) {
  auto& state = store.state;
  const auto& format = written.file->format();
  News news{0, std::nullopt, written.record, written.fragment.last_unit};
  const bool new_file = store.durable_file != written.file;
  const auto scale = format.parameters.timescale;
  if (format.nominal_ticks > 0) state.rate = static_cast<double>(scale) / format.nominal_ticks;
  count_missing(store);
  // Inside a file every tick counts; between two, another process may have looked at the clock.
  const auto slack = new_file ? ns_from_ticks(format.tolerance_ticks(), scale) : 0;
  if ((written.fragment.start() - state.durable_until).count() > slack) {
    journal_gap(store, written.fragment.start(), written.fragment.reason_of_gap, at);
    news.record.flags |= journal::kGapBefore;
  }
  if (new_file) {
    if (state.number < 0) state.number = next_number_++;
    news.epoch = written.file->event(static_cast<std::uint16_t>(state.number));
    records_.push_back(EventRecord{at, *news.epoch});
    state.next_epoch = static_cast<std::uint16_t>(news.epoch->epoch + 1);
    state.codec = news.epoch->codec;
    state.width = news.epoch->width;
    state.height = news.epoch->height;
    state.counters.bytes += written.file->header_size();
    if (store.durable_file) retired_.push_back({std::move(store.durable_file), store.durable_size});
    store.durable_file = written.file;
  }
  news.record.track = static_cast<std::uint16_t>(state.number);
  records_.push_back(news.record);
  store.durable_size = news.record.offset + news.record.size;
  state.next_sequence = news.record.sequence + 1;
  state.anything = true;
  state.durable_until = written.fragment.end();
  state.counters.bytes += news.record.size;
  state.counters.fragments += 1;
  state.counters.received += news.record.samples;
  state.counters.expected += news.record.samples_expected;
  news_.push_back(std::move(news));
}

void LessonWriter::journal_batch(const Batch& batch, LessonTime at) {
  const std::lock_guard lock(mutex_);
  auto& store = *stores_[batch.track];
  for (const auto& written : batch.fragments) {
    journal_fragment(store, written, at);
    news_.back().track = batch.track;
    store.held_bytes -= std::min(store.held_bytes, written.fragment.size_bytes());
  }
}

Result<bool> LessonWriter::sync(LessonTime at, MonotonicTime now, std::vector<journal::Record> events) {
  Status synced;
  for (auto& batch : take_written()) {
    if (auto status = sync_files(batch); !status) synced = std::move(status);
    journal_batch(batch, at);
  }
  std::move(events.begin(), events.end(), std::back_inserter(records_));
  if (!records_.empty() || !news_.empty()) {
    SHILU_CHECK(journal_.commit(std::exchange(records_, {})));
    tell(now);
  }
  end_syncing();
  for (const auto& [file, size] : std::exchange(retired_, {})) cut(*file, size);
  if (!synced) return fail(synced.error());
  return std::exchange(gap_among_records_, false);
}

// Only now: whoever waits until nothing is held may write records that must stand behind these.
void LessonWriter::end_syncing() {
  const std::lock_guard lock(mutex_);
  for (const auto& store : stores_) {
    store->syncing = 0;
    store->note_held();
  }
}

void LessonWriter::tell(MonotonicTime now) {
  for (const auto& news : std::exchange(news_, {})) {
    std::string name;
    {
      const std::lock_guard lock(mutex_);
      auto& store = *stores_[news.track];
      name = store.state.name;
      store.proven_until = store.state.durable_until;
      store.durable_at = now;
    }
    if (news.epoch) listener_.epoch_durable(*news.epoch);
    listener_.fragment_durable(name, news.record);
    listener_.units_durable(name, news.last_unit);
  }
}

// --- at the end

void LessonWriter::close_files() {
  const std::lock_guard lock(mutex_);  // both threads have stopped: nobody waits for it
  for (const auto& store : stores_) {
    const bool rest = !(store->waiting.empty() && store->written.empty());
    store->left_behind = !storage_full_ && (rest || store->left_behind);
    store->state.counters.dropped += store->waiting.size() + store->written.size();
    store->waiting.clear();
    store->written.clear();
    store->held_bytes = 0;
    store->note_held();
    if (store->file && store->file != store->durable_file) remove_unused(*store->file);
    if (store->durable_file) cut(*store->durable_file, store->durable_size);
    store->file.reset();
    store->durable_file.reset();
  }
}

void LessonWriter::cut(EpochFile& file, std::uint64_t size) {
  if (const auto done = file.cut(size); !done) {
    log_warning("the space reserved ahead could not be given back: {}", done.error().message);
  }
}

// A file that no epoch event names holds nothing of the lesson.
void LessonWriter::remove_unused(const EpochFile& file) {
  if (const auto done = files_.remove(file.path()); !done) log_warning("{}", done.error().message);
}

std::vector<journal::Record> LessonWriter::final_gaps(
    LessonTime end, LessonTime at,
    const std::function<GapReason(const std::string& track)>& reason_of) const {
  std::vector<journal::Record> records;
  for (const auto& report : tracks()) {
    const auto& state = report.state;
    const auto tolerance =
        std::max<std::int64_t>(1'000'000, state.rate > 0 ? std::int64_t(1e9 / state.rate) : 0);
    if ((end - state.durable_until).count() <= tolerance) continue;
    const auto reason = report.left_behind ? GapReason::kQueueOverflow : reason_of(state.name);
    records.push_back(
        EventRecord{at, GapEvent{state.name, state.durable_until, end, std::string(to_string(reason))}});
  }
  return records;
}

}  // namespace shilu::recorder
