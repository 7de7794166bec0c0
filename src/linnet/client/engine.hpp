// SPDX-License-Identifier: Apache-2.0
// The device side of LwM2M 1.1, without I/O: datagrams and the time go in, datagrams (through
// Links), events and the next deadline come out. It registers with its servers and stays
// registered, serves their operations on the objects it was given, and notifies what they observe.
// All memory comes from an arena at set-up; nothing is allocated later.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "linnet/base/arena.hpp"
#include "linnet/base/random.hpp"
#include "linnet/base/time.hpp"
#include "linnet/client/config.hpp"
#include "linnet/client/engine_state.hpp"
#include "linnet/client/features.hpp"
#include "linnet/client/sleep_advice.hpp"
#include "linnet/lwm2m/codec.hpp"

namespace linnet::client {

class PathList;  // of request.hpp

/// Names all servers at once where a call takes one.
inline constexpr ShortServerId kEveryServer = 0;

class Engine final : private coap::Handler, private EngineState {
 public:
  Engine() noexcept;

  /// Takes all memory from `arena`. Objects, in ascending order of their ids, must hold an object 1
  /// with an instance for each server. Errc::kNoSpace: the arena is too small (`memory_needed` says
  /// how large it must be); kInvalidArgument: a config out of range or objects out of order. All
  /// references must outlive the engine. Call once.
  [[nodiscard]] Result<void> init(const Config& config, Arena& arena, coap::Links& links, Random& random,
                                  std::span<Object* const> objects, Listener* listener = nullptr) noexcept;
  [[nodiscard]] static std::size_t memory_needed(const Config& config) noexcept;

  /// The way to a server is there (again): registers, or updates, at the next step. kNotFound where
  /// object 1 has no instance with this Short Server ID, kNoSpace beyond max_servers. The way to
  /// kBootstrapServer is used when a bootstrap is wanted; kNotFound where object 0 does not have it.
  [[nodiscard]] Result<void> connect(ShortServerId server, coap::LinkId link,
                                     Session session = Session::kNew) noexcept;
  /// The way to a server is lost. Without a Connector its observations end and nothing more is sent;
  /// with one the engine asks for another link.
  void disconnect(ShortServerId server) noexcept;
  /// The Connector's answer where there is no link: the next transport is tried, or the attempt has
  /// failed. kUnauthorized: trying again would be in vain (TS 5.2.9, "Fail").
  void unreachable(ShortServerId server, Errc why) noexcept;
  /// The network is gone or back. Offline nothing is sent, registrations and observations are kept as
  /// long as their lifetime lasts; back online they are updated, or made anew where they ended.
  void set_online(bool online) noexcept;
  [[nodiscard]] bool online() const noexcept { return online_; }
  [[nodiscard]] SleepAdvice sleep_advice() const noexcept;
  /// Queue mode: closes the awake window early, once nothing is under way.
  void sleep_now(ShortServerId server = kEveryServer) noexcept;
  /// A part of Config::parts changed: the state is kept soon, in a `step`.
  void save_soon() noexcept;
  /// Keeps the state now, before a restart in good order. kNotFound without a medium; otherwise what
  /// the medium said.
  Result<void> save_now() noexcept;
  /// Ends what goes on with all servers, without telling them; `start_servers` begins anew with what
  /// objects 0 and 1 say by then.
  void stop_servers() noexcept;
  void start_servers() noexcept;

  /// One datagram. Any bytes at all. Call `step` soon afterwards.
  void receive(coap::LinkId link, ByteView datagram, Instant now) noexcept;
  /// Does what is due and returns when to call again; kNever when nothing waits. A clock that goes
  /// backwards is taken as standing still, one that jumps forward makes due what it passed.
  Instant step(Instant now) noexcept;
  /// What the last `step` returned, or the beginning of time where a call since then left work.
  [[nodiscard]] Instant next_deadline() const noexcept;

  // What follows takes effect at the next `step`.

  /// Asks the bootstrap server, after the Client Hold Off Time; ignored while that is under way.
  /// kNotFound: there is no bootstrap account.
  Result<void> bootstrap() noexcept;
  [[nodiscard]] BootstrapState bootstrap_state() const noexcept { return bootstrap_.state(); }
  /// Bootstrap from a smartcard (Core 1.1 §6.1.4.2), see client/provision.hpp.
  [[nodiscard]] Result<void> provision(std::span<const ProvisionedObject> objects) noexcept;
  [[nodiscard]] Result<void> withdraw(std::span<const InstanceId> accounts) noexcept;

  /// A value changed at the device itself: at a resource, a resource instance, or anywhere below.
  void changed(const Path& path) noexcept;
  /// An instance of an object appeared or disappeared at the device itself.
  void instances_changed(ObjectId object) noexcept;
  /// Registers anew, at once, whatever went before.
  void register_now(ShortServerId server = kEveryServer) noexcept;
  void update(ShortServerId server = kEveryServer) noexcept;
  void deregister(ShortServerId server = kEveryServer) noexcept;

  /// Reports what is at and below `paths` now (TS 6.4.5), or values with times of their own. A pack
  /// waits until its server has this device registered, is sent confirmably after those before it,
  /// and again until it is answered; its outcome is kSent or kSendFailed with what is returned here,
  /// for kEveryServer one from each that does not mute it. `time`: seconds since 1970 that the values
  /// are of, for packs that may have to wait. kNotAllowed: Mute Send is true, or absent; kNotFound:
  /// no such server or path, or no value there; kUnauthorized: object 0 or 21, or no right;
  /// kNoSpace: the queue is full; kTooLarge: more than max_body.
  [[nodiscard]] Result<SendId> send(ShortServerId server, std::span<const Path> paths,
                                    std::optional<double> time = std::nullopt) noexcept;
  [[nodiscard]] Result<SendId> send(ShortServerId server, std::span<const lwm2m::Record> records) noexcept;

  [[nodiscard]] RegistrationState state(ShortServerId server) const noexcept;
  /// True while some server has this device registered.
  [[nodiscard]] bool registered() const noexcept;
  /// The location of a registration ("/rd/5a3f") into `out`; empty where there is none.
  [[nodiscard]] std::string_view location(ShortServerId server, ByteSpan out) const noexcept;
  [[nodiscard]] std::size_t observations() const noexcept;

  [[nodiscard]] const ObjectTree& objects() const noexcept { return tree_; }
  [[nodiscard]] const Traffic& traffic() const noexcept { return counter_.traffic(); }
  /// For object 7: what was counted so far; the largest message is counted anew.
  Traffic restart_traffic() noexcept { return counter_.restart(); }
  [[nodiscard]] const coap::EndpointStatistics& statistics() const noexcept { return endpoint_.statistics(); }
  /// The time of the latest call, which never goes backwards.
  [[nodiscard]] Instant now() const noexcept { return now_; }

 private:
  friend class PackageStreams;
  friend class Question;
  using Server = client::Server;

  // coap::Handler
  coap::Reply on_request(const coap::IncomingRequest& request, coap::DeferredId deferred, ByteSpan space,
                         Instant now) noexcept override;
  void on_response(coap::RequestId id, const coap::IncomingResponse& response, Instant now) noexcept override;
  void on_failure(coap::RequestId id, Errc why, Instant now) noexcept override;
  bool on_notification(const coap::IncomingResponse& response, Instant now) noexcept override;
  void on_notification_outcome(coap::LinkId link, const coap::Token& token, coap::NotificationOutcome outcome,
                               Instant now) noexcept override;

  // engine.cpp
  void advance(Instant now) noexcept;
  void step_servers() noexcept;
  void wake_at(Instant when) noexcept;
  void emit(const Event& event) noexcept;
  void emit(EventType type, ShortServerId server, const Path& path = {}) noexcept;
  void emit_failure(EventType type, ShortServerId server, Error why, SendId pack = 0) noexcept;
  [[nodiscard]] Server* find_server(ShortServerId server) const noexcept;
  [[nodiscard]] Server* find_server(coap::LinkId link) const noexcept;

  // registration.cpp
  [[nodiscard]] ServerSettings settings(ShortServerId server) const noexcept;
  void step_server(Server& server) noexcept;
  void send(Server& server, RegistrationState state) noexcept;
  void registered(Server& server, const coap::IncomingResponse& response) noexcept;
  void updated(Server& server) noexcept;
  void deregistered(Server& server) noexcept;
  void attempt_failed(Server& server, Error why) noexcept;
  [[nodiscard]] Result<void> obey(Server& server, const Path& command,
                                  std::optional<std::string_view> argument) noexcept;
  [[nodiscard]] Result<void> take_row(ShortServerId server, Server*& row) noexcept;
  void begin(Server& server) noexcept;
  void abandon(Server& server) noexcept;
  void write_object_list(ByteWriter& out) const noexcept;
  /// How a request ended: `why` holds where there is no answer, or one that is not as hoped.
  void finish(coap::RequestId id, Errc why, const coap::IncomingResponse* answer) noexcept;
  void parameters_changed() noexcept;

  // sequence.cpp: with a Connector
  [[nodiscard]] bool managed() const noexcept { return kSequence && config_.connector != nullptr; }
  void match_accounts() noexcept;
  void start_pending() noexcept;
  void attempt(Server& server) noexcept;
  void open_link(Server& server) noexcept;
  void close_link(Server& server) noexcept;
  [[nodiscard]] Result<void> secure(InstanceId security, coap::LinkId link) noexcept;
  void change_transport(Server& server) noexcept;
  [[nodiscard]] Result<void> take_transport(Server& server, std::string_view text) noexcept;
  void go_offline(Server& server) noexcept;
  void go_online(Server& server) noexcept;
  void cancel_request(Server& server) noexcept;
  void bootstrap_wanted(const ServerSettings& settings) noexcept;

  // queue_mode.cpp
  [[nodiscard]] bool must_listen(const Server& server) const noexcept;
  void step_windows() noexcept;

  // bootstrap.cpp
  [[nodiscard]] bool bootstrapping() const noexcept { return kBootstrap && bootstrap_.active(); }
  Result<void> connect_bootstrap_server(coap::LinkId link) noexcept;
  void disconnect_bootstrap_server(Errc why) noexcept;
  void move_bootstrap(BootstrapInput input, Error why = {Errc::kTimeout}) noexcept;
  void step_bootstrap() noexcept;
  [[nodiscard]] std::uint32_t bootstrap_setting(ResourceId resource) const noexcept;
  void hold_off_bootstrap() noexcept;
  void open_bootstrap_link() noexcept;
  void request_bootstrap() noexcept;
  void bootstrap_answered(Error outcome) noexcept;
  void complete_bootstrap() noexcept;
  void fail_bootstrap(Error why) noexcept;
  void cancel_bootstrap_request() noexcept;
  void close_bootstrap_link() noexcept;
  void accounts_replaced() noexcept;  // provision.cpp

  // Rights: without access control there is nothing to ask.
  [[nodiscard]] bool may(ShortServerId server, Right right, const Path& path) const noexcept {
    return !kAccessControl || access_.allows(server, right, path);
  }
  [[nodiscard]] Result<void> walk(const Path& path, lwm2m::RecordSink sink,
                                  ShortServerId server) const noexcept {
    return kAccessControl || kComposite ? walk_readable(path, sink, server) : tree_.walk(path, sink);
  }

  // state.cpp
  [[nodiscard]] static bool keeps(ObjectId object) noexcept;
  void load_state() noexcept;
  void step_state() noexcept;
  void write_state(ByteWriter& out) const noexcept;
  void write_registrations(ByteWriter& out) const noexcept;
  void read_registrations(ByteView bytes) noexcept;
  void write_attribute_rows(ByteWriter& out) const noexcept;
  void read_attribute_rows(ByteView bytes) noexcept;
  void write_observations(ByteWriter& out) const noexcept;
  void read_observations(ByteView bytes) noexcept;
  void resume(Observation& row) noexcept;

  // request.cpp: the operations of table 6.4.4-1
  Result<void> walk_readable(const Path& path, lwm2m::RecordSink sink, ShortServerId server) const noexcept;
  struct Request;  ///< one operation being served
  [[nodiscard]] Result<void> serve(Request& request) noexcept;
  [[nodiscard]] Right required_right(const Request& request) const noexcept;
  [[nodiscard]] Result<void> dispatch(Request& request) noexcept;
  [[nodiscard]] Result<void> read(Request& request) noexcept;
  void watch(Request& request, const PathList* paths = nullptr) noexcept;
  [[nodiscard]] Result<void> discover(Request& request) noexcept;
  [[nodiscard]] Result<void> write_attributes(Request& request) noexcept;
  [[nodiscard]] Result<void> execute(Request& request) noexcept;
  [[nodiscard]] Result<void> remove(Request& request) noexcept;
  // write.cpp
  [[nodiscard]] ByteSpan rollback() const noexcept;
  enum class WriteKind : std::uint8_t { kReplace, kPartial, kCreate };
  [[nodiscard]] Result<void> write(Request& request, WriteKind kind) noexcept;
  [[nodiscard]] Result<void> create(Request& request) noexcept;
  Result<void> apply(Request& request, const Path* created = nullptr) noexcept;

  // composite.cpp
  [[nodiscard]] Result<void> read_composite(Request& request) noexcept;
  [[nodiscard]] Result<void> write_composite(Request& request) noexcept;
  [[nodiscard]] Result<void> check_assignment(ShortServerId server,
                                              const lwm2m::Record& record) const noexcept;

  // reporting.cpp
  void observe(Request& request, const PathList* paths) noexcept;
  Observation* add_observation(const Request& request, const PathList* paths,
                               std::uint32_t sequence) noexcept;
  void cancel_observation(const Request& request, const PathList* paths) noexcept;
  [[nodiscard]] Observation* find_observation(const Request& request, const PathList* paths) const noexcept;
  [[nodiscard]] bool watches_exactly(const Observation& row, const PathList& paths) const noexcept;
  [[nodiscard]] Path path_of(const Observation& row) const noexcept;
  void end_observation(Observation& observation) noexcept;
  void end_observations(ShortServerId server) noexcept;
  void end_missing_observations() noexcept;
  [[nodiscard]] lwm2m::Attributes attributes_of(ShortServerId server, const Path& path) const noexcept;
  enum class Next : std::uint8_t { kLook, kNotify };
  [[nodiscard]] std::int64_t due(const Observation& row, const Watch& watch, Next next) const noexcept;
  void schedule(Observation& row) noexcept;
  void reschedule(ShortServerId server, const Path& path) noexcept;
  void look_at_observations(const Path& path) noexcept;
  void look_at_instances(ObjectId object) noexcept;
  void evaluate(const Observation& row, Watch& watch) noexcept;
  void told(Observation& row) noexcept;
  [[nodiscard]] bool confirms(const Observation& observation) const noexcept;
  [[nodiscard]] bool clear(const Observation& row) const noexcept;
  void look_after(Observation& row) noexcept;
  void drop_pending(Observation& row) noexcept;
  [[nodiscard]] Result<std::size_t> encode(const Observation& row) noexcept;
  void notify(Observation& observation) noexcept;
  void notify_end(Observation& observation, coap::Code code) noexcept;
  [[nodiscard]] bool post(const Observation& observation, coap::Notification& notification) noexcept;
  [[nodiscard]] Instant step_observations() noexcept;

  // send.cpp
  [[nodiscard]] bool mutes_send(ShortServerId server) const noexcept;
  [[nodiscard]] Result<SendId> enqueue(
      ShortServerId server, FunctionRef<Result<void>(ShortServerId, lwm2m::RecordSink)> records) noexcept;
  [[nodiscard]] Result<void> add_pack(
      ShortServerId server, FunctionRef<Result<void>(ShortServerId, lwm2m::RecordSink)> records) noexcept;
  void step_sends() noexcept;
  bool send_pack(std::size_t at, const Server& server) noexcept;
  void finish_send(coap::RequestId id, Error outcome, const coap::IncomingResponse* answer) noexcept;
  void drop_pack(std::size_t at, Error why) noexcept;

  union {
    Config config_;  ///< from `init` on: an image need not hold the defaults once more for what nobody reads
  };
};

}  // namespace linnet::client
