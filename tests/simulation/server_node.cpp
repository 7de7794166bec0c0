// SPDX-License-Identifier: Apache-2.0
#include "server_node.hpp"

#include <array>

#include "linnet/lwm2m/codec.hpp"

namespace linnet::simulation {

namespace {

using lwm2m::DataType;
using lwm2m::Operations;

constexpr std::int64_t kEpoch = 1'700'000'000;  // of the calendar, when the virtual clock says 0
constexpr std::size_t kMaxRecord = 1024;
// In front of keys of the store; no endpoint name begins with one.
constexpr char kObservationMark = '\x01';
constexpr char kOperationMark = '\x02';

[[nodiscard]] bool is_registration(const std::string& key) {
  return !key.starts_with(kObservationMark) && !key.starts_with(kOperationMark);
}

constexpr std::array kTemperature{
    lwm2m::ResourceModel{5601, "Min Measured Value", DataType::kFloat, Operations::kR, false, false, "", ""},
    lwm2m::ResourceModel{5602, "Max Measured Value", DataType::kFloat, Operations::kR, false, false, "", ""},
    lwm2m::ResourceModel{5700, "Sensor Value", DataType::kFloat, Operations::kR, false, true, "", ""},
    lwm2m::ResourceModel{5701, "Sensor Units", DataType::kString, Operations::kR, false, false, "", ""}};
constexpr std::array kLedger{
    lwm2m::ResourceModel{0, "Serial", DataType::kInteger, Operations::kRW, false, true, "", ""},
    lwm2m::ResourceModel{1, "Label", DataType::kString, Operations::kRW, false, false, "", ""},
    lwm2m::ResourceModel{2, "Run", DataType::kNone, Operations::kE, false, false, "", ""}};
constexpr std::array kObjects{
    lwm2m::ObjectModel{3303, {1, 0}, "Temperature", true, false, kTemperature},
    lwm2m::ObjectModel{33000, {1, 0}, "Ledger", true, false, kLedger},
};

class FleetModels final : public server::Models {
 public:
  const lwm2m::ObjectModel* find(lwm2m::ObjectId object, lwm2m::Version /*version*/) const noexcept override {
    for (const lwm2m::ObjectModel& model : kObjects) {
      if (model.id == object) return &model;
    }
    return nullptr;
  }
};

/// All numbers of a payload, as the paths of the device name them.
ServerNode::Values numbers(lwm2m::ContentFormat format, const lwm2m::Path& path, ByteView payload) {
  ServerNode::Values values;
  std::array<std::uint8_t, 256> scratch;
  const auto decoded = lwm2m::decode(format, path, payload, type_of, scratch,
                                     [&](const lwm2m::Record& record) -> Result<void> {
                                       if (record.value.numeric()) {
                                         values[record.path] = record.value.to_double();
                                       }
                                       return {};
                                     });
  if (!decoded) values.clear();
  return values;
}

}  // namespace

const server::Models& fleet_models() noexcept {
  static const FleetModels models;
  return models;
}

lwm2m::DataType type_of(const lwm2m::Path& path) noexcept {
  const lwm2m::ObjectModel* object = fleet_models().find(path.object(), {1, 0});
  const lwm2m::ResourceModel* resource = object != nullptr ? object->find(path.resource()) : nullptr;
  return resource != nullptr ? resource->type : DataType::kNone;
}

ServerCounts& ServerCounts::operator+=(const ServerCounts& more) noexcept {
  registered += more.registered;
  updated += more.updated;
  expired += more.expired;
  results += more.results;
  successes += more.successes;
  notified += more.notified;
  crashes += more.crashes;
  refused += more.refused;
  queued += more.queued;
  done_later += more.done_later;
  return *this;
}

ServerNode::ServerNode(std::uint32_t index, const Plan& plan, Network& network, Invariants& invariants)
    : index_(index),
      plan_(plan),
      invariants_(invariants),
      dice_(plan.seed * 7919 + 1 + index * 2UL),
      links_({index, 0}, network, invariants),
      store_(plan.seed * 7919 + 2 + index * 2UL) {
  links_.set_limit(config().endpoint.max_peers);
}

server::EngineConfig ServerNode::config() const {
  server::EngineConfig config;
  config.max_registrations = plan_.devices + 16;
  config.max_observations = plan_.devices * 8;
  config.max_operations = plan_.devices * 4;
  config.max_changes = plan_.devices * 2;
  config.max_string_bytes = 1U << 24U;
  config.durable = true;
  config.endpoint.max_peers = plan_.devices * 2 + 64;
  config.endpoint.max_exchanges = plan_.devices * 4;
  config.endpoint.max_deferred = plan_.devices * 2;
  config.endpoint.max_transfers = 8;
  config.endpoint.max_body = 4096;
  return config;
}

UnixTime ServerNode::wall(Instant now) noexcept {
  return {kEpoch + std::chrono::floor<Seconds>(now.time_since_epoch()).count()};
}

void ServerNode::start(Instant now) {
  set_now(now);
  engine_ = std::make_unique<server::Engine>();
  if (!engine_->init(config(), links_, links_, dice_, fleet_models(), *this)) std::abort();
  for (const auto& [endpoint, record] : store_.records()) {
    if (!is_registration(endpoint)) continue;
    const auto restored = engine_->restore(record.bytes, record.expires, now, wall(now));
    invariants_.hold(restored.has_value(), Rule::kSurvivesCrash, now, endpoint + ": not restored");
  }
  restore_observations(now);
  restore_operations(now);
}

void ServerNode::restore_operations(Instant now) {
  for (const auto& [key, record] : store_.records()) {
    if (!key.starts_with(kOperationMark)) continue;
    const Instant expires{Seconds(record.expires.seconds - kEpoch)};
    const auto id = engine_->restore_operation(record.bytes, expires, server::RestoreFrom::kStore);
    invariants_.hold(id.has_value(), Rule::kQueueSurvives, now, "not restored");
    if (id) invariants_.restored(index_, *id);
  }
  invariants_.all_restored(index_, now);
}

/// Those of registrations that are there; the application knows their values still.
void ServerNode::restore_observations(Instant now) {
  std::set<server::ObservationId> restored;
  std::vector<std::string> left_over;
  for (const auto& [key, record] : store_.records()) {
    if (!key.starts_with(kObservationMark)) continue;
    const auto id = engine_->restore_observation(record.bytes, now);
    if (id) {
      restored.insert(*id);
    } else {
      invariants_.hold(id.error().code == Errc::kNotFound, Rule::kSurvivesCrash, now, "an observation");
      left_over.push_back(key);
    }
  }
  for (const std::string& key : left_over) store_.drop(key);
  std::erase_if(values_, [&](const auto& value) { return !restored.contains(value.first); });
}

void ServerNode::crash() {
  ++counts_.crashes;
  engine_.reset();
  links_.clear();
  store_.crash();
  invariants_.server_crashed(index_);
}

void ServerNode::receive(const Datagram& datagram, Instant now) {
  set_now(now);
  idle_steps_ = 0;
  auto link = links_.link_of(datagram.from);
  if (!link) {
    links_.reclaim(*engine_, now);
    link = links_.link_of(datagram.from);
  }
  if (link) engine_->receive(*link, datagram.bytes, now);
}

void ServerNode::step(Instant now) {
  set_now(now);
  invariants_.stepped(idle_steps_, engine_->step(now), now, "server " + std::to_string(index_));
}

void ServerNode::commit(std::uint32_t refused_percent, Instant now) {
  set_now(now);
  store_.commit(refused_percent, [&](server::Ticket ticket, bool committed) {
    if (!committed) ++counts_.refused;
    committed ? engine_->committed(ticket, now) : engine_->refused(ticket, now);
  });
}

void ServerNode::perform(server::RegistrationId registration, const server::Operation& operation,
                         const server::Hold* hold, std::uint32_t serial) {
  if (hold == nullptr) {
    const auto id = engine_->perform(registration, operation, now_);
    if (id) invariants_.accepted(index_, *id, serial);
    return;
  }
  const Millis on_calendar = Seconds(kEpoch) + now_.time_since_epoch();
  const auto id = engine_->enqueue(registration, operation, *hold, now_, on_calendar);
  if (!id) return;
  const std::string endpoint(engine_->get(registration)->endpoint);
  if (const auto offered = engine_->find_queued(endpoint, *id)) {
    invariants_.offered(index_, *offered, serial);
  }
}

void ServerNode::cancel_one(const std::string& endpoint) {
  std::optional<server::QueuedId> chosen;
  engine_->for_each_queued(endpoint, [&](const server::QueuedOperation& operation) {
    if (!chosen || dice_.percent(50)) chosen = operation.id;
  });
  // One that is on its way to the store cannot be cancelled yet.
  if (chosen) static_cast<void>(engine_->cancel(endpoint, *chosen, now_));
}

void ServerNode::touch(Instant now) {
  set_now(now);
  engine_->drain_touched([&](const server::Registration& registration) {
    store_.touch(std::string(registration.endpoint), registration.id, wall(registration.expires));
    return true;
  });
}

const ServerNode::Values* ServerNode::values(server::ObservationId id) const {
  const auto found = values_.find(id);
  return found != values_.end() ? &found->second : nullptr;
}

void ServerNode::refreshed(const server::Registration& registration, Instant now) {
  refreshed_[std::string(registration.endpoint)] = {.at = now, .expires = registration.expires};
}

void ServerNode::on_registered(const server::Registration& registration, Instant now) noexcept {
  ++counts_.registered;
  refreshed(registration, now);
}

void ServerNode::on_updated(const server::Registration& registration, server::UpdateChanges /*changes*/,
                            Instant now) noexcept {
  const auto known = refreshed_.find(registration.endpoint);
  // A notification from another address: it moves the registration, but refreshes nothing.
  if (known != refreshed_.end() && known->second.expires == registration.expires) return;
  ++counts_.updated;
  refreshed(registration, now);
}

void ServerNode::on_ended(const server::Registration& registration, server::EndReason why,
                          Instant now) noexcept {
  ended_.insert(registration.id);
  if (why != server::EndReason::kExpired) return;
  ++counts_.expired;
  const auto found = refreshed_.find(registration.endpoint);
  const Millis since = found != refreshed_.end() ? now - found->second.at : Millis(0);
  invariants_.hold(since >= Seconds(registration.lifetime), Rule::kLifetimeKept, now,
                   std::string(registration.endpoint) + " after " + std::to_string(since.count()) +
                       " ms of " + std::to_string(registration.lifetime) + " s");
}

void ServerNode::on_result(server::OperationId id, const server::OperationResult& result,
                           Instant now) noexcept {
  ++counts_.results;
  if (result.success()) ++counts_.successes;
  invariants_.result(index_, id, result.success(), now);
  take_values(result);
}

void ServerNode::take_values(const server::OperationResult& result) {
  if (result.observation && result.format) {
    values_[*result.observation] = numbers(*result.format, result.path, result.payload);
  }
}

void ServerNode::on_operation_queued(const server::QueuedOperation& operation, Instant now) noexcept {
  ++counts_.queued;
  invariants_.queued(index_, operation, now);
}

void ServerNode::on_operation_started(const server::QueuedOperation& operation, Instant now) noexcept {
  invariants_.started(index_, operation, now);
}

void ServerNode::on_operation_finished(const server::QueuedOperation& operation, Instant now) noexcept {
  if (operation.state == server::QueuedState::kDone && operation.result.success()) ++counts_.done_later;
  invariants_.finished(index_, operation, now);
  if (operation.state == server::QueuedState::kDone) take_values(operation.result);
}

void ServerNode::on_operation_change(const server::QueuedChange& change, Instant /*now*/) noexcept {
  const std::string key = kOperationMark + std::string(change.endpoint) + ' ' +
                          std::to_string(static_cast<std::uint64_t>(change.id));
  Store::Change stored{change.kind, change.ticket, key, {}};
  if (change.kind == server::Change::Kind::kPut) {
    stored.record.bytes.assign(change.record.begin(), change.record.end());
    stored.record.expires = wall(change.expires);
  } else {
    invariants_.leaving(index_, change.id);
  }
  store_.add(std::move(stored));
}

void ServerNode::on_notified(const server::Notified& notified, Instant /*now*/) noexcept {
  ++counts_.notified;
  if (notified.format) {
    values_[notified.observation] = numbers(*notified.format, notified.path, notified.payload);
  }
}

void ServerNode::on_observation_ended(server::ObservationId id, server::RegistrationId /*registration*/,
                                      const server::Observed& /*observed*/, server::ObservationEnd /*why*/,
                                      Instant /*now*/) noexcept {
  values_.erase(id);
}

void ServerNode::on_change(const server::Change& change, Instant now) noexcept {
  Store::Change stored{change.kind, change.ticket, std::string(change.endpoint), {change.id, {}, {}}};
  if (change.kind == server::Change::Kind::kPut) {
    stored.record.bytes.resize(kMaxRecord);
    const auto size = engine_->encode_registration(change.id, now, wall(now), stored.record.bytes);
    invariants_.hold(size.has_value(), Rule::kSurvivesCrash, now, stored.endpoint + ": not encoded");
    stored.record.bytes.resize(size.value_or(0));
    stored.record.expires = wall(change.expires);
  }
  store_.add(std::move(stored));
}

void ServerNode::on_observation_change(const server::ObservationChange& change, Instant now) noexcept {
  const std::string key = kObservationMark + std::to_string(static_cast<std::uint64_t>(change.id));
  Store::Change stored{change.kind, {}, key, {}};
  if (change.kind == server::Change::Kind::kPut) {
    stored.record.bytes.resize(kMaxRecord);
    const auto size = engine_->encode_observation(change.id, stored.record.bytes);
    invariants_.hold(size.has_value(), Rule::kSurvivesCrash, now, "an observation is not encoded");
    stored.record.bytes.resize(size.value_or(0));
  }
  store_.add(std::move(stored));
}

}  // namespace linnet::simulation
