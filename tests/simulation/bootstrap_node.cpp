// SPDX-License-Identifier: Apache-2.0
#include "bootstrap_node.hpp"

#include <array>
#include <charconv>

namespace linnet::simulation {

namespace {

using lwm2m::Path;
using lwm2m::Value;

server::BootstrapEngineConfig engine_config(const Plan& plan) {
  server::BootstrapEngineConfig config;
  config.max_sessions = plan.devices + 4;
  config.endpoint.max_peers = plan.devices * 2 + 64;
  config.endpoint.max_exchanges = plan.devices + 8;
  config.endpoint.max_transfers = 8;
  return config;
}

server::BootstrapWrite writing(const Path& instance,
                               std::initializer_list<std::pair<lwm2m::ResourceId, Value>> values) {
  server::BootstrapWrite write{instance, {}};
  for (const auto& [resource, value] : values) {
    write.records.push_back(
        {Path(instance.object(), instance.instance(), resource), server::OwnedValue(value)});
  }
  return write;
}

}  // namespace

ServerAccount server_account(std::uint32_t server, Seconds lifetime) {
  return {server + 1, "coap://server-" + std::to_string(server) + ".example", lifetime};
}

BootstrapNode::BootstrapNode(const Plan& plan, Network& network, Invariants& invariants)
    : plan_(plan),
      invariants_(invariants),
      dice_(plan.seed * 15'485'863 + 3),
      links_({kBootstrapHost, 0}, network, invariants) {
  links_.set_limit(engine_config(plan).endpoint.max_peers);
}

void BootstrapNode::give(const std::string& endpoint, std::uint32_t servers, Seconds lifetime) {
  server::BootstrapConfiguration configuration;
  configuration.name = endpoint;
  configuration.endpoints = {endpoint};
  configuration.deletions = {Path(0), Path(1)};
  for (const lwm2m::ObjectId object : std::array<lwm2m::ObjectId, 2>{0, 1}) {
    for (std::uint32_t server = 0; server < servers; ++server) {
      const ServerAccount account = server_account(server, lifetime);
      const Path instance(object, static_cast<lwm2m::InstanceId>(account.instance));
      if (object == 0) {
        configuration.writes.push_back(writing(instance, {{0, Value::string(account.uri)},
                                                          {1, Value::boolean(false)},
                                                          {2, Value::integer(3)},
                                                          {10, Value::integer(account.instance)}}));
      } else {
        configuration.writes.push_back(writing(instance, {{0, Value::integer(account.instance)},
                                                          {1, Value::integer(account.lifetime.count())},
                                                          {2, Value::integer(plan_.default_pmin)},
                                                          {3, Value::integer(plan_.default_pmax)},
                                                          {6, Value::boolean(true)},
                                                          {7, Value::string("U")},
                                                          {18, Value::integer(10)},
                                                          {19, Value::integer(120)}}));
      }
    }
  }
  configurations_.put(std::make_shared<const server::BootstrapConfiguration>(std::move(configuration)));
}

void BootstrapNode::start(Instant now) {
  links_.now = now;
  engine_ = std::make_unique<server::BootstrapEngine>();
  if (!engine_->init(engine_config(plan_), links_, dice_, *this)) std::abort();
  engine_->configurations() = configurations_;
}

void BootstrapNode::crash() noexcept {
  engine_.reset();
  links_.clear();
}

void BootstrapNode::receive(const Datagram& datagram, Instant now) {
  links_.now = now;
  idle_steps_ = 0;
  auto link = links_.link_of(datagram.from);
  if (!link) {
    links_.reclaim(*engine_, now);
    link = links_.link_of(datagram.from);
  }
  if (link) engine_->receive(*link, datagram.bytes, now);
}

void BootstrapNode::step(Instant now) {
  links_.now = now;
  invariants_.stepped(idle_steps_, engine_->step(now), now, "bootstrap server");
}

void BootstrapNode::on_started(std::string_view /*endpoint*/, std::string_view /*configuration*/,
                               Instant /*now*/) noexcept {}

void BootstrapNode::on_finished(const server::BootstrapResult& result, Instant now) noexcept {
  if (!result.success()) return;
  std::uint32_t device = 0;
  const std::string_view number = std::string_view(result.endpoint).substr(result.endpoint.find('-') + 1);
  std::from_chars(number.data(), number.data() + number.size(), device);
  invariants_.bootstrap_finished(device, now);
}

void BootstrapNode::on_unknown(std::string_view endpoint, Instant now) noexcept {
  invariants_.broken(Rule::kBootstrapAgrees, now, std::string(endpoint) + " is unknown");
}

}  // namespace linnet::simulation
