// SPDX-License-Identifier: Apache-2.0
#include "fleet.hpp"

#include "operations.hpp"

namespace linnet::simulation {

namespace {

constexpr Seconds kTouchEvery{1};
constexpr Seconds kRetryPause{400};   // of devices that could not register: their longest pause, and more
constexpr Seconds kEverything{1200};  // all exchanges, deduplication and separate responses are over

}  // namespace

Fleet::Fleet(const Plan& plan)
    : plan_(plan),
      dice_(plan.seed),
      network_(queue_, kDatagram, plan.seed * 31 + 7),
      invariants_(plan.devices),
      server_(plan_, network_, invariants_),
      device_armed_(plan.devices, kNever),
      left_(plan.devices, false) {
  network_.weather = plan.weather;
  invariants_.defaults.pmin = plan.default_pmin;
  invariants_.defaults.pmax = plan.default_pmax;
  invariants_.confirm_after = plan.confirm_after;
  server_.start(now_);
  for (std::uint32_t i = 0; i < plan.devices; ++i) {
    devices_.push_back(std::make_unique<DeviceNode>(i, plan_, network_, invariants_));
    devices_[i]->start(now_);
    // They do not all wake at once.
    device_armed_[i] = now_ + dice_.between(Millis(0), Millis(60'000));
    queue_.push(device_armed_[i], {kStepDevice, i});
    plan_next(kValue, i, plan_.value_moves);
    plan_next(kOperation, i, plan_.operations);
    plan_next(kMishap, i, plan_.mishaps);
  }
  plan_next(kCrash, 0, plan_.crashes);
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
    case kStepServer: return step_server();
    case kCommit:
      commit_planned_ = false;
      if (!server_.running()) return;
      server_.commit(resting_ ? 0 : plan_.refused_percent, now_);
      return arm_server();
    case kTouch:
      if (server_.running()) server_.touch(now_);
      queue_.push(now_ + kTouchEvery, {kTouch, 0});
      return;
    case kSweep: return sweep();
    case kValue: return move_value(event.subject);
    case kOperation: return operate(event.subject);
    case kMishap: return mishap(event.subject);
    case kHeal: return network_.partition(event.subject, false);
    case kCrash: return crash();
    case kRestart: return restart();
  }
}

void Fleet::deliver(std::uint32_t place) {
  Datagram datagram;
  if (!network_.take(place, datagram)) return;
  if (datagram.to == kServerAddress) {
    if (!server_.running()) return;
    server_.receive(datagram, now_);
    return arm_server();
  }
  const std::uint32_t index = datagram.to.host - 1;
  devices_[index]->receive(datagram, now_);
  arm_device(index);
}

void Fleet::step_device(std::uint32_t index) {
  if (device_armed_[index] != now_) return;
  device_armed_[index] = kNever;
  devices_[index]->step(now_);
  arm_device(index);
}

void Fleet::step_server() {
  if (server_armed_ != now_ || !server_.running()) return;
  server_armed_ = kNever;
  server_.step(now_);
  arm_server();
}

void Fleet::arm_device(std::uint32_t index) {
  const Instant next = std::max(devices_[index]->next_deadline(), now_);
  if (next >= device_armed_[index]) return;
  device_armed_[index] = next;
  queue_.push(next, {kStepDevice, index});
}

void Fleet::arm_server() {
  if (server_.commits() && !commit_planned_) {
    commit_planned_ = true;
    queue_.push(now_ + plan_.commit_delay, {kCommit, 0});
  }
  const Instant next = std::max(server_.next_deadline(), now_);
  if (next >= server_armed_) return;
  server_armed_ = next;
  queue_.push(next, {kStepServer, 0});
}

void Fleet::sweep() {
  for (std::uint32_t i = 0; i < plan_.devices; ++i) invariants_.sweep(i, devices_[i]->engine_time(now_));
  queue_.push(now_ + plan_.sweep_every, {kSweep, 0});
}

void Fleet::move_value(std::uint32_t index) {
  devices_[index]->move_value(now_);
  arm_device(index);
  plan_next(kValue, index, plan_.value_moves);
}

void Fleet::operate(std::uint32_t index) {
  plan_next(kOperation, index, plan_.operations);
  if (!server_.running()) return;
  server_.set_now(now_);
  const auto registration = server_.engine().find(devices_[index]->endpoint());
  if (!registration) return;
  if (dice_.below(1000) == 0) {
    if (!server_.engine().remove(*registration, now_)) std::abort();
  } else {
    perform_random_operation(server_.engine(), *registration, dice_, invariants_, now_);
  }
  arm_server();
}

void Fleet::mishap(std::uint32_t index) {
  plan_next(kMishap, index, plan_.mishaps);
  DeviceNode& device = *devices_[index];
  switch (dice_.below(8)) {
    case 0:
      device.start(now_);
      left_[index] = false;
      break;
    case 1: device.change_address(); break;
    case 2:
      network_.partition(index + 1, true);
      queue_.push(now_ + dice_.between(Millis(1000), plan_.longest_partition), {kHeal, index + 1});
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
    default: device.engine().update(); break;
  }
  arm_device(index);
}

void Fleet::crash() {
  server_.crash();
  server_armed_ = kNever;
  queue_.push(now_ + dice_.between(Millis(50), plan_.longest_outage), {kRestart, 0});
  plan_next(kCrash, 0,
            {plan_.longest_outage + plan_.crashes.least, plan_.longest_outage + plan_.crashes.most});
}

void Fleet::restart() {
  server_.start(now_);
  check_survivors();
  arm_server();
}

/// Whoever holds the answer to a Register finds its registration again.
void Fleet::check_survivors() {
  for (const auto& device : devices_) {
    const std::string location = device->location();
    const auto id = server::RegistrationId::parse(location);
    if (!id || server_.ended(*id)) continue;
    const auto registration = server_.engine().get(*id);
    invariants_.hold(registration && registration->endpoint == device->endpoint(), Rule::kSurvivesCrash, now_,
                     device->endpoint() + " at " + location);
  }
}

void Fleet::come_to_rest() {
  resting_ = true;
  network_.weather = Weather{};
  for (std::uint32_t i = 0; i < plan_.devices; ++i) network_.partition(i + 1, false);
  if (!server_.running()) restart();
  for (std::uint32_t i = 0; i < plan_.devices; ++i) {
    if (left_[i]) devices_[i]->engine().register_now();
    arm_device(i);
  }
}

void Fleet::check_agreement() {
  if (invariants_.enough()) return;
  invariants_.hold(invariants_.waiting() == 0, Rule::kOneResult, now_,
                   std::to_string(invariants_.waiting()) + " still wait for one");
  invariants_.hold(server_.engine().statistics().operations == 0, Rule::kPoolsEmpty, now_, "operations");
  invariants_.hold(!server_.commits(), Rule::kPoolsEmpty, now_, "the store's queue");
  for (std::uint32_t i = 0; i < plan_.devices; ++i) check_device(i);
}

void Fleet::check_device(std::uint32_t index) {
  DeviceNode& device = *devices_[index];
  const auto id = server_.engine().find(device.endpoint());
  const std::string location = device.location();
  const auto text = id ? id->text() : server::RegistrationId::Text{};
  const bool agree = id && std::string_view(text.data(), text.size()) == location;
  invariants_.hold(agree, Rule::kAgreeRegistered, now_,
                   device.endpoint() + " at '" + location + "', the server has '" +
                       (id ? std::string(text.data(), text.size()) : "") + "', state " +
                       std::to_string(static_cast<int>(device.engine().state(kServer))));
  if (agree) check_values(index, *id);
}

void Fleet::check_values(std::uint32_t index, server::RegistrationId registration) {
  DeviceNode& device = *devices_[index];
  std::size_t observations = 0;
  server_.engine().for_each_observation(registration, [&](server::ObservationId id,
                                                          const server::Observed& observed) {
    ++observations;
    const lwm2m::Path& path = observed.path;
    const std::string name = device.endpoint() + " " + to_text(path);
    invariants_.hold(invariants_.observes(index, path), Rule::kAgreeObserved, now_,
                     name + ": the device knows nothing of it");
    const ServerNode::Values* values = server_.values(id);
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
  invariants_.hold(device.engine().observations() == observations, Rule::kAgreeObserved, now_,
                   device.endpoint() + ": the device knows " +
                       std::to_string(device.engine().observations()) + ", the server " +
                       std::to_string(observations));
}

/// All devices say goodbye; what is left afterwards has leaked.
void Fleet::leave() {
  for (std::uint32_t i = 0; i < plan_.devices; ++i) {
    devices_[i]->engine().deregister();
    arm_device(i);
  }
  run_until(now_ + kEverything);
  if (invariants_.enough()) return;
  const server::EngineStatistics left = server_.engine().statistics();
  const auto empty = [&](bool holds, const std::string& what) {
    invariants_.hold(holds, Rule::kPoolsEmpty, now_, what);
  };
  empty(left.registrations == 0, "registrations");
  empty(left.observations == 0, "observations");
  empty(left.operations == 0, "operations");
  empty(left.object_lists == 0, "object lists");
  server_.links().reclaim(server_.engine(), now_);
  empty(server_.links().size() == 0, std::to_string(server_.links().size()) + " links of the server");
  for (const auto& device : devices_) {
    empty(device->engine().observations() == 0, device->endpoint() + ": observations");
    empty(device->next_deadline() == kNever, device->endpoint() + ": it still waits for something");
  }
}

}  // namespace linnet::simulation
