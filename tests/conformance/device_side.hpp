// SPDX-License-Identifier: Apache-2.0
// Our device as the test cases want it: one server account, a Device object with power sources and an
// error code (ETS, "Configuration used by most cases").
#pragma once

#include <deque>
#include <vector>

#include "linnet/client/engine.hpp"
#include "linnet/client/objects/device.hpp"
#include "linnet/client/objects/security.hpp"
#include "linnet/client/objects/server_account.hpp"
#include "message.hpp"

namespace linnet::conformance {

inline constexpr client::ShortServerId kAccount = 1;
inline constexpr client::ShortServerId kOtherAccount = 2;
inline constexpr std::string_view kEndpoint = "ets-device";
/// Its instance of object 0.
inline constexpr client::InstanceId kBootstrapAccount = 2;

class DeviceSide final : public coap::Links, public Random, public client::Listener, public client::Platform {
 public:
  /// `extra` objects come beside 0, 1 and 3; all must outlive this.
  void start(std::vector<client::Object*> extra, Instant now) {
    config.endpoint = kEndpoint;
    config.codecs = lwm2m::all_codecs();
    if (account) add_account();
    if (bootstrap_account) {
      security.add(kBootstrapAccount)->uri.assign(bootstrap_uri);
      security.get(kBootstrapAccount)->bootstrap_server = true;
    }
    if (other_account) {
      security.add(1)->uri.assign("coap://192.0.2.2");
      security.get(1)->short_server_id = kOtherAccount;
      servers.add(1)->short_server_id = kOtherAccount;
    }
    client::DeviceInstance& about = *device.add(0);
    about.platform = this;
    about.manufacturer = "linnet";
    about.model_number = "conformance";
    about.serial_number = "345000123";
    about.firmware_version = "1.0";
    about.power_sources = {1, 5};
    about.power_voltages = {3800, 5000};
    about.power_currents = {125, 900};
    about.battery_level = 100;
    objects_ = {&security, &servers, &device};
    objects_.insert(objects_.end(), extra.begin(), extra.end());
    std::ranges::sort(objects_, {}, &client::Object::id);
    memory_.resize(client::Engine::memory_needed(config));
    Arena arena(memory_);
    ready = engine.init(config, arena, *this, *this, objects_, this).has_value();
    if (account) ready = ready && engine.connect(kAccount, coap::LinkId{0}).has_value();
    if (bootstrap_account) {
      ready = ready && engine.connect(client::kBootstrapServer, coap::LinkId{1}).has_value();
    }
    engine.step(now);
  }

  void add_account() {
    security.add(0)->uri.assign(uri);
    security.get(0)->short_server_id = kAccount;
    client::ServerInstance& server = *servers.add(0);
    server.short_server_id = kAccount;
    server.lifetime = lifetime;
    server.binding.assign(binding);
    server.default_pmin = 1;
    server.default_pmax = 10;
    server.disable_timeout = 86400;
  }

  const coap::LinkTraits& traits(coap::LinkId /*link*/) noexcept override { return link_traits; }
  ByteSpan prepare(coap::LinkId /*link*/, std::size_t size) noexcept override {
    buffer_.assign(size, 0);
    return buffer_;
  }
  void send(coap::LinkId /*link*/, std::size_t size) noexcept override {
    sent.emplace_back(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(size));
  }
  std::uint32_t next() noexcept override { return state_ = state_ * 1664525U + 1013904223U; }
  void on_event(const client::Event& event) noexcept override { events.push_back(event.type); }
  std::optional<UnixTime> unix_time() noexcept override { return UnixTime{1'700'000'000}; }
  bool reboot() noexcept override { return ++reboots > 0; }

  [[nodiscard]] std::size_t count(client::EventType type) const {
    return static_cast<std::size_t>(std::ranges::count(events, type));
  }

  client::Config config;
  client::SecurityObject<4, client::kAmpleSecuritySizes> security;
  client::ServerObject<3> servers;
  client::DeviceObject device;
  client::Engine engine;
  std::deque<Bytes> sent;
  std::vector<client::EventType> events;
  std::string uri = "coap://192.0.2.1";            ///< of the server account
  std::string bootstrap_uri = "coap://192.0.2.9";  ///< of the bootstrap account
  std::int32_t lifetime = 86400;                   ///< seconds, of the server account
  bool account = true;                             ///< the usual one
  bool bootstrap_account = false;                  ///< kBootstrapAccount
  bool other_account = false;                      ///< a second server account, which is not connected
  std::string_view binding = "U";                  ///< of the server account
  coap::LinkTraits link_traits;
  int reboots = 0;
  bool ready = false;

 private:
  Bytes buffer_;
  std::uint32_t state_ = 1;
  std::vector<client::Object*> objects_;
  std::vector<std::byte> memory_;
};

}  // namespace linnet::conformance
