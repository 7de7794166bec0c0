// SPDX-License-Identifier: Apache-2.0
#include "fleet.hpp"

#include <array>

#include "operations.hpp"

namespace linnet::simulation {

namespace {

constexpr Seconds kTouchEvery{1};
// What happens to a device, in the order of Fleet::mishap.
constexpr std::array kMishaps{"restarts",     "has a new address", "is cut off",
                              "de-registers", "registers",         "has its clock go forward",
                              "... or back",  "bootstraps",        "updates"};
constexpr Seconds kRetryPause{400};   // of devices that could not register: their longest pause, and more
constexpr Seconds kEverything{1200};  // all exchanges, deduplication and separate responses are over

}  // namespace

Fleet::Fleet(const Plan& plan)
    : plan_(plan),
      dice_(plan.seed),
      network_(queue_, kDatagram, plan.seed * 31 + 7),
      invariants_(plan.devices),
      bootstrap_(plan_, network_, invariants_),
      device_armed_(plan.devices, kNever),
      left_(plan.devices, false) {
  network_.weather = plan.weather;
  network_.traced = plan.traced;
  invariants_.defaults.set_default(lwm2m::AttributeName::kPmin, plan.default_pmin);
  invariants_.defaults.set_default(lwm2m::AttributeName::kPmax, plan.default_pmax);
  invariants_.confirm_after = plan.confirm_after;
  server_armed_.fill(kNever);
  for (std::uint32_t i = 0; i < kMostServers; ++i) {
    servers_.push_back(std::make_unique<ServerNode>(i, plan_, network_, invariants_));
    servers_[i]->start(now_);
  }
  for (std::uint32_t i = 0; i < plan.devices; ++i) {
    devices_.push_back(std::make_unique<DeviceNode>(i, plan_, network_, invariants_));
    devices_[i]->start(now_);
    if (Plan::bootstraps(i)) {
      bootstrap_.give(devices_[i]->endpoint(), devices_[i]->servers(), devices_[i]->lifetime());
    }
    // They do not all wake at once.
    device_armed_[i] = now_ + dice_.between(Millis(0), Millis(60'000));
    queue_.push(device_armed_[i], {kStepDevice, i});
    plan_next(kValue, i, Plan::sleeps(i) ? plan_.sleepers_move : plan_.value_moves);
    plan_next(kOperation, i, plan_.operations);
    plan_next(kMishap, i, plan_.mishaps);
  }
  bootstrap_.start(now_);
  for (std::uint32_t host = 0; host < kFirstDeviceHost; ++host) plan_next(kCrash, host, plan_.crashes);
  queue_.push(now_ + kTouchEvery, {kTouch, 0});
  queue_.push(now_ + plan_.sweep_every, {kSweep, 0});
}

void Fleet::plan_next(Kind kind, std::uint32_t subject, Span span) {
  if (span.most == Seconds(0)) return;
  queue_.push(now_ + dice_.between(span.least, span.most), {kind, subject});
}

void Fleet::run() {
  run_until(now_ + plan_.duration);
  come_to_rest();
  run_until(now_ + plan_.lifetime.most + Seconds(plan_.default_pmax) + kRetryPause);
  check_agreement();
  leave();
}

void Fleet::run_until(Instant end) {
  while (queue_.next() <= end && !invariants_.enough()) {
    const EventQueue::Entry entry = queue_.pop();
    now_ = entry.at;
    ++events_;
    handle(entry.event);
  }
  now_ = end;
}

void Fleet::handle(Event event) {
  const auto kind = static_cast<Kind>(event.kind);
  if (resting_ && kind >= kValue) return;
  switch (kind) {
    case kDatagram: return deliver(event.subject);
    case kStepDevice: return step_device(event.subject);
    case kStepServer: return step_server(event.subject);
    case kCommit:
      commit_planned_[event.subject] = false;
      if (!runs(event.subject)) return;
      servers_[event.subject]->commit(resting_ ? 0 : plan_.refused_percent, now_);
      return arm_server(event.subject);
    case kTouch:
      for (const auto& server : servers_) {
        if (server->running()) server->touch(now_);
      }
      queue_.push(now_ + kTouchEvery, {kTouch, 0});
      return;
    case kSweep: return sweep();
    case kValue: return move_value(event.subject);
    case kOperation: return operate(event.subject);
    case kMishap: return mishap(event.subject);
    case kHeal: return network_.partition(event.subject, false);
    case kCrash: return crash(event.subject);
    case kRestart: return restart(event.subject);
  }
}

void Fleet::deliver(std::uint32_t place) {
  Datagram datagram;
  if (!network_.take(place, datagram, now_)) return;
  const std::uint32_t host = datagram.to.host;
  if (host < kFirstDeviceHost) {
    if (!runs(host)) return;
    host == kBootstrapHost ? bootstrap_.receive(datagram, now_) : servers_[host]->receive(datagram, now_);
    return arm_server(host);
  }
  const std::uint32_t index = host - kFirstDeviceHost;
  devices_[index]->receive(datagram, now_);
  arm_device(index);
}

void Fleet::step_device(std::uint32_t index) {
  if (device_armed_[index] != now_) return;
  device_armed_[index] = kNever;
  devices_[index]->step(now_);
  arm_device(index);
}

bool Fleet::runs(std::uint32_t host) const noexcept {
  return host == kBootstrapHost ? bootstrap_.running() : servers_[host]->running();
}

void Fleet::step_server(std::uint32_t host) {
  if (server_armed_[host] != now_ || !runs(host)) return;
  server_armed_[host] = kNever;
  host == kBootstrapHost ? bootstrap_.step(now_) : servers_[host]->step(now_);
  arm_server(host);
}

void Fleet::arm_device(std::uint32_t index) {
  const Instant next = std::max(devices_[index]->next_deadline(), now_);
  if (next >= device_armed_[index]) return;
  device_armed_[index] = next;
  queue_.push(next, {kStepDevice, index});
}

void Fleet::arm_server(std::uint32_t host) {
  if (host != kBootstrapHost && servers_[host]->commits() && !commit_planned_[host]) {
    commit_planned_[host] = true;
    queue_.push(now_ + plan_.commit_delay, {kCommit, host});
  }
  const Instant deadline =
      host == kBootstrapHost ? bootstrap_.next_deadline() : servers_[host]->next_deadline();
  const Instant next = std::max(deadline, now_);
  if (next >= server_armed_[host]) return;
  server_armed_[host] = next;
  queue_.push(next, {kStepServer, host});
}

void Fleet::sweep() {
  for (std::uint32_t i = 0; i < plan_.devices; ++i) {
    for (std::uint32_t server = 0; server < kMostServers; ++server) {
      // It wants to be gone, and waits for the answer.
      const auto state = devices_[i]->engine().state(short_server_id(server));
      if (state == client::RegistrationState::kDeregistering) invariants_.not_registered({i, server});
    }
    invariants_.sweep(i, devices_[i]->engine_time(now_));
  }
  for (std::uint32_t i = 0; i < kMostServers; ++i) {
    if (servers_[i]->running()) invariants_.sweep_queue(i, now_);
  }
  queue_.push(now_ + plan_.sweep_every, {kSweep, 0});
}

void Fleet::move_value(std::uint32_t index) {
  devices_[index]->move_value(now_);
  arm_device(index);
  plan_next(kValue, index, Plan::sleeps(index) ? plan_.sleepers_move : plan_.value_moves);
}

void Fleet::operate(std::uint32_t index) {
  plan_next(kOperation, index, plan_.operations);
  const std::uint32_t at = dice_.below(devices_[index]->servers());
  ServerNode& server = *servers_[at];
  if (!server.running()) return;
  server.set_now(now_);
  const auto registration = server.engine().find(devices_[index]->endpoint());
  if (!registration) return;
  if (dice_.below(1000) == 0) {
    if (!server.engine().remove(*registration, now_)) std::abort();
  } else {
    perform_random_operation(server, *registration, plan_, dice_, invariants_, now_);
  }
  arm_server(at);
}

void Fleet::mishap(std::uint32_t index) {
  plan_next(kMishap, index, plan_.mishaps);
  DeviceNode& device = *devices_[index];
  const std::uint32_t which = dice_.below(9);
  if (network_.traced == index + kFirstDeviceHost) network_.trace(kMishaps[which], now_);
  switch (which) {
    case 0:
      device.start(now_);
      left_[index] = false;
      break;
    case 1: device.change_address(); break;
    case 2:
      network_.partition(index + kFirstDeviceHost, true);
      queue_.push(now_ + dice_.between(Millis(1000), plan_.longest_partition),
                  {kHeal, index + kFirstDeviceHost});
      break;
    case 3:
      device.engine().deregister();
      left_[index] = true;
      break;
    case 4:
      device.engine().register_now();
      left_[index] = false;
      break;
    case 5: device.jump(dice_.between(Millis(1), plan_.longest_jump), now_); break;
    case 6: device.jump(-dice_.between(Millis(1), plan_.longest_jump), now_); break;
    // Refused by one that has no bootstrap account.
    case 7: static_cast<void>(device.engine().bootstrap()); break;
    default: device.engine().update(); break;
  }
  arm_device(index);
}

void Fleet::crash(std::uint32_t host) {
  network_.trace(std::to_string(host) + " crashes", now_);
  host == kBootstrapHost ? bootstrap_.crash() : servers_[host]->crash();
  server_armed_[host] = kNever;
  queue_.push(now_ + dice_.between(Millis(50), plan_.longest_outage), {kRestart, host});
  plan_next(kCrash, host,
            {plan_.longest_outage + plan_.crashes.least, plan_.longest_outage + plan_.crashes.most});
}

void Fleet::restart(std::uint32_t host) {
  network_.trace(std::to_string(host) + " starts", now_);
  if (host == kBootstrapHost) {
    bootstrap_.start(now_);
  } else {
    servers_[host]->start(now_);
    check_survivors(host);
  }
  arm_server(host);
}

/// Whoever holds the answer to a Register finds its registration again.
void Fleet::check_survivors(std::uint32_t server) {
  for (const auto& device : devices_) {
    if (server >= device->servers()) continue;
    const std::string location = device->location(server);
    const auto id = server::RegistrationId::parse(location);
    if (!id || servers_[server]->ended(*id)) continue;
    const auto registration = servers_[server]->engine().get(*id);
    invariants_.hold(registration && registration->endpoint == device->endpoint(), Rule::kSurvivesCrash, now_,
                     device->endpoint() + " at " + location);
  }
}

void Fleet::come_to_rest() {
  resting_ = true;
  network_.weather = Weather{};
  for (std::uint32_t i = 0; i < plan_.devices; ++i) network_.partition(i + kFirstDeviceHost, false);
  for (std::uint32_t host = 0; host < kFirstDeviceHost; ++host) {
    if (!runs(host)) restart(host);
  }
  for (std::uint32_t i = 0; i < plan_.devices; ++i) {
    if (left_[i]) devices_[i]->engine().register_now();
    arm_device(i);
  }
}

void Fleet::check_agreement() {
  if (invariants_.enough()) return;
  invariants_.hold(invariants_.waiting() == 0, Rule::kOneResult, now_,
                   std::to_string(invariants_.waiting()) + " still wait for one");
  for (const auto& server : servers_) {
    const server::EngineStatistics statistics = server->engine().statistics();
    invariants_.hold(statistics.operations == 0, Rule::kPoolsEmpty, now_, "operations");
    invariants_.hold(statistics.queued == 0, Rule::kPoolsEmpty, now_, "queued operations");
    invariants_.hold(!server->commits(), Rule::kPoolsEmpty, now_, "the store's queue");
  }
  invariants_.hold(bootstrap_.sessions() == 0, Rule::kPoolsEmpty, now_, "bootstrap sessions");
  for (std::uint32_t i = 0; i < plan_.devices; ++i) check_device(i);
}

void Fleet::check_device(std::uint32_t index) {
  DeviceNode& device = *devices_[index];
  std::size_t observations = 0;
  for (std::uint32_t server = 0; server < device.servers(); ++server) {
    check_registration({index, server});
    const auto id = servers_[server]->engine().find(device.endpoint());
    if (!id) continue;
    servers_[server]->engine().for_each_observation(
        *id, [&](server::ObservationId, const server::Observed&) { ++observations; });
  }
  invariants_.hold(device.engine().observations() == observations, Rule::kAgreeObserved, now_,
                   device.endpoint() + ": the device knows " +
                       std::to_string(device.engine().observations()) + ", the servers " +
                       std::to_string(observations));
}

void Fleet::check_registration(Pair pair) {
  DeviceNode& device = *devices_[pair.device];
  const auto id = servers_[pair.server]->engine().find(device.endpoint());
  const std::string location = device.location(pair.server);
  const auto text = id ? id->text() : server::RegistrationId::Text{};
  const bool agree = id && std::string_view(text.data(), text.size()) == location;
  invariants_.hold(agree, Rule::kAgreeRegistered, now_,
                   device.endpoint() + " at '" + location + "', server " + std::to_string(pair.server) +
                       " has '" + (id ? std::string(text.data(), text.size()) : "") + "', state " +
                       std::to_string(static_cast<int>(device.engine().state(short_server_id(pair.server)))));
  if (agree) check_values(pair, *id);
}

void Fleet::check_values(Pair pair, server::RegistrationId registration) {
  DeviceNode& device = *devices_[pair.device];
  const ServerNode& server = *servers_[pair.server];
  servers_[pair.server]->engine().for_each_observation(registration, [&](server::ObservationId id,
                                                                         const server::Observed& observed) {
    const lwm2m::Path& path = observed.path;
    const std::string name = device.endpoint() + " " + to_text(path);
    invariants_.hold(invariants_.observes(pair, path), Rule::kAgreeObserved, now_,
                     name + ": the device knows nothing of it");
    const ServerNode::Values* values = server.values(id);
    if (values == nullptr) return invariants_.broken(Rule::kLastValue, now_, name + ": none came");
    std::size_t numbers = 0;
    const auto walked =
        device.engine().objects().walk(path, [&](const lwm2m::Record& record) -> Result<void> {
          if (!record.value.numeric()) return {};
          ++numbers;
          const auto found = values->find(record.path);
          invariants_.hold(found != values->end() && found->second == record.value.to_double(),
                           Rule::kLastValue, now_, name + ": " + to_text(record.path));
          return {};
        });
    invariants_.hold(walked && numbers == values->size(), Rule::kLastValue, now_, name + ": other resources");
  });
}

/// All devices say goodbye; what is left afterwards has leaked.
void Fleet::leave() {
  for (std::uint32_t i = 0; i < plan_.devices; ++i) {
    devices_[i]->engine().deregister();
    arm_device(i);
  }
  run_until(now_ + kEverything);
  if (invariants_.enough()) return;
  const auto empty = [&](bool holds, const std::string& what) {
    invariants_.hold(holds, Rule::kPoolsEmpty, now_, what);
  };
  for (const auto& server : servers_) {
    const server::EngineStatistics left = server->engine().statistics();
    empty(left.registrations == 0, "registrations");
    empty(left.observations == 0, "observations");
    empty(left.operations == 0, "operations");
    empty(left.object_lists == 0, "object lists");
    server->links().reclaim(server->engine(), now_);
    empty(server->links().size() == 0, std::to_string(server->links().size()) + " links of a server");
  }
  for (const auto& device : devices_) {
    empty(device->engine().observations() == 0, device->endpoint() + ": observations");
    empty(device->next_deadline() == kNever, device->endpoint() + ": it still waits for something");
  }
}

ServerCounts Fleet::servers() const noexcept {
  ServerCounts sum;
  for (const auto& server : servers_) sum += server->counts();
  return sum;
}

std::uint64_t Fleet::unheard() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& device : devices_) sum += device->unheard();
  return sum;
}

}  // namespace linnet::simulation
