#include "capture/recorder/mark_book.h"

namespace shilu::recorder {

using journal::EventRecord;

MarkBook::MarkBook(LessonJournal& journal, std::vector<Mark> stored) : journal_(journal) {
  for (auto& mark : stored) {
    const auto id = mark.id;
    const bool undone = mark.undone;
    standing_ += !undone;
    entries_.emplace(id, Entry{std::move(mark), true, undone});
  }
}

Result<MarkAnswer> MarkBook::add(const Mark& mark) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(mark.id);
  if (found != entries_.end()) {
    auto& entry = found->second;
    if (!entry.stored) SHILU_CHECK(journal_.commit({}));
    entry.stored = true;
    return MarkAnswer{entry.mark, false};
  }
  if (closed_) return fail(ErrorKind::kFailedPrecondition, "the lesson has ended");
  auto& entry = entries_[mark.id];
  entry.mark = mark;
  ++standing_;
  SHILU_CHECK(journal_.commit({EventRecord{mark.at, journal::MarkEvent{mark}}}));
  entry.stored = true;
  return MarkAnswer{mark, true};
}

Status MarkBook::undo(const std::string& id, LessonTime at) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) return fail(ErrorKind::kNotFound, "there is no mark with this id");
  auto& entry = found->second;
  if (entry.undo_stored) return {};
  if (entry.mark.undone) {  // given to the journal before, which could not store it
    SHILU_CHECK(journal_.commit({}));
  } else {
    if (closed_) return fail(ErrorKind::kFailedPrecondition, "the lesson has ended");
    entry.mark.undone = true;
    --standing_;
    SHILU_CHECK(journal_.commit({EventRecord{at, journal::MarkUndoneEvent{id}}}));
  }
  entry.stored = true;
  entry.undo_stored = true;
  return {};
}

void MarkBook::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
}

}  // namespace shilu::recorder
