// SPDX-License-Identifier: Apache-2.0
// One device of a fleet: a client engine with objects 1, 3, 3303 and one of our own, on the network.
// It may sleep, have two servers, and get its accounts from a bootstrap server (Plan).
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "invariants.hpp"
#include "linnet/client/engine.hpp"
#include "linnet/client/objects/device.hpp"
#include "linnet/client/objects/ipso.hpp"
#include "linnet/client/objects/security.hpp"
#include "linnet/client/objects/server_account.hpp"
#include "linnet/client/typed_object.hpp"
#include "network.hpp"
#include "plan.hpp"

namespace linnet::simulation {

/// Of servers that are counted from 0.
[[nodiscard]] constexpr client::ShortServerId short_server_id(std::uint32_t server) noexcept {
  return static_cast<client::ShortServerId>(server + 1);
}

/// What servers create, write and execute; a number tells which operation it was.
struct Ledger {
  std::int32_t serial = 0;
  client::Text<16> label;
  Result<void> run(std::string_view /*arguments*/) noexcept { return {}; }

  static constexpr client::ObjectId kId = 33000;
  static constexpr client::ResourceId kSerial = 0, kLabel = 1, kRun = 2;
  static constexpr client::InstanceId kRoom = 4;
  static constexpr auto resources() noexcept {
    return std::array{
        client::resource<&Ledger::serial>(kSerial, client::Operations::kRW, client::Presence::kMandatory),
        client::resource<&Ledger::label>(kLabel, client::Operations::kRW),
        client::command<&Ledger::run>(kRun)};
  }
};

class DeviceNode final : public coap::Links, public client::Listener, public client::Connector {
 public:
  DeviceNode(std::uint32_t index, const Plan& plan, Network& network, Invariants& invariants);
  DeviceNode(const DeviceNode&) = delete;
  DeviceNode& operator=(const DeviceNode&) = delete;

  // Times are the fleet's; the device has a clock of its own, which jumps.

  void start(Instant now);  ///< after a power cut as well: only the first accounts survive
  void receive(const Datagram& datagram, Instant now);
  void step(Instant now);
  [[nodiscard]] Instant next_deadline() const noexcept {
    const Instant next = engine_->next_deadline();
    return next == kNever || next == Instant::min() ? next : next - clock_;
  }
  void move_value(Instant now);
  /// Its clock goes forward or back. To the engine a second back is no time, one forward is a second.
  void jump(Millis by, Instant now);
  /// The time that has passed for the engine, as the fleet counts.
  [[nodiscard]] Instant engine_time(Instant now) const noexcept { return now + skipped_; }

  /// A new port, which the device itself does not notice.
  void change_address() noexcept { ++address_.port; }
  [[nodiscard]] client::Engine& engine() noexcept { return *engine_; }
  [[nodiscard]] const client::Engine& engine() const noexcept { return *engine_; }
  [[nodiscard]] const std::string& endpoint() const noexcept { return endpoint_; }
  [[nodiscard]] std::uint32_t servers() const noexcept { return Plan::servers_of(index_); }
  [[nodiscard]] Seconds lifetime() const noexcept { return lifetime_; }
  /// The second segment of its location at a server, empty while it is not registered there.
  [[nodiscard]] std::string location(std::uint32_t server) const;
  /// Datagrams that came while it slept.
  [[nodiscard]] std::uint64_t unheard() const noexcept { return unheard_; }

  // coap::Links
  const coap::LinkTraits& traits(coap::LinkId /*link*/) noexcept override { return traits_; }
  ByteSpan prepare(coap::LinkId link, std::size_t size) noexcept override;
  void send(coap::LinkId link, std::size_t size) noexcept override;
  // client::Listener
  void on_event(const client::Event& event) noexcept override;
  // client::Connector: of devices with a bootstrap server
  void open(client::ShortServerId server, client::InstanceId security,
            lwm2m::Binding transport) noexcept override;
  void close(coap::LinkId /*link*/) noexcept override {}

 private:
  using Security = client::BasicSecurityInstance<client::kPskSecuritySizes>;
  struct Objects {
    client::SecurityObject<kMostServers + 1, client::kPskSecuritySizes> security;
    client::ServerObject<kMostServers> servers;
    client::DeviceObject device;
    client::TemperatureObject<1> temperature;
    client::Instances<Ledger, Ledger::kRoom, client::Creation::kByServers> ledger;
    std::array<client::Object*, 5> all{&security, &servers, &device, &temperature, &ledger};
  };

  [[nodiscard]] client::Config config() const;
  void add_accounts();
  [[nodiscard]] std::string accounts();
  [[nodiscard]] bool as_configured();

  std::uint32_t index_;
  const Plan& plan_;
  Network& network_;
  Invariants& invariants_;
  Dice dice_;
  std::string endpoint_;
  Address address_;
  Seconds lifetime_;
  coap::LinkTraits traits_;
  Bytes buffer_;
  ByteView request_;  // the datagram that is being received
  Instant now_{};
  Millis clock_ = Seconds(10'000'000);  // what its clock is ahead of the fleet's
  Millis skipped_{0};                   // the sum of its jumps forward
  std::uint32_t idle_steps_ = 0;
  std::uint64_t unheard_ = 0;
  std::vector<std::byte> memory_;
  std::unique_ptr<Objects> objects_;
  std::optional<client::Engine> engine_;
};

}  // namespace linnet::simulation
