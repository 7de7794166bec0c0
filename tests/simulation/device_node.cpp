// SPDX-License-Identifier: Apache-2.0
#include "device_node.hpp"

#include <charconv>

#include "linnet/lwm2m/codec.hpp"
#include "linnet/lwm2m/execute_arguments.hpp"

namespace linnet::simulation {

namespace {

/// The number of an Execute: its only argument, `0='17'`.
std::uint32_t serial_of(std::string_view arguments) {
  lwm2m::ExecuteArgumentReader reader(arguments);
  const auto argument = reader.next();
  std::uint32_t serial = 0;
  if (argument && *argument) {
    const std::string_view text = (*argument)->value.value_or("");
    std::from_chars(text.data(), text.data() + text.size(), serial);
  }
  return serial;
}

}  // namespace

DeviceNode::DeviceNode(std::uint32_t index, const Plan& plan, Network& network, Invariants& invariants)
    : index_(index),
      plan_(plan),
      network_(network),
      invariants_(invariants),
      dice_(plan.seed * 1'000'003 + index),
      endpoint_("device-" + std::to_string(index)),
      address_{index + 1, 0},
      lifetime_(std::chrono::floor<Seconds>(dice_.between(plan.lifetime.least, plan.lifetime.most))),
      memory_(client::Engine::memory_needed(config())) {
  if (config().confirmable_notifications) invariants_.confirms_all(index);
}

client::Config DeviceNode::config() const {
  client::Config config;
  config.endpoint = endpoint_;
  config.codecs = lwm2m::all_codecs();
  config.confirmable_notifications = plan_.confirmable_notifications && index_ % 2 == 1;
  config.confirm_after = plan_.confirm_after;
  return config;
}

void DeviceNode::start(Instant now) {
  invariants_.device_stopped(index_);
  now_ = now;
  engine_.reset();
  objects_ = std::make_unique<Objects>();
  client::ServerInstance& account = *objects_->servers.add(0);
  account.short_server_id = kServer;
  account.lifetime = static_cast<std::int32_t>(lifetime_.count());
  account.default_pmin = static_cast<std::int32_t>(plan_.default_pmin);
  account.default_pmax = static_cast<std::int32_t>(plan_.default_pmax);
  account.retry_timer = 10;
  account.sequence_delay = 120;
  objects_->device.add(0)->manufacturer = "linnet";
  objects_->temperature.add(0);
  objects_->ledger.add(0);

  Arena arena(memory_);
  engine_.emplace();
  const auto ready = engine_->init(config(), arena, *this, dice_, objects_->all, this);
  if (!ready) std::abort();
  // A device that boots knows nothing of the time before.
  if (!engine_->connect(kServer, coap::LinkId{0})) std::abort();
}

void DeviceNode::receive(const Datagram& datagram, Instant now) {
  if (datagram.to != address_) return;
  now_ = now;
  idle_steps_ = 0;
  request_ = datagram.bytes;
  engine_->receive(coap::LinkId{0}, datagram.bytes, now + clock_);
  request_ = {};
}

void DeviceNode::step(Instant now) {
  now_ = now;
  (void)engine_->step(now + clock_);
  invariants_.stepped(idle_steps_, next_deadline(), now, endpoint_);
}

void DeviceNode::jump(Millis by, Instant now) {
  // What passed since it looked at its clock last would be lost to any device.
  step(now);
  clock_ += by;
  skipped_ += std::max(by, Millis(0));
  if (by > Millis(0)) invariants_.device_jumped(index_, engine_time(now));
  step(now);
}

void DeviceNode::move_value(Instant now) {
  now_ = now;
  // Now and then the same value again.
  client::measure(objects_->temperature, 0, 15.0 + dice_.below(40) * 0.25);
}

std::string DeviceNode::location() const {
  std::array<std::uint8_t, client::Location::kMaxSize + 1> text;
  const std::string_view whole = engine_->location(kServer, text);
  return std::string(whole.substr(whole.rfind('/') + 1));
}

ByteSpan DeviceNode::prepare(coap::LinkId /*link*/, std::size_t size) noexcept {
  buffer_.resize(std::max(size, buffer_.size()));
  return ByteSpan(buffer_).first(size);
}

void DeviceNode::send(coap::LinkId /*link*/, std::size_t size) noexcept {
  const ByteView datagram = ByteView(buffer_).first(size);
  invariants_.hold(size <= traits_.max_message, Rule::kFits, now_, endpoint_);
  invariants_.sent_by_device(index_, datagram, engine_time(now_));
  network_.send(address_, kServerAddress, datagram, now_);
}

void DeviceNode::on_event(const client::Event& event) noexcept {
  using client::EventType;
  switch (event.type) {
    case EventType::kRegistered:
    case EventType::kUpdated: return invariants_.registered(index_, lifetime_);
    case EventType::kRegistrationFailed:
    case EventType::kRegistrationGaveUp:
    case EventType::kDeregistered: return invariants_.not_registered(index_);
    case EventType::kWritten:
      if (event.path.object() == Ledger::kId && event.path.resource() == Ledger::kSerial) {
        invariants_.effect(index_, static_cast<std::uint32_t>(event.value.as_integer()), now_);
      }
      return;
    case EventType::kExecuted: return invariants_.effect(index_, serial_of(event.text), now_);
    case EventType::kDeleted: return invariants_.deleted(index_, event.path);
    case EventType::kAttributesWritten: return invariants_.attributes_written(index_, event.path, request_);
    case EventType::kObserved: return invariants_.observed(index_, event.path, request_, engine_time(now_));
    case EventType::kCancelled: return invariants_.cancelled(index_, event.path);
    default: return;
  }
}

}  // namespace linnet::simulation
