#include "firmware/portal/portal.h"

#include "firmware/base/certificate.h"
#include "firmware/base/file_system.h"
#include "firmware/base/json_io.h"
#include "firmware/base/log.h"
#include "firmware/http/server.h"
#include "firmware/portal/accounts.h"
#include "firmware/portal/catalogue_routes.h"
#include "firmware/portal/clip_routes.h"
#include "firmware/portal/device_link.h"
#include "firmware/portal/document_routes.h"
#include "firmware/portal/health_routes.h"
#include "firmware/portal/lesson_index.h"
#include "firmware/portal/lesson_routes.h"
#include "firmware/portal/log_keeper.h"
#include "firmware/portal/moment_routes.h"
#include "firmware/portal/movie_cache.h"
#include "firmware/portal/package_keeper.h"
#include "firmware/portal/packer.h"
#include "firmware/portal/preview.h"
#include "firmware/portal/queue_socket.h"
#include "firmware/portal/recorder_link.h"
#include "firmware/portal/recording_routes.h"
#include "firmware/portal/session_routes.h"
#include "firmware/portal/session_watch.h"
#include "firmware/portal/sign_in_log.h"
#include "firmware/portal/subject_salt.h"
#include "firmware/portal/submission_json.h"
#include "firmware/portal/submission_routes.h"
#include "firmware/portal/thumbnail_routes.h"
#include "upload/sender/client_options.h"
#include "upload/sender/lesson_sweeper.h"

namespace shilu::portal {
namespace {

// Everything comes from the appliance itself; documents and media are shown inside the page.
constexpr const char* kContentPolicy =
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self' ws: wss:; "
    "style-src 'self' "
    "'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'; form-action 'self'";

http::ServerOptions server_options(const config::ApplianceSettings& settings) {
  http::ServerOptions options;
  options.address = settings.listen_address;
  options.port = settings.port;
  options.handler_threads = 6;
  options.max_connections = 480;  // half of the 1,024 descriptors that a process usually may have
  options.max_connections_of_peer = 240;
  options.common_headers = {{"Content-Security-Policy", kContentPolicy},
                            {"X-Content-Type-Options", "nosniff"},
                            {"Referrer-Policy", "no-referrer"}};
  return options;
}

sender::OutboxOptions outbox_options(const config::ApplianceSettings& settings,
                                     const CertifiedKey& seal_key) {
  sender::OutboxOptions options;
  options.platform_url = settings.platform_url;
  options.claim = settings.platform_claim;
  options.device_name = settings.device_name;
  options.seal_key = &seal_key;
  options.state_file = settings.data_directory / "enrolment.json";
  options.store_file = settings.data_directory / "shilu.db";
  options.upload = settings.upload;
  return options;
}

// The recording key's certificate lies beside ours; a device without a recorder of its own has none.
std::vector<DsseEnvelope> certificates_of(const config::ApplianceSettings& settings,
                                          const CertifiedKey& seal_key) {
  std::vector<DsseEnvelope> certificates{seal_key.certificate.envelope};
  const auto text = read_text_file(settings.keys_directory() / "recording.cert.json", 1u << 20);
  if (auto recording = text.and_then([](const std::string& json) { return DsseEnvelope::from_json(json); }))
    certificates.push_back(std::move(*recording));
  return certificates;
}

// A receipt that was faster than the server takes nothing of it away.
bool wants_time_stamp(const store::Submission& submission) {
  if (!store::is_alive(submission)) return false;
  std::error_code ignored;
  const bool there = std::filesystem::exists(*submission.package_path, ignored);
  return there &&
         (!submission.receipt || !std::filesystem::exists(*submission.package_path + ".tsr", ignored));
}

// What start() needs and open() has found.
struct Opened {
  config::ApplianceSettings settings;
  config::Catalogue catalogue;
  CertifiedKey seal_key;
  Bytes subject_salt;
  store::DeviceStore store;
};

}  // namespace

// Members are in the order of their making; the destructors run the other way round.
struct Portal::Impl {
  explicit Impl(Opened given)
      : opened(std::move(given)),
        device_id(opened.seal_key.certificate.device_id),
        recorder(recorder::control_socket(opened.settings.runtime_directory)),
        lessons(opened.settings.lessons_directory()),
        movies(lessons),
        preview(opened.settings.runtime_directory),
        session_watch(opened.store, events, preview),
        sign_in_log(clock,
                    [this](const std::string& event, const Json& members) { append_to_log(event, members); }),
        server(server_options(opened.settings)) {
    if (!opened.settings.platform_url.empty()) {
      outbox.emplace(outbox_options(opened.settings, opened.seal_key),
                     [this](const std::string& id) { tell_submission(id); });
    }
  }

  Context context() {
    return {opened.settings,
            opened.catalogue,
            clock,
            device_id,
            opened.store,
            recorder,
            lessons,
            events,
            outbox ? &*outbox : nullptr,
            opened.subject_salt};
  }
  Status start();
  void add_routes();
  void tell_submission(const std::string& id);
  void start_log();
  void log_sign_in(const std::string& teacher_id, const store::SignIn& sign_in);
  void append_to_log(const std::string& event, const Json& members);
  DeviceLink::Options device_link_options();
  sender::LessonSweeper::World sweeper_world();

  Opened opened;
  SystemClock clock;
  const std::string device_id;
  recorder::ControlClient recorder;
  LessonLibrary lessons;
  MovieCache movies;
  Preview preview;
  EventHub events;
  SessionWatch session_watch;
  std::unique_ptr<journal::DeviceLog> log;  // from open() on
  SignInLog sign_in_log;
  std::optional<DeviceLink> device_link;
  std::optional<LogKeeper> log_keeper;
  std::optional<sender::Outbox> outbox;
  std::optional<Packer> packer;
  std::optional<sender::LessonSweeper> sweeper;
  std::optional<QueueSocket> queue_socket;
  std::optional<RecorderLink> link;
  http::Server server;
};

Portal::Portal(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Portal::~Portal() {
  stop();
}

Result<std::unique_ptr<Portal>> Portal::open(config::ApplianceSettings settings,
                                             const std::string& accounts_file) {
  SHILU_CHECK(posix_file_system().create_directories(settings.lessons_directory()));
  SHILU_TRY(config::Catalogue catalogue, settings.catalogue.empty()
                                             ? config::parse_catalogue(config::default_catalogue_json())
                                             : config::load_catalogue(settings.catalogue));
  SHILU_TRY(CertifiedKey seal_key,
            load_or_create_certified(settings.keys_directory(), KeyRole::kSeal, {settings.tpm}));
  SHILU_TRY(Bytes salt, load_or_create_subject_salt(settings.keys_directory()));
  SHILU_TRY(store::DeviceStore store, store::DeviceStore::open(settings.data_directory / "shilu.db"));
  if (!accounts_file.empty()) SHILU_CHECK(import_teachers(store, accounts_file));
  auto impl = std::make_unique<Impl>(Opened{std::move(settings), std::move(catalogue), std::move(seal_key),
                                            std::move(salt), std::move(store)});
  SHILU_TRY(impl->log,
            journal::DeviceLog::open(posix_file_system(), impl->opened.settings.data_directory / "device-log",
                                     impl->opened.seal_key, impl->clock));
  return std::unique_ptr<Portal>(new Portal(std::move(impl)));
}

void Portal::Impl::tell_submission(const std::string& id) {
  const auto submission = opened.store.submission(id);
  if (log_keeper) log_keeper->wake();
  if (submission)
    events.publish_to(submission->teacher_id, "submission", submission_json(context(), *submission));
}

// Names nobody: the salted hash that a lesson's sign-in event has.
void Portal::Impl::log_sign_in(const std::string& teacher_id, const store::SignIn& sign_in) {
  using Try = SignInLog::Try;
  const bool good = sign_in.outcome == store::SignIn::Outcome::kSignedIn;
  const auto what = good ? Try::kGood : sign_in.pin_was_checked ? Try::kWrongPin : Try::kNotLookedAt;
  sign_in_log.add(what, {{"subject_sha256", to_hex(subject_hash(opened.subject_salt, teacher_id))}});
}

void Portal::Impl::append_to_log(const std::string& event, const Json& members) {
  if (const auto logged = log->append(event, members); !logged)
    log_error("the device log cannot be written: {}", logged.error().message);
}

DeviceLink::Options Portal::Impl::device_link_options() {
  DeviceLink::Options options;
  options.platform_url = opened.settings.platform_url;
  options.line = sender::client_options(opened.settings.upload);
  options.enrolment_file = opened.settings.data_directory / "enrolment.json";
  options.certificates = certificates_of(opened.settings, opened.seal_key);
  options.time_stamp_server = opened.settings.time_stamp_server;
  options.packages = [this] {
    std::vector<std::pair<std::string, std::filesystem::path>> waiting;
    const auto submissions = opened.store.submissions();
    if (!submissions) return waiting;
    for (const auto& one : *submissions) {
      if (one.package_sha256 && one.package_path && wants_time_stamp(one))
        waiting.emplace_back(*one.package_sha256, *one.package_path);
    }
    return waiting;
  };
  return options;
}

void Portal::Impl::add_routes() {
  const Context shared = context();
  SessionHooks hooks;
  hooks.on_sign_in = [this](const std::string& id, const store::SignIn& tried) { log_sign_in(id, tried); };
  hooks.on_sign_out = [this] { session_watch.look(); };
  add_session_routes(server, shared, hooks);
  add_live_routes(server, shared, *link, preview);
  add_recording_routes(server, shared, *link, opened.subject_salt, [this] {
    const auto nonce = device_link ? device_link->nonce() : std::nullopt;
    return nonce ? nonce->to_json() : std::string();
  });
  add_moment_routes(server, shared, *link, opened.subject_salt);
  add_lesson_routes(server, shared, movies);
  add_thumbnail_route(server, shared);
  add_clip_routes(server, shared, movies);
  add_document_routes(server, shared);
  add_submission_routes(server, shared, *packer);
  add_upload_routes(server, shared);
  add_catalogue_routes(server, shared);
  add_health_routes(server, shared);
  server.route("GET", "/api/{rest...}",
               [](const http::Request& request) {  // not the page, which takes the rest
                 return http::problem(404, "not-found", "there is nothing at " + request.path);
               });
  if (!opened.settings.web_root.empty()) server.serve_directory("/", opened.settings.web_root);
}

// Before the outbox, whose thread wakes the keeper.
void Portal::Impl::start_log() {
  log_keeper.emplace(context(), *log, [this] {
    if (device_link) device_link->wake();
  });
  if (outbox) device_link.emplace(device_link_options(), *log, clock);
  if (device_link) device_link->start();
  log_keeper->start();
}

sender::LessonSweeper::World Portal::Impl::sweeper_world() {
  sender::LessonSweeper::World world;
  if (outbox) world.platform_clock = [this] { return outbox->line().platform_clock; };
  world.on_removed = [this] { log_keeper->wake(); };
  return world;
}

Status Portal::Impl::start() {
  SHILU_CHECK(rebuild_index(context()));
  if (const auto swept = sweep_withdrawn_packages(context()); !swept)
    log_error("packages: {}", swept.error().message);
  start_log();
  if (outbox) SHILU_CHECK(outbox->start());
  packer.emplace(context(), opened.seal_key, opened.subject_salt,
                 [this](const store::Submission& submission) { tell_submission(submission.id); });
  packer->start();
  queue_socket.emplace(context(), *packer);
  SHILU_CHECK(queue_socket->start());
  sweeper.emplace(opened.settings, sweeper_world());
  SHILU_CHECK(sweeper->start());
  link.emplace(context(), preview);
  add_routes();
  SHILU_CHECK(server.start());
  link->start();
  return {};
}

Status Portal::start() {
  return impl_->start();
}

std::uint16_t Portal::port() const {
  return impl_->server.port();
}

void Portal::stop() {
  if (impl_->link) impl_->link->stop();
  impl_->events.close();
  impl_->server.stop();
  impl_->queue_socket.reset();
  impl_->packer.reset();
  impl_->sweeper.reset();
}

}  // namespace shilu::portal
