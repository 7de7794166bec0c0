// SPDX-License-Identifier: Apache-2.0
// The simulated device: engine, objects and moving values as one thing that can be told to change,
// reboot and forget. No I/O: datagrams come in, leave through the links, and time is the clock's.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "card_accounts.hpp"
#include "clock.hpp"
#include "connections.hpp"
#include "link_source.hpp"
#include "linnet/base/random.hpp"
#include "linnet/client/engine.hpp"
#include "linnet/client/oscore_accounts.hpp"
#include "linnet/tls/nettle_crypto.hpp"
#include "lock.hpp"
#include "modem.hpp"
#include "objects.hpp"
#include "observer.hpp"
#include "sealed_state.hpp"
#include "settings.hpp"
#include "state_file.hpp"

namespace linnet::device {

class Device final : private client::Listener, private client::Platform {
 public:
  static constexpr std::uint16_t kMaxObservations = 1000;
  static constexpr std::uint16_t kMaxAttributes = 1000;
  static constexpr std::uint32_t kMaxBody = 256 * 1024;  ///< bytes of one request, answer or registration
  static constexpr std::size_t kMaxState = 64 * 1024;    ///< bytes of what is kept in a file
  /// Bytes of one message: eight blocks over TCP. Datagrams keep to 1152.
  static constexpr std::uint16_t kMaxMessage = 8192 + 256;

  /// Registers with every account from the first step on, over the links that `source` leads to them.
  /// All references must outlive the device.
  [[nodiscard]] static OrRefusal<std::unique_ptr<Device>> make(
      const Settings& settings, const registry::ModelRegistry& registry, coap::Links& links, Random& random,
      Clock& clock, Observer& observer, LinkSource& source, client::Downloader* downloader = nullptr);

  ~Device() { connections_.enrollments().end(); }
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  void receive(coap::LinkId link, ByteView datagram) noexcept;
  /// A connection that the LinkSource was asked for stands, or is gone, or did not come.
  void stream_opened(coap::LinkId link) noexcept { connections_.stream_opened(link); }
  void stream_closed(coap::LinkId link, bool was_open,
                     const std::optional<client::ChannelEnd>& channel) noexcept {
    connections_.stream_closed(link, was_open, channel);
  }
  /// Does what is due; returns when to call again.
  Instant step();
  /// Keeps the state at once, before the process ends in good order. The error is the medium's.
  Result<void> save() noexcept { return state_ == nullptr ? Result<void>() : engine_->save_now(); }
  /// What stands on a smartcard, before the first step and whenever it may be another: accounts come and go
  /// with it, and those of the factory are back where nothing else is left (Core 1.1 §6.1.4.2, §6.1.4.5). The
  /// observer is told, unless all is as it was.
  CardOutcome take_card(const CardState& state);

  /// The accounts in it are those that objects 0 and 1 have now.
  [[nodiscard]] const Settings& settings() const noexcept { return settings_; }
  [[nodiscard]] const registry::ModelRegistry& registry() const noexcept { return registry_; }
  [[nodiscard]] const client::Engine& engine() const noexcept { return *engine_; }
  [[nodiscard]] const Objects& objects() const noexcept { return *objects_; }
  /// The open channel to this address, for a download from there; kNoLink where there is none.
  [[nodiscard]] coap::LinkId secured_link(const net::Address& address) const noexcept {
    return connections_.secured_link(address);
  }
  /// No server has it registered any more, and none is being told.
  [[nodiscard]] bool deregistered() const noexcept;

  // What a person or a script does at the device. Servers that observe hear of it at the next step.

  /// A value at depth 3 or 4; a simulation of the resource ends. The value is converted to the
  /// resource's type where nothing is lost.
  OrRefusal<void> set(const lwm2m::Path& path, const lwm2m::Value& value);
  /// Every value at or below `path`, those that servers cannot read too.
  [[nodiscard]] OrRefusal<std::vector<api::OwnedRecord>> get(const lwm2m::Path& path) const;
  /// A new instance, of the lowest free number where the path names only the object.
  OrRefusal<lwm2m::Path> create(const lwm2m::Path& path);
  /// An instance, an optional resource, or an instance of a multiple resource.
  OrRefusal<void> remove(const lwm2m::Path& path);
  /// Reports the present values at and below the paths by Send; the outcome is an event.
  OrRefusal<client::SendId> send(lwm2m::ShortServerId server, std::span<const lwm2m::Path> paths);
  void register_now(lwm2m::ShortServerId server) noexcept { engine_->register_now(server); }
  void update(lwm2m::ShortServerId server) noexcept { engine_->update(server); }
  void deregister(lwm2m::ShortServerId server) noexcept { engine_->deregister(server); }

 private:
  Device(const Settings& settings, const registry::ModelRegistry& registry, coap::Links& links,
         Random& random, Clock& clock, Observer& observer, LinkSource& source);

  // client::Listener, client::Platform
  void on_event(const client::Event& event) noexcept override;
  std::optional<UnixTime> unix_time() noexcept override { return clock_.unix_time(); }
  bool set_unix_time(UnixTime time) noexcept override;
  bool reboot() noexcept override;
  bool factory_reset() noexcept override;

  OrRefusal<void> open_state();
  OrRefusal<void> open_packages(client::Downloader* downloader);
  OrRefusal<void> build();
  OrRefusal<void> boot();
  OrRefusal<void> set_up_oscore(client::Config& config);
  [[nodiscard]] CardReport apply_card(const CardState& state);
  void fall_back();
  void read_accounts();
  OrRefusal<void> begin(Simulation& simulation);
  Instant step_simulations();
  OrRefusal<void> put(const lwm2m::Path& path, const lwm2m::Value& value);
  void wipe(lwm2m::ObjectId object);
  [[nodiscard]] OrRefusal<const client::ResourceDefinition*> find(const lwm2m::Path& path) const;

  const Settings& factory_;
  Settings settings_;
  const registry::ModelRegistry& registry_;
  Random& random_;
  Clock& clock_;
  Observer& observer_;
  Connections connections_;
  std::unique_ptr<Firmware> firmware_;  ///< null without object 5
  std::unique_ptr<Software> software_;  ///< null without object 9
  Lock lock_;
  Modem modem_;
  std::unique_ptr<Objects> objects_;
  std::vector<Simulation> simulations_;
  std::vector<std::byte> memory_;
  std::unique_ptr<StateFile> clear_state_;
  SealedState sealed_state_;
  client::Medium* state_ = nullptr;  ///< one of them; null: nothing is kept
  bool rebooted_ = false;
  tls::NettleCrypto crypto_;
  std::vector<std::byte> oscore_memory_;
  std::unique_ptr<client::OscoreAccounts> oscore_;  ///< null without object 21
  CardAccounts card_;
  CardReport told_;  ///< of a card, last; nothing yet is what nobody need be told
  std::array<client::Persistent*, 4> parts_{&connections_.sessions(), &connections_.enrollments(), &card_,
                                            nullptr};  ///< of the engine's state
  std::unique_ptr<client::Engine> engine_;
  std::optional<client::PackageStreams> packages_;  ///< of that engine; nothing where there are none
  std::optional<Restart> restart_;                  ///< asked for, once the answer is sent
};

}  // namespace linnet::device
