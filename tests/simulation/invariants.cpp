// SPDX-License-Identifier: Apache-2.0
#include "invariants.hpp"

#include "linnet/coap/message.hpp"

namespace linnet::simulation {

std::string to_text(const lwm2m::Path& path) {
  std::array<std::uint8_t, lwm2m::Path::kMaxText> text;
  ByteWriter out(text);
  path.write(out);
  return std::string(as_text(out.written()));
}

namespace {

std::string device_text(std::uint32_t device) {
  return "device " + std::to_string(device) + ": ";
}

std::string seconds_text(Millis span) {
  return std::to_string(static_cast<double>(span.count()) / 1000) + " s";
}

}  // namespace

void Invariants::broken(Rule rule, Instant now, const std::string& detail) {
  if (enough()) return;
  const RuleText& text = kRules[static_cast<std::size_t>(rule)];
  broken_.push_back("at " + seconds_text(now.time_since_epoch()) + ": " + std::string(text.sentence) + " (" +
                    std::string(text.source) + "): " + detail);
}

std::uint32_t Invariants::new_serial() {
  effects_.emplace_back();
  return static_cast<std::uint32_t>(effects_.size() - 1);
}

/// What a device remembers of messages goes with its power: then it may do again what it did.
void Invariants::effect(std::uint32_t device, std::uint32_t serial, Instant now) {
  if (serial == 0 || serial >= effects_.size()) return;
  Effect& effect = effects_[serial];
  if (effect.boot != devices_[device].boots) effect = Effect{0, devices_[device].boots};
  ++effect.count;
  hold(effect.count == 1, Rule::kOnce, now, device_text(device) + "operation " + std::to_string(serial));
}

void Invariants::result(server::OperationId id, bool success, Instant now) {
  const auto found = waiting_.find(id);
  if (found == waiting_.end()) {
    return broken(Rule::kOneResult, now, "a result that nothing waits for");
  }
  const std::uint32_t serial = found->second;
  waiting_.erase(found);
  if (serial != 0 && success) {
    hold(effects_[serial].count == 1, Rule::kDone, now, "operation " + std::to_string(serial));
  }
}

lwm2m::Attributes Invariants::attributes(const Device& device, const lwm2m::Path& path) const {
  lwm2m::Attributes merged;
  for (std::size_t depth = path.depth(); depth > 0; --depth) {
    const auto found = device.attributes.find(path.prefix(depth));
    if (found != device.attributes.end()) merged = lwm2m::inherit(merged, found->second);
  }
  return lwm2m::effective(lwm2m::inherit(merged, defaults));
}

void Invariants::observed(std::uint32_t device, const lwm2m::Path& path, ByteView request, Instant now) {
  const auto message = coap::Message::decode(request);
  if (!message) return;
  Observation& observation = devices_[device].observations[path];
  // Asked again with the same token: what is in flight stays in flight.
  const bool again = observation.token == message->token();
  const auto in_flight = again ? observation.message : std::nullopt;
  observation = Observation{message->token(), now, in_flight, false, now, false};
}

void Invariants::cancelled(std::uint32_t device, const lwm2m::Path& path) {
  devices_[device].observations.erase(path);
}

void Invariants::attributes_written(std::uint32_t device, const lwm2m::Path& path, ByteView request) {
  const auto message = coap::Message::decode(request);
  if (!message) return;
  lwm2m::Attributes& attributes = devices_[device].attributes[path];
  for (const coap::Option& option : message->options()) {
    if (option.number != coap::OptionNumber::kUriQuery) continue;
    if (const auto write = lwm2m::parse_attribute_write(option.text())) attributes.apply(*write);
  }
}

void Invariants::device_stopped(std::uint32_t device) {
  Device fresh;
  fresh.confirms_all = devices_[device].confirms_all;
  fresh.boots = devices_[device].boots + 1;
  devices_[device] = std::move(fresh);
}

/// Attributes go with the instance that they were written to.
void Invariants::deleted(std::uint32_t device, const lwm2m::Path& path) {
  for (auto& [observed, observation] : devices_[device].observations) {
    observation.ended = observation.ended || path.contains(observed);
  }
  std::erase_if(devices_[device].attributes, [&](const auto& row) { return path.contains(row.first); });
}

void Invariants::sent_by_device(std::uint32_t index, ByteView datagram, Instant now) {
  const auto message = coap::Message::decode(datagram);
  if (!message) return;
  Device& device = devices_[index];
  if (message->code() == coap::Code::kPost) device.refresh_sent = now;
  if (message->code() != coap::Code::kContent || message->type() == coap::Type::kAcknowledgement) return;
  for (auto& [path, observation] : device.observations) {
    if (observation.token != message->token()) continue;
    if (observation.message == message->message_id()) return;  // sent again
    const Seconds pmin{attributes(device, path).pmin.value_or(0)};
    hold(now - observation.last >= pmin, Rule::kPmin, now,
         device_text(index) + to_text(path) + " after " + seconds_text(now - observation.last));
    observation.last = now;
    observation.message = message->message_id();
    observation.confirmable = message->type() == coap::Type::kConfirmable;
    if (observation.confirmable) observation.confirmed = now;
    return;
  }
}

void Invariants::sweep(std::uint32_t index, Instant now) {
  const Device& device = devices_[index];
  if (!device.lifetime) return;
  hold(now <= std::max(device.refresh_sent + *device.lifetime, device.jumped + kConfirmable),
       Rule::kLifetimeRefreshed, now,
       device_text(index) + "after " + seconds_text(now - device.refresh_sent));
  for (const auto& [path, observation] : device.observations) {
    const lwm2m::Attributes effective = attributes(device, path);
    if (observation.ended || effective.pmax.value_or(0) == 0) continue;
    const bool may_wait = device.confirms_all || observation.confirmable ||
                          now - observation.confirmed >= confirm_after - Seconds(100);
    const Instant due = std::max(observation.last + Seconds(*effective.pmax), device.jumped);
    hold(now <= due + (may_wait ? kConfirmable : Seconds(1)), Rule::kPmax, now,
         device_text(index) + to_text(path) + " after " + seconds_text(now - observation.last));
  }
}

void Invariants::stepped(std::uint32_t& idle_steps, Instant next, Instant now, const std::string& who) {
  idle_steps = next <= now ? idle_steps + 1 : 0;
  if (idle_steps == kMaxIdleSteps) broken(Rule::kNoBusyLoop, now, who);
}

}  // namespace linnet::simulation
