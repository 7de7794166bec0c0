// SPDX-License-Identifier: Apache-2.0
#include "device_node.hpp"

#include <charconv>

#include "bootstrap_node.hpp"
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
      address_{index + kFirstDeviceHost, 0},
      lifetime_(std::chrono::floor<Seconds>(dice_.between(plan.lifetime.least, plan.lifetime.most))),
      memory_(client::Engine::memory_needed(config())) {
  // Notifications of one with a Connector may have to wait for a link.
  if (config().confirmable_notifications || Plan::bootstraps(index)) invariants_.confirms_all(index);
}

client::Config DeviceNode::config() const {
  client::Config config;
  config.endpoint = endpoint_;
  config.codecs = lwm2m::all_codecs();
  config.confirmable_notifications = plan_.confirmable_notifications && index_ % 2 == 1;
  config.confirm_after = plan_.confirm_after;
  config.queue_mode = Plan::sleeps(index_);
  config.max_servers = kMostServers;
  config.max_observations = 16;
  config.max_attributes = 16;
  // A queue that is done in a second must not push out what the network still holds back.
  config.coap.recent_requests = 8;
  if (Plan::bootstraps(index_)) config.connector = const_cast<DeviceNode*>(this);
  return config;
}

/// What is burnt into a new device: a bootstrap server, or its servers.
void DeviceNode::add_accounts() {
  if (Plan::bootstraps(index_)) {
    Security& account = *objects_->security.add(0);
    account.uri.assign("coap://bootstrap.example");
    account.bootstrap_server = true;
    return;
  }
  for (std::uint32_t server = 0; server < servers(); ++server) {
    client::ServerInstance& account = *objects_->servers.add(static_cast<client::InstanceId>(server));
    account.short_server_id = short_server_id(server);
    account.lifetime = static_cast<std::int32_t>(lifetime_.count());
    account.default_pmin = static_cast<std::int32_t>(plan_.default_pmin);
    account.default_pmax = static_cast<std::int32_t>(plan_.default_pmax);
    account.retry_timer = 10;
    account.sequence_delay = 120;
  }
}

void DeviceNode::start(Instant now) {
  invariants_.device_stopped(index_);
  now_ = now;
  engine_.reset();
  objects_ = std::make_unique<Objects>();
  add_accounts();
  objects_->device.add(0)->manufacturer = "linnet";
  objects_->temperature.add(0);
  objects_->ledger.add(0);

  Arena arena(memory_);
  engine_.emplace();
  const bool bootstraps = Plan::bootstraps(index_);
  const auto objects = std::span<client::Object* const>(objects_->all).subspan(bootstraps ? 0 : 1);
  const auto ready = engine_->init(config(), arena, *this, dice_, objects, this);
  if (!ready) std::abort();
  if (bootstraps) return;
  // A device that boots knows nothing of the time before.
  for (std::uint32_t server = 0; server < servers(); ++server) {
    if (!engine_->connect(short_server_id(server), coap::LinkId{server})) std::abort();
  }
}

/// The link to a host has the host's number.
void DeviceNode::open(client::ShortServerId server, client::InstanceId security,
                      lwm2m::Binding /*transport*/) noexcept {
  const std::uint32_t host =
      server == client::kBootstrapServer ? kBootstrapHost : static_cast<std::uint32_t>(server - 1);
  if (host != kBootstrapHost) {
    const Security* account = objects_->security.get(security);
    invariants_.hold(account != nullptr && account->uri.view() == server_account(host, lifetime_).uri,
                     Rule::kBootstrapWhole, now_, endpoint_ + ": another server's address");
  }
  if (!engine_->connect(server, coap::LinkId{host})) {
    invariants_.broken(Rule::kBootstrapWhole, now_, endpoint_ + ": a link that it did not want");
  }
}

void DeviceNode::receive(const Datagram& datagram, Instant now) {
  if (datagram.to != address_) return;
  now_ = now;
  // Its radio is off where it may be.
  if (Plan::sleeps(index_) && engine_->sleep_advice().radio_until <= now + clock_) {
    ++unheard_;
    return;
  }
  idle_steps_ = 0;
  request_ = datagram.bytes;
  engine_->receive(coap::LinkId{datagram.from.host}, datagram.bytes, now + clock_);
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

std::string DeviceNode::location(std::uint32_t server) const {
  std::array<std::uint8_t, client::Location::kMaxSize + 1> text;
  const std::string_view whole = engine_->location(short_server_id(server), text);
  return std::string(whole.substr(whole.rfind('/') + 1));
}

ByteSpan DeviceNode::prepare(coap::LinkId /*link*/, std::size_t size) noexcept {
  buffer_.resize(std::max(size, buffer_.size()));
  return ByteSpan(buffer_).first(size);
}

void DeviceNode::send(coap::LinkId link, std::size_t size) noexcept {
  const ByteView datagram = ByteView(buffer_).first(size);
  invariants_.hold(size <= traits_.max_message, Rule::kFits, now_, endpoint_);
  const std::uint32_t host = coap::index(link);
  if (host < kMostServers) invariants_.sent_by_device({index_, host}, datagram, engine_time(now_));
  network_.send(address_, {host, 0}, datagram, now_);
}

/// What objects 0 and 1 hold, as a text to compare.
std::string DeviceNode::accounts() {
  std::string text;
  for (client::InstanceId i = 0; i <= kMostServers; ++i) {
    if (const Security* account = objects_->security.get(i)) {
      text += "/0/" + std::to_string(i) + " " + std::string(account->uri.view()) + " ";
    }
    if (const client::ServerInstance* account = objects_->servers.get(i)) {
      text += "/1/" + std::to_string(i) + " " + std::to_string(account->short_server_id) + " " +
              std::to_string(account->lifetime) + " ";
    }
  }
  return text;
}

bool DeviceNode::as_configured() {
  for (std::uint32_t server = 0; server < kMostServers; ++server) {
    const ServerAccount wanted = server_account(server, lifetime_);
    const auto instance = static_cast<client::InstanceId>(wanted.instance);
    const Security* where = objects_->security.get(instance);
    const client::ServerInstance* how = objects_->servers.get(instance);
    if (server >= servers()) {
      if (where != nullptr || how != nullptr) return false;
    } else if (where == nullptr || how == nullptr || where->uri.view() != wanted.uri ||
               how->short_server_id != short_server_id(server) || how->lifetime != lifetime_.count()) {
      return false;
    }
  }
  const Security* bootstrap = objects_->security.get(0);
  return bootstrap != nullptr && bootstrap->bootstrap_server;
}

void DeviceNode::on_event(const client::Event& event) noexcept {
  using client::EventType;
  const Pair pair{index_, event.server == client::kBootstrapServer || event.server == 0
                              ? 0
                              : static_cast<std::uint32_t>(event.server - 1)};
  switch (event.type) {
    case EventType::kRegistered:
    case EventType::kUpdated: return invariants_.registered(pair, lifetime_);
    case EventType::kRegistrationFailed:
    case EventType::kRegistrationGaveUp:
    case EventType::kDeregistered: return invariants_.not_registered(pair);
    case EventType::kBootstrapping: return invariants_.bootstrapping(index_, accounts());
    case EventType::kBootstrapped:
      return invariants_.bootstrapped(index_, as_configured(), engine_time(now_));
    case EventType::kBootstrapFailed:
      return invariants_.bootstrap_failed(index_, accounts(), engine_time(now_));
    case EventType::kWritten:
      if (event.path.object() == Ledger::kId && event.path.resource() == Ledger::kSerial) {
        invariants_.effect(index_, static_cast<std::uint32_t>(event.value.as_integer()), now_);
      }
      return;
    case EventType::kExecuted: return invariants_.effect(index_, serial_of(event.text), now_);
    case EventType::kDeleted: return invariants_.deleted(index_, event.path);
    case EventType::kAttributesWritten: return invariants_.attributes_written(pair, event.path, request_);
    case EventType::kObserved: return invariants_.observed(pair, event.path, request_, engine_time(now_));
    case EventType::kCancelled: return invariants_.cancelled(pair, event.path);
    default: return;
  }
}

}  // namespace linnet::simulation
