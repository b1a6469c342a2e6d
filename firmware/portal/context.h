#pragma once
// What every part of the portal may use. Borrowed for the portal's life; each member says its own thread
// rules (DeviceStore, ControlClient, Outbox and EventHub are thread-safe: handlers run on several threads).

#include "capture/recorder/control_client.h"
#include "config/appliance.h"
#include "config/catalogue.h"
#include "firmware/base/clock.h"
#include "firmware/portal/event_hub.h"
#include "firmware/portal/lesson_library.h"
#include "firmware/store/device_store.h"
#include "upload/sender/outbox.h"

namespace shilu::portal {

struct Context {
  const config::ApplianceSettings& settings;
  const config::Catalogue& catalogue;
  const Clock& clock;
  const std::string& device_id;
  store::DeviceStore& store;
  recorder::ControlClient& recorder;
  LessonLibrary& lessons;
  EventHub& events;
  sender::Outbox* outbox;  // nullptr: no platform is set
  const Bytes& subject_salt;
};

}  // namespace shilu::portal
