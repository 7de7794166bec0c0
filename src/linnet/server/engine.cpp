// SPDX-License-Identifier: Apache-2.0
#include "linnet/server/engine.hpp"

#include <algorithm>
#include <array>

#include "linnet/server/data_push.hpp"
#include "linnet/server/device_management.hpp"
#include "linnet/server/device_queue.hpp"
#include "linnet/server/registration_interface.hpp"
#include "linnet/server/registration_record.hpp"
#include "linnet/server/registration_table.hpp"
#include "linnet/server/tenant.hpp"

namespace linnet::server {
namespace {

constexpr std::string_view kRegistrationPath = "rd";
constexpr std::string_view kDataPushPath = "dp";
constexpr std::string_view kWellKnown = R"(</rd>;ct=40,</dp>;ct="110 112")";
constexpr std::uint32_t kPlacesPerList = 4096;
constexpr std::uint32_t kMaxObservations = (1U << 24U) - 1U;
constexpr std::uint16_t kMaxCompositePaths = 1024;
constexpr std::uint32_t kNone = RegistrationTable::kNone;

/// The path of a request, as far as any resource of the server is deep.
struct Target {
  static constexpr std::size_t kDeepest = 2;
  std::array<std::string_view, kDeepest> segments;
  std::size_t depth = 0;  // may be more than kDeepest

  explicit Target(const coap::Options& options) noexcept {
    for (const coap::Option& option : options) {
      if (option.number > coap::OptionNumber::kUriPath) break;
      if (option.number != coap::OptionNumber::kUriPath) continue;
      if (depth < kDeepest) segments[depth] = option.text();
      ++depth;
    }
  }
};

coap::Reply reply_with(coap::Code code) noexcept {
  coap::Reply reply;
  reply.code = code;
  return reply;
}

coap::Reply well_known() noexcept {
  coap::Reply reply = reply_with(coap::Code::kContent);
  reply.content_format = static_cast<std::uint16_t>(lwm2m::ContentFormat::kLinkFormat);
  reply.payload = as_bytes(kWellKnown);
  return reply;
}

bool passes(const Registration& registration, const Engine::Filter& filter) noexcept {
  if (!belongs_to(registration.endpoint, filter.tenant)) return false;
  if (registration.endpoint.find(filter.endpoint_contains) == std::string_view::npos) return false;
  return !filter.object || registration.objects.contains(*filter.object);
}

}  // namespace

class Engine::Parts final : public coap::Handler {
 public:
  coap::Reply on_request(const coap::IncomingRequest& request, coap::DeferredId deferred, ByteSpan /*space*/,
                         Instant now) noexcept override {
    const coap::Reply reply = answer(request, deferred, now);
    const std::uint32_t registration = registrations.first_on(request.link);
    // A Register or De-register that waits for the store: what this registration has queued is for the next
    // one, or for nobody. An Update has spoken for itself.
    const bool waits = reply.kind == coap::Reply::Kind::kDefer;
    if (registration != kNone && !waits) queue.heard(registration, now);
    return reply;
  }
  coap::Reply answer(const coap::IncomingRequest& request, coap::DeferredId deferred, Instant now) noexcept {
    const Target target(request.options);
    if (target.depth == 2 && target.segments[0] == kRegistrationPath) {
      if (request.method == coap::Code::kPost)
        return interface.update(target.segments[1], request, deferred, now);
      if (request.method == coap::Code::kDelete) {
        return interface.deregister(target.segments[1], request, deferred, now);
      }
      return reply_with(coap::Code::kMethodNotAllowed);
    }
    if (target.depth == 1 && target.segments[0] == kRegistrationPath) {
      if (request.method == coap::Code::kPost) return interface.register_device(request, deferred, now);
      return reply_with(coap::Code::kMethodNotAllowed);
    }
    if (target.depth == 1 && target.segments[0] == kDataPushPath) {
      if (request.method != coap::Code::kPost) return reply_with(coap::Code::kMethodNotAllowed);
      return push.send(interface.sender(request.link, now), request, now);
    }
    if (target.depth == 2 && target.segments[0] == ".well-known" && target.segments[1] == "core") {
      return request.method == coap::Code::kGet ? well_known() : reply_with(coap::Code::kMethodNotAllowed);
    }
    return reply_with(coap::Code::kNotFound);
  }
  void on_response(coap::RequestId id, const coap::IncomingResponse& response,
                   Instant now) noexcept override {
    management.on_response(id, response, now);
  }
  void on_failure(coap::RequestId id, Errc why, Instant now) noexcept override {
    management.on_failure(id, why, now);
  }
  bool on_notification(const coap::IncomingResponse& response, Instant now) noexcept override {
    const std::uint32_t registration = management.notifying(response);
    if (registration == kNone) return false;
    interface.follow(registration, response.link, now);
    queue.heard(registration, now);
    management.on_notification(response, now);
    return true;
  }
  // The server notifies nobody.
  void on_notification_outcome(coap::LinkId /*link*/, const coap::Token& /*token*/,
                               coap::NotificationOutcome /*outcome*/, Instant /*now*/) noexcept override {}

  EngineConfig config;
  LinkDirectory* directory = nullptr;
  std::unique_ptr<std::byte[]> memory;
  coap::Endpoint endpoint;
  RegistrationTable registrations;
  DeviceManagement management;
  DeviceQueue queue;
  RegistrationInterface interface;
  DataPush push;
};

coap::EndpointConfig EngineConfig::server_endpoint_config() noexcept {
  coap::EndpointConfig config;
  config.max_peers = 100'000;
  config.max_exchanges = 4096;
  config.max_per_peer = 16;
  config.max_deferred = 8192;
  config.max_transfers = 64;
  config.max_body = 65'536;
  config.recent_notifications = 0;
  return config;
}

namespace {

/// Every change that waits for the store is a request that waits for its answer.
coap::EndpointConfig endpoint_config(const EngineConfig& config) noexcept {
  coap::EndpointConfig endpoint = config.endpoint;
  if (config.durable) endpoint.max_deferred = std::max(endpoint.max_deferred, config.max_changes);
  return endpoint;
}

}  // namespace

Engine::Engine() noexcept = default;
Engine::~Engine() = default;

Result<void> Engine::init(const EngineConfig& config, coap::Links& links, LinkDirectory& directory,
                          Random& random, const Models& models, Listener& listener) noexcept {
  const bool in_range =
      config.max_registrations > 0 && config.max_registrations < RegistrationId::kMaxIndex &&
      config.max_observations > 0 && config.max_observations <= kMaxObservations &&
      config.max_operations > 0 && config.max_operations < RegistrationId::kMaxIndex &&
      (!config.durable || config.max_changes > 0) && config.max_object_list > 0 &&
      config.max_extra_parameters > 0 && config.max_composite_paths > 0 &&
      config.max_composite_paths <= kMaxCompositePaths && config.lifetime_grace.count() >= 0 &&
      config.restart_grace.count() >= 0 && config.operation_timeout.count() > 0 &&
      config.awake_window.count() >= 0 && config.keep_results.count() >= 0;
  if (parts_ || !in_range) return fail(Errc::kInvalidArgument);
  auto parts = std::make_unique<Parts>();
  parts->config = config;
  parts->directory = &directory;
  coap::EndpointConfig& endpoint = parts->config.endpoint;
  endpoint = endpoint_config(config);
  std::span<std::byte> pages = config.endpoint_pages;
  const Arena::Content content = pages.empty() ? Arena::Content::kAnything : Arena::Content::kZeros;
  if (pages.empty()) {
    const std::size_t size = endpoint_memory(config);
    parts->memory = std::make_unique_for_overwrite<std::byte[]>(size);
    pages = {parts->memory.get(), size};
  }
  Arena arena(pages, content);
  const auto ready = parts->endpoint.init(endpoint, arena, links, *parts, random);
  if (!ready) return ready;
  parts->registrations.init(parts->config, random);
  parts->management.init(parts->config, parts->endpoint, parts->registrations, parts->queue, models, listener,
                         random);
  parts->queue.init(parts->config, parts->registrations, parts->management, listener, random);
  parts->interface.init(parts->config, parts->endpoint, parts->registrations, parts->management, parts->queue,
                        listener, random);
  parts->push.init(parts->config, parts->registrations, listener);
  parts_ = std::move(parts);
  return {};
}

std::size_t Engine::endpoint_memory(const EngineConfig& config) noexcept {
  return coap::Endpoint::memory_needed(endpoint_config(config));
}

void Engine::protect_by(coap::Protection& protection) noexcept {
  parts_->endpoint.protect_by(protection);
}

void Engine::receive(coap::LinkId link, ByteView datagram, Instant now) noexcept {
  parts_->endpoint.receive(link, datagram, now);
  parts_->queue.start_due(now);
}

Instant Engine::step(Instant now) noexcept {
  parts_->interface.step(now);
  parts_->management.step(now);
  parts_->endpoint.step(now);
  parts_->queue.step(now);
  return next_deadline();
}

Instant Engine::next_deadline() const noexcept {
  return std::min({parts_->endpoint.next_deadline(), parts_->registrations.next_deadline(),
                   parts_->management.next_deadline(), parts_->queue.next_deadline()});
}

void Engine::prefetch(coap::LinkId link) const noexcept {
  parts_->endpoint.prefetch(link);
  parts_->registrations.prefetch(link);
}

void Engine::drop(coap::LinkId link, Instant now) noexcept {
  parts_->interface.drop(link);
  parts_->endpoint.drop(link, now);
}

bool Engine::quiet(coap::LinkId link) const noexcept {
  return parts_->registrations.first_on(link) == kNone && parts_->endpoint.quiet(link);
}

bool Engine::idle(coap::LinkId link, Instant now) const noexcept {
  return parts_->registrations.first_on(link) == kNone && parts_->endpoint.idle(link, now);
}

Result<OperationId> Engine::perform(RegistrationId registration, const Operation& operation,
                                    Instant now) noexcept {
  return parts_->management.perform(registration, operation, now);
}

void Engine::abandon(OperationId operation, Instant now) noexcept {
  parts_->management.abandon(operation, now);
}

Result<void> Engine::forget_observation(ObservationId observation, Instant now) noexcept {
  return parts_->management.forget_observation(observation, now);
}

std::optional<ObservationId> Engine::find_observation(RegistrationId registration,
                                                      const Observed& observed) const noexcept {
  return parts_->management.find_observation(registration, observed);
}

void Engine::for_each_observation(RegistrationId registration,
                                  FunctionRef<void(ObservationId, const Observed&)> visit) const noexcept {
  parts_->management.for_each_observation(registration, visit);
}

Result<QueuedId> Engine::enqueue(RegistrationId registration, const Operation& operation, const Hold& hold,
                                 Instant now, Millis wall) noexcept {
  return parts_->queue.enqueue(registration, operation, hold, now, wall);
}

Result<void> Engine::cancel(std::string_view endpoint, QueuedId id, Instant now) noexcept {
  return parts_->queue.cancel(endpoint, id, now);
}

std::optional<QueuedOperation> Engine::find_queued(std::string_view endpoint, QueuedId id) const noexcept {
  return parts_->queue.find(endpoint, id);
}

void Engine::for_each_queued(std::string_view endpoint,
                             FunctionRef<void(const QueuedOperation&)> visit) const noexcept {
  parts_->queue.for_each(endpoint, visit);
}

std::uint32_t Engine::queued(std::string_view endpoint) const noexcept {
  return parts_->queue.waiting(endpoint);
}

bool Engine::awake(RegistrationId registration, Instant now) const noexcept {
  const std::uint32_t index = parts_->registrations.find(registration);
  return index != kNone && parts_->queue.awake(index, now);
}

std::optional<RegistrationId> Engine::find(std::string_view endpoint) const noexcept {
  const std::uint32_t index = parts_->registrations.find(endpoint);
  if (index == kNone) return std::nullopt;
  return parts_->registrations.id_of(index);
}

std::optional<Registration> Engine::get(RegistrationId registration) const noexcept {
  const std::uint32_t index = parts_->registrations.find(registration);
  if (index == kNone) return std::nullopt;
  return parts_->registrations.view(index);
}

std::optional<RegistrationId> Engine::registration_of(coap::LinkId link) const noexcept {
  const std::uint32_t index = parts_->registrations.first_on(link);
  if (index == kNone) return std::nullopt;
  return parts_->registrations.id_of(index);
}

std::optional<std::uint32_t> Engine::list(std::uint32_t cursor, std::uint32_t limit, const Filter& filter,
                                          FunctionRef<void(const Registration&)> visit) const noexcept {
  const RegistrationTable& registrations = parts_->registrations;
  std::uint64_t looked_at = 0;
  std::uint32_t shown = 0;
  for (std::uint32_t index = cursor; index < registrations.end(); ++index, ++looked_at) {
    if (shown == limit || looked_at == std::uint64_t{kPlacesPerList} + limit) return index;
    if (registrations[index].state != RegistrationSlot::State::kLive) continue;
    const Registration registration = registrations.view(index);
    if (!passes(registration, filter)) continue;
    visit(registration);
    ++shown;
  }
  return std::nullopt;
}

bool Engine::owns(RegistrationId registration) const noexcept {
  return registration.shard() == parts_->config.shard;
}

std::optional<std::uint8_t> Engine::shard_of(const coap::Message& message) noexcept {
  if (coap::is_response(message.code())) return ObservationTable::shard_of(message.token());
  if (message.code() != coap::Code::kPost && message.code() != coap::Code::kDelete) return std::nullopt;
  const Target target(message.options());
  if (target.depth != 2 || target.segments[0] != kRegistrationPath) return std::nullopt;
  const auto id = RegistrationId::parse(target.segments[1]);
  if (!id) return std::nullopt;
  return id->shard();
}

bool Engine::is_send(const coap::Message& message) noexcept {
  const Target target(message.options());
  return message.code() == coap::Code::kPost && target.depth == 1 && target.segments[0] == kDataPushPath;
}

bool Engine::forget_endpoint(std::string_view endpoint, Instant now) noexcept {
  const std::uint32_t index = parts_->registrations.find(endpoint);
  if (index == kNone) return false;
  parts_->interface.end(index, EndReason::kForgotten, now);
  return true;
}

void Engine::take_operations(std::string_view endpoint,
                             FunctionRef<void(const QueuedChange&)> visit) noexcept {
  parts_->queue.take(endpoint, visit);
}

Result<void> Engine::remove(RegistrationId registration, Instant now) noexcept {
  const std::uint32_t index = parts_->registrations.find(registration);
  if (index == kNone) return fail(Errc::kNotFound);
  parts_->queue.cancel_all(parts_->registrations.name_of(parts_->registrations[index]),
                           QueuedReason::kForgotten, now);
  parts_->interface.end_for_good(index, EndReason::kForgotten, now);
  return {};
}

void Engine::committed(Ticket ticket, Instant now) noexcept {
  if (!parts_->queue.committed(ticket, now)) parts_->interface.committed(ticket, now);
  parts_->queue.start_due(now);
}
void Engine::refused(Ticket ticket, Instant now) noexcept {
  if (!parts_->queue.refused(ticket, now)) parts_->interface.refused(ticket, now);
}

void Engine::drain_touched(FunctionRef<bool(const Registration&)> visit) noexcept {
  parts_->registrations.drain_touched(visit);
}

Result<std::size_t> Engine::encode_registration(RegistrationId id, Instant now, UnixTime wall,
                                                ByteSpan out) noexcept {
  const RegistrationTable& registrations = parts_->registrations;
  if (!registrations.holds(id)) return fail(Errc::kNotFound);
  const Registration registration = registrations.view(id.index());
  std::array<std::uint8_t, LinkDirectory::kMaxAddress> address;
  std::size_t address_size = 0;
  if (registration.link != coap::kNoLink)
    address_size = parts_->directory->address(registration.link, address);
  RegistrationRecord record;
  record.id = id;
  record.registered.seconds =
      wall.seconds - std::chrono::floor<Seconds>(now - registration.registered).count();
  record.address = ByteView(address).first(std::min(address_size, address.size()));
  record.content.endpoint = registration.endpoint;
  record.content.lifetime = registration.lifetime;
  record.content.version = registration.version;
  record.content.binding = registration.binding;
  record.content.objects = registration.object_list;
  record.content.extras = registration.extras.encoded();
  return encode_record(record, out);
}

Result<RegistrationId> Engine::restore(ByteView bytes, UnixTime expires, Instant now,
                                       UnixTime wall) noexcept {
  RegistrationTable& registrations = parts_->registrations;
  const auto record = decode_record(bytes);
  if (!record) return std::unexpected(record.error());
  if (record->id.shard() != parts_->config.shard) return fail(Errc::kUnsupported);
  if (registrations.size() >= parts_->config.max_registrations) return fail(Errc::kNoSpace);
  if (registrations.find(record->content.endpoint) != kNone) return fail(Errc::kExists);
  const auto added = registrations.add_at(record->id, record->content);
  if (!added) return std::unexpected(added.error());
  const std::uint32_t index = record->id.index();
  registrations.publish(index);
  registrations.resume(index, {record->registered, expires}, now, wall, parts_->config.restart_grace);
  if (!record->address.empty()) {
    if (const auto link = parts_->directory->open(record->address)) registrations.attach(index, *link);
  }
  parts_->queue.restored(index);
  return record->id;
}

Result<QueuedId> Engine::restore_operation(ByteView record, Instant expires, RestoreFrom from) noexcept {
  return parts_->queue.restore(record, expires, from);
}

Result<std::size_t> Engine::encode_observation(ObservationId observation, ByteSpan out) const noexcept {
  return parts_->management.encode_observation(observation, out);
}

Result<ObservationId> Engine::restore_observation(ByteView record, Instant now) noexcept {
  return parts_->management.restore_observation(record, now);
}

EngineStatistics Engine::statistics() const noexcept {
  EngineStatistics statistics;
  parts_->interface.count(statistics);
  statistics.registrations = parts_->registrations.size();
  statistics.object_lists = parts_->registrations.interned();
  statistics.observations = parts_->management.observations();
  statistics.operations = parts_->management.operations();
  statistics.queued = parts_->queue.size();
  statistics.notified = parts_->management.notified();
  statistics.sent = parts_->push.taken();
  return statistics;
}

const coap::EndpointStatistics& Engine::endpoint_statistics() const noexcept {
  return parts_->endpoint.statistics();
}

}  // namespace linnet::server
