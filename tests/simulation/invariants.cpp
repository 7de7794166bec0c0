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

std::string pair_text(Pair pair) {
  return "device " + std::to_string(pair.device) + ", server " + std::to_string(pair.server) + ": ";
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
  if (effect.boot != devices_[device].boots) effect = Effect{0, devices_[device].boots, effect.repeats};
  ++effect.count;
  hold(effect.count == 1 || effect.repeats, Rule::kOnce, now,
       device_text(device) + "operation " + std::to_string(serial));
}

void Invariants::result(std::uint32_t server, server::OperationId id, bool success, Instant now) {
  const auto found = waiting_.find({server, id});
  if (found == waiting_.end()) {
    return broken(Rule::kOneResult, now, "a result that nothing waits for");
  }
  const std::uint32_t serial = found->second;
  waiting_.erase(found);
  if (serial != 0 && success) {
    hold(effects_[serial].count == 1, Rule::kDone, now, "operation " + std::to_string(serial));
  }
}

lwm2m::Attributes Invariants::attributes(const Account& account, const lwm2m::Path& path) const {
  lwm2m::Attributes merged;
  for (std::size_t depth = path.depth(); depth > 0; --depth) {
    const auto found = account.attributes.find(path.prefix(depth));
    if (found != account.attributes.end()) merged.inherit(found->second);
  }
  merged.inherit(defaults);
  merged.drop_contradictions();
  return merged;
}

void Invariants::observed(Pair pair, const lwm2m::Path& path, ByteView request, Instant now) {
  const auto message = coap::Message::decode(request);
  if (!message) return;
  auto& rows = account(pair).observations;
  auto row = std::ranges::find_if(
      rows, [&](const Observation& known) { return known.path == path && known.token == message->token(); });
  const auto in_flight = row == rows.end() ? std::nullopt : row->message;
  if (row == rows.end()) row = rows.insert(rows.end(), Observation{});
  *row = Observation{};
  row->path = path;
  row->token = message->token();
  row->live = true;
  row->last = row->confirmed = now;
  row->message = in_flight;  // it stays in flight
}

void Invariants::cancelled(Pair pair, const lwm2m::Path& path) {
  for (Observation& row : account(pair).observations) row.live = row.live && row.path != path;
}

void Invariants::attributes_written(Pair pair, const lwm2m::Path& path, ByteView request) {
  const auto message = coap::Message::decode(request);
  if (!message) return;
  lwm2m::Attributes& attributes = account(pair).attributes[path];
  for (const coap::Option& option : message->options()) {
    if (option.number != coap::OptionNumber::kUriQuery) continue;
    if (const auto write = lwm2m::parse_attribute_write(option.text())) attributes.apply(*write);
  }
}

void Invariants::device_stopped(std::uint32_t device) {
  Device fresh;
  fresh.confirms_all = devices_[device].confirms_all;
  fresh.boots = devices_[device].boots + 1;
  fresh.bootstrapped = devices_[device].bootstrapped;
  fresh.bootstrap_finished = devices_[device].bootstrap_finished;
  devices_[device] = std::move(fresh);
}

/// Attributes go with the instance that they were written to.
void Invariants::deleted(std::uint32_t device, const lwm2m::Path& path) {
  for (Account& account : devices_[device].accounts) {
    for (Observation& row : account.observations) row.ended = row.ended || path.contains(row.path);
    std::erase_if(account.attributes, [&](const auto& row) { return path.contains(row.first); });
  }
}

void Invariants::sent_by_device(Pair pair, ByteView datagram, Instant now) {
  const auto message = coap::Message::decode(datagram);
  if (!message) return;
  Account& to = account(pair);
  if (message->code() == coap::Code::kPost) to.refresh_sent = now;
  if (message->code() != coap::Code::kContent || message->type() == coap::Type::kAcknowledgement) return;
  for (Observation& row : to.observations) {
    if (row.token != message->token()) continue;
    if (row.message == message->message_id() || !row.live) return;  // sent again
    const Seconds pmin{attributes(to, row.path).seconds(lwm2m::AttributeName::kPmin)};
    hold(now - row.last >= pmin, Rule::kPmin, now,
         pair_text(pair) + to_text(row.path) + " after " + seconds_text(now - row.last));
    row.last = now;
    row.message = message->message_id();
    row.confirmable = message->type() == coap::Type::kConfirmable;
    if (row.confirmable) row.confirmed = now;
    return;
  }
}

void Invariants::sweep(std::uint32_t index, Instant now) {
  const Device& device = devices_[index];
  // It speaks to no other server until its bootstrap is over.
  if (device.bootstrapping) return;
  for (std::uint32_t server = 0; server < kMostServers; ++server) {
    sweep({index, server}, device.accounts[server], now);
  }
}

void Invariants::sweep(Pair pair, const Account& account, Instant now) {
  if (!account.lifetime) return;
  const Device& device = devices_[pair.device];
  hold(now <= std::max(account.refresh_sent + *account.lifetime, device.jumped + kConfirmable),
       Rule::kLifetimeRefreshed, now, pair_text(pair) + "after " + seconds_text(now - account.refresh_sent));
  const auto in_time = [&](const Observation& row) {
    const Seconds pmax{attributes(account, row.path).seconds(lwm2m::AttributeName::kPmax)};
    if (!row.live || row.ended || pmax == Seconds(0)) return true;
    const bool may_wait =
        device.confirms_all || row.confirmable || now - row.confirmed >= confirm_after - Seconds(100);
    const Instant due = std::max(row.last + pmax, device.jumped);
    return now <= due + (may_wait ? kConfirmable : Seconds(1));
  };
  for (const Observation& row : account.observations) {
    // Of two tokens of one path the server may have reset either.
    const bool told =
        in_time(row) || std::ranges::any_of(account.observations, [&](const Observation& other) {
          return other.live && other.path == row.path && in_time(other);
        });
    hold(told, Rule::kPmax, now,
         pair_text(pair) + to_text(row.path) + " after " + seconds_text(now - row.last));
  }
}

// Queued operations.

void Invariants::offered(std::uint32_t server, const server::QueuedOperation& operation,
                         std::uint32_t serial) {
  Held held;
  held.endpoint = operation.endpoint;
  held.serial = serial;
  held.expires = operation.expires;
  effects_[serial].repeats = operation.unanswered == server::Unanswered::kRepeat;
  held_.emplace(HeldKey(server, operation.id), std::move(held));
}

void Invariants::queued(std::uint32_t server, const server::QueuedOperation& operation, Instant now) {
  const auto found = held_.find({server, operation.id});
  if (found == held_.end()) return broken(Rule::kOneResult, now, "queued again after its result");
  found->second.accepted = true;
  found->second.sent = false;
  found->second.leaving = false;
}

void Invariants::started(std::uint32_t server, const server::QueuedOperation& operation, Instant now) {
  const auto found = held_.find({server, operation.id});
  if (found == held_.end()) return broken(Rule::kOneResult, now, "started after its result");
  hold(found->second.accepted, Rule::kQueueOrder, now, "started before it was accepted");
  for (auto at = held_.lower_bound({server, server::QueuedId{}});
       at != held_.end() && at->first.first == server; ++at) {
    if (at == found || at->second.endpoint != found->second.endpoint) continue;
    hold(!at->second.sent, Rule::kQueueOrder, now, found->second.endpoint + ": another is under way");
    hold(found->first < at->first, Rule::kQueueOrder, now, found->second.endpoint + ": an older one waits");
  }
  found->second.sent = true;
}

void Invariants::finished(std::uint32_t server, const server::QueuedOperation& operation, Instant now) {
  const auto found = held_.find({server, operation.id});
  if (found == held_.end()) return broken(Rule::kOneResult, now, "a queued operation ends twice");
  const Held& held = found->second;
  // A device that goes takes with it what is still on its way to the store.
  const bool refused = operation.state == server::QueuedState::kRefused;
  const bool cancelled = operation.state == server::QueuedState::kCancelled;
  hold(refused ? !held.accepted : held.accepted || cancelled, Rule::kOneResult, now,
       held.endpoint + ": refused, or ended unaccepted");
  if (operation.state == server::QueuedState::kExpired) {
    // A restart knows the second alone.
    hold(now + Seconds(1) >= held.expires, Rule::kQueueExpiry, now,
         held.endpoint + ": " + seconds_text(held.expires - now) + " too soon");
  }
  if (operation.state == server::QueuedState::kDone && operation.result.success() && held.serial != 0) {
    hold(effects_[held.serial].count >= 1, Rule::kDone, now,
         held.endpoint + ": queued operation " + std::to_string(held.serial));
  }
  ended_.insert(held_.extract(found));
}

void Invariants::leaving(std::uint32_t server, server::QueuedId id) {
  const auto found = held_.find({server, id});
  if (found != held_.end()) found->second.leaving = true;
}

/// What had ended may come back where its end had not reached the disk: then it ends again.
void Invariants::restored(std::uint32_t server, server::QueuedId id) {
  if (auto back = ended_.extract({server, id})) held_.insert(std::move(back));
  Held& held = held_[{server, id}];
  held.accepted = true;
  held.restored = true;
}

void Invariants::all_restored(std::uint32_t server, Instant now) {
  for (auto at = held_.lower_bound({server, server::QueuedId{}});
       at != held_.end() && at->first.first == server;) {
    Held& held = at->second;
    hold(held.restored || held.leaving, Rule::kQueueSurvives, now, held.endpoint);
    const bool gone = !held.restored;
    held.restored = held.leaving = false;
    const auto entry = at++;
    if (gone) ended_.insert(held_.extract(entry));
  }
}

void Invariants::sweep_queue(std::uint32_t server, Instant now) {
  for (auto at = held_.lower_bound({server, server::QueuedId{}});
       at != held_.end() && at->first.first == server; ++at) {
    hold(now <= at->second.expires + kConfirmable, Rule::kQueueExpiry, now,
         at->second.endpoint + ": late by " + seconds_text(now - at->second.expires));
  }
}

void Invariants::server_crashed(std::uint32_t server) {
  std::erase_if(waiting_, [&](const auto& row) { return row.first.first == server; });
  for (auto at = held_.lower_bound({server, server::QueuedId{}});
       at != held_.end() && at->first.first == server;) {
    at->second.sent = false;
    const auto entry = at++;
    // Nobody was told that it was accepted: it may have reached the disk or not.
    if (!entry->second.accepted) ended_.insert(held_.extract(entry));
  }
}

// Bootstrap.

void Invariants::bootstrapping(std::uint32_t device, std::string accounts) {
  devices_[device].bootstrapping = true;
  devices_[device].accounts_before = std::move(accounts);
}

void Invariants::bootstrapped(std::uint32_t index, bool as_configured, Instant now) {
  ++bootstraps_;
  Device& device = devices_[index];
  ++device.bootstrapped;
  device.bootstrapping = false;
  device.jumped = now;
  for (Account& account : device.accounts) account.lifetime.reset();
  hold(as_configured, Rule::kBootstrapWhole, now, device_text(index) + "other accounts than configured");
}

void Invariants::bootstrap_failed(std::uint32_t index, const std::string& accounts, Instant now) {
  Device& device = devices_[index];
  device.bootstrapping = false;
  device.jumped = now;
  for (Account& account : device.accounts) account.lifetime.reset();
  hold(accounts == device.accounts_before, Rule::kBootstrapWhole, now,
       device_text(index) + "had " + device.accounts_before + ", has " + accounts);
}

void Invariants::bootstrap_finished(std::uint32_t index, Instant now) {
  Device& device = devices_[index];
  ++device.bootstrap_finished;
  hold(device.bootstrap_finished <= device.bootstrapped, Rule::kBootstrapAgrees, now, device_text(index));
}

void Invariants::stepped(std::uint32_t& idle_steps, Instant next, Instant now, const std::string& who) {
  idle_steps = next <= now ? idle_steps + 1 : 0;
  if (idle_steps == kMaxIdleSteps) broken(Rule::kNoBusyLoop, now, who);
}

}  // namespace linnet::simulation
