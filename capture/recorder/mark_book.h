#pragma once
// The marks of the lesson that is being recorded. A mark is answered for only when the journal has it for
// good; the same id twice is one mark. Thread-safe; its mutex is held while a mark is stored, so that two
// equal taps meet.

#include <atomic>
#include <map>
#include <mutex>
#include <vector>

#include "capture/recorder/lesson_journal.h"
#include "capture/recorder/requests.h"

namespace shilu::recorder {

class MarkBook {
 public:
  MarkBook(LessonJournal& journal, std::vector<Mark> stored);

  Result<MarkAnswer> add(const Mark& mark);
  // kNotFound for an id that was never marked; undoing twice is undoing once.
  Status undo(const std::string& id, LessonTime at);
  // From here on every new mark is kFailedPrecondition: the lesson ends.
  void close();
  std::size_t count() const { return standing_; }  // of those not undone; never waits for the disk

 private:
  struct Entry {
    Mark mark;
    bool stored = false;  // else: given to a journal that could not store it yet
    bool undo_stored = false;
  };

  LessonJournal& journal_;
  mutable std::mutex mutex_;
  std::map<std::string, Entry> entries_;  // guarded by mutex_
  bool closed_ = false;                   // guarded by mutex_
  std::atomic<std::size_t> standing_ = 0;
};

}  // namespace shilu::recorder
