// SPDX-License-Identifier: Apache-2.0
#include "linnet/client/engine.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>

#include "linnet/client/features.hpp"
#include "linnet/client/oscore_accounts.hpp"
#include "linnet/lwm2m/object_list.hpp"

namespace linnet::client {

namespace {

Result<void> check_objects(std::span<Object* const> objects) noexcept {
  bool has_server_object = false;
  const Object* previous = nullptr;
  for (const Object* object : objects) {
    if (previous != nullptr && previous->id() >= object->id()) return fail(Errc::kInvalidArgument);
    if (object->definition().resources.size() > kMaxResources) return fail(Errc::kInvalidArgument);
    has_server_object = has_server_object || object->id() == kServerObject;
    previous = object;
  }
  return has_server_object ? Result<void>() : fail(Errc::kInvalidArgument);
}

bool valid(const Config& config) noexcept {
  return !config.endpoint.empty() && config.endpoint.size() <= lwm2m::kMaxEndpointName &&
         !config.codecs.empty() && config.max_servers > 0 &&
         config.alternate_path.size() <= lwm2m::kMaxAlternatePath &&
         (config.alternate_path.empty() || config.alternate_path.front() == '/') &&
         std::uint32_t{config.max_observations} + config.max_composite_paths <=
             ObservationTable::kMaxWatches &&
         (config.send_format == lwm2m::ContentFormat::kSenmlCbor ||
          config.send_format == lwm2m::ContentFormat::kSenmlJson) &&
         config.confirm_after <= Seconds(86'400) && (kSequence || config.connector == nullptr);
}

}  // namespace

// Here, so that an engine of static lifetime is zeros and this code instead of an initial image.
Engine::Engine() noexcept : EngineState() {}

Result<void> Engine::init(const Config& config, Arena& arena, coap::Links& links, Random& random,
                          std::span<Object* const> objects, Listener* listener) noexcept {
  if (!valid(config)) return fail(Errc::kInvalidArgument);
  if (const auto checked = check_objects(objects); !checked) return checked;
  const bool kept = kPersistence && config.medium != nullptr;
  std::span<AttributeTable::Row> rows;
  std::span<SendQueue::Cell> sends;
  arena.take(servers_, config.max_servers);
  arena.take(rows, config.max_attributes);
  arena.take(work_, config.coap.max_body);
  if (kept) arena.take(state_, config.max_state);
  observations_.init(arena, config.max_observations, config.max_composite_paths);
  if constexpr (kSend) arena.take(sends, config.max_send / sizeof(SendQueue::Cell));
  if (!arena.complete()) return fail(Errc::kNoSpace);
  std::construct_at(&config_, config);
  attributes_ = AttributeTable(rows);
  if constexpr (kSend) sends_ = SendQueue(sends);
  tree_ = ObjectTree(objects);
  if constexpr (kAccessControl) {
    access_ = AccessControl(tree_, config.own_rights);
    missing_pending_ = true;
  }
  if constexpr (kBootstrap) {
    bootstrap_interface_.init(tree_, access_, config_.codecs,
                              work_.first(std::min<std::size_t>(config.max_bootstrap, work_.size())));
  }
  listener_ = listener;
  counter_.attach(links);
  if (kQueueMode && config.queue_mode) counter_.watch(servers_, now_, config.awake);
  if (const auto made = endpoint_.init(config.coap, arena, counter_, *this, random); !made) return made;
  if constexpr (kOscore) {
    if (config.oscore != nullptr) {
      config.oscore->attach(*this);
      endpoint_.protect_by(config.oscore->protection());
    }
  }
  for (Object* object : objects) object->attach(*this);
  if constexpr (kPersistence) {
    if (kept) load_state();
  }
  if constexpr (kSequence || kBootstrap) work_pending_ = true;
  return {};
}

std::size_t Engine::memory_needed(const Config& config) noexcept {
  ArenaMeter meter;
  meter.add<Server>(config.max_servers);
  meter.add<AttributeTable::Row>(config.max_attributes);
  meter.add<std::uint8_t>(config.coap.max_body);
  if constexpr (kSend) meter.add<SendQueue::Cell>(config.max_send / sizeof(SendQueue::Cell));
  if (kPersistence && config.medium != nullptr) meter.add<std::uint8_t>(config.max_state);
  ObservationTable::measure(meter, config.max_observations, config.max_composite_paths);
  return meter.size() + coap::Endpoint::memory_needed(config.coap);
}

LINNET_OUTLINED void Engine::advance(Instant now) noexcept {
  if (!started_) {
    started_ = true;
    now_ = now;
    // Registrations that were kept: how old they are an Update will show.
    if constexpr (kPersistence) {
      for (Server& server : servers_) server.refreshed = now;
    }
  }
  if (now + lag_ < now_) lag_ = now_ - now;
  now_ = now + lag_;
}

void Engine::emit(const Event& event) noexcept {
  if constexpr (kEvents) {
    if (listener_ != nullptr) listener_->on_event(event);
  }
}

void Engine::emit(EventType type, ShortServerId server, const Path& path) noexcept {
  if constexpr (kEvents) emit({.type = type, .server = server, .path = path});
}

void Engine::emit_failure(EventType type, ShortServerId server, Error why, SendId pack) noexcept {
  if constexpr (kEvents) {
    emit({.type = type, .server = server, .response = response_of(why), .why = why.code, .pack = pack});
  }
}

Engine::Server* Engine::find_server(ShortServerId server) const noexcept {
  for (Server& row : servers_) {
    if (row.id == server && server != kEveryServer) return &row;
  }
  return nullptr;
}

Engine::Server* Engine::find_server(coap::LinkId link) const noexcept {
  for (Server& row : servers_) {
    if (row.id != kEveryServer && row.link == link) return &row;
  }
  return nullptr;
}

void Engine::receive(coap::LinkId link, ByteView datagram, Instant now) noexcept {
  advance(now);
  work_pending_ = true;
  counter_.count_received(link, datagram.size());
  endpoint_.receive(link, datagram, now_);
}

Instant Engine::step(Instant now) noexcept {
  advance(now);
  work_pending_ = false;
  endpoint_.step(now_);
  deadline_ = kNever;
  for (Object* object : tree_.objects()) wake_at(object->step(now_));
  if constexpr (kBootstrap) {
    if (online_) step_bootstrap();
  }
  // What a bootstrap server has not finished yet concerns nobody else.
  if (!bootstrapping()) step_servers();
  wake_at(endpoint_.next_deadline());
  if (kQueueMode && config_.queue_mode) step_windows();
  if constexpr (kPersistence) {
    if (config_.medium != nullptr && !stopped_ && !bootstrapping()) step_state();
  }
  return next_deadline();
}

void Engine::wake_at(Instant when) noexcept {
  if (when < deadline_) deadline_ = when;
}

void Engine::step_servers() noexcept {
  if constexpr (kAccessControl) {
    if (missing_pending_ && access_.synchronise()) instances_changed(kAccessControlObject);
  }
  if (missing_pending_) end_missing_observations();
  if (!kSequence || (online_ && !stopped_)) {
    if (managed()) start_pending();
    for (Server& server : servers_) {
      if (server.id == kEveryServer) continue;
      step_server(server);
      wake_at(server.due);
    }
  }
  if constexpr (kSend) step_sends();
  wake_at(step_observations());
}

Instant Engine::next_deadline() const noexcept {
  if (work_pending_) return Instant::min();
  const Instant next = kQueueMode ? std::min(deadline_, window_end_) : deadline_;
  return next == kNever ? kNever : next - lag_;
}

void Engine::changed(const Path& path) noexcept {
  work_pending_ = true;
  // The Server object holds the registration's parameters and the defaults of pmin and pmax.
  const bool parameters = path.depth() == 0 || path.object() == kServerObject;
  if (kSequence && (parameters || path.object() == kSecurityObject)) accounts_changed_ = true;
  if (parameters) parameters_changed();
  if (kPersistence && (path.depth() == 0 || keeps(path.object()))) save_soon();
  if (kBootstrap && (parameters || path.object() == kSecurityObject)) accounts_pending_ = true;
  if (kAccessControl && (path.depth() == 0 || path.object() == kAccessControlObject)) missing_pending_ = true;
  look_at_observations(path);
  if (parameters) reschedule(kEveryServer, Path());
}

void Engine::instances_changed(ObjectId object) noexcept {
  work_pending_ = true;
  missing_pending_ = true;
  if (kPersistence && keeps(object)) save_soon();
  if (object == kServerObject || object == kSecurityObject) {
    if constexpr (kSequence) accounts_changed_ = true;
    if constexpr (kBootstrap) accounts_pending_ = true;
  }
  if (hidden(object)) return;
  for (Server& server : servers_) {
    server.update_wanted = true;
    server.objects_changed = true;
  }
  look_at_instances(object);
}

RegistrationState Engine::state(ShortServerId server) const noexcept {
  const Server* row = find_server(server);
  return row != nullptr ? row->state : RegistrationState::kOffline;
}

bool Engine::registered() const noexcept {
  return std::ranges::any_of(servers_, [](const Server& row) { return row.id != 0 && row.registered(); });
}

std::string_view Engine::location(ShortServerId server, ByteSpan out) const noexcept {
  const Server* row = find_server(server);
  if (row == nullptr || !row->registered()) return {};
  ByteWriter writer(out);
  row->location.write(writer);
  return writer.ok() ? as_text(writer.written()) : std::string_view();
}

std::size_t Engine::observations() const noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(observations_.rows(), [](const Observation& row) { return row.server != 0; }));
}

}  // namespace linnet::client
