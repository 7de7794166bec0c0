// SPDX-License-Identifier: Apache-2.0
// What the command line says of a device.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "card_settings.hpp"
#include "credentials.hpp"
#include "linnet/coap/freshness.hpp"
#include "linnet/lwm2m/path.hpp"
#include "linnet/lwm2m/version.hpp"
#include "linnet/net/address.hpp"
#include "refusal.hpp"
#include "simulation.hpp"

namespace linnet::device {

/// A server to register with. Its Short Server ID is its place in the list, from 1.
struct Account {
  lwm2m::ShortServerId id = 0;
  std::string uri;
  net::Address address;

  /// `[ID=]coap://HOST[:PORT]`, `coaps`, `coap+tcp` or `coaps+tcp`; asks the resolver where HOST is a name.
  /// Without ID it is 0.
  [[nodiscard]] static OrRefusal<Account> parse(std::string_view text);
  [[nodiscard]] bool secured() const noexcept { return uri.starts_with("coaps"); }
  [[nodiscard]] bool stream() const noexcept { return uri.find("+tcp://") != std::string::npos; }
};

/// `3303`, `3303:2`, `3303@1.0:2`: an object of the registry with its number of instances.
struct ObjectRequest {
  static constexpr unsigned kMaxInstances = 1000;

  lwm2m::ObjectId id = 0;
  std::optional<lwm2m::Version> version = {};  ///< absent: the newest
  unsigned instances = 1;

  [[nodiscard]] static OrRefusal<ObjectRequest> parse(std::string_view text);
};

struct Settings {
  static constexpr std::size_t kMaxServers = 8;
  static constexpr std::size_t kMaxLinks = 32;  ///< addresses that a device speaks to over its life

  std::string endpoint;
  std::vector<Account> accounts;          ///< their ids differ
  std::optional<Account> bootstrap;       ///< the bootstrap server
  std::optional<CardSettings> smartcard;  ///< where accounts are taken from, before all others
  Credentials credentials;                ///< for those of them that are secured
  std::optional<std::int32_t> hold_off;   ///< Client Hold Off Time, seconds
  std::string state;                      ///< a file, empty for none
  std::string state_key;                  ///< source of the key that it is encrypted under, empty for none
  bool same_address_always = false;       ///< a restart does not change where datagrams come from
  std::uint32_t lifetime = 86'400;        ///< seconds
  std::string binding = "U";
  bool queue_mode = false;
  std::string firmware;                ///< folder of object 5, empty for none
  std::string software;                ///< folder of object 9, empty for none
  std::string download_trust;          ///< file of authorities for https, empty for the system's
  std::optional<std::uint32_t> awake;  ///< seconds of the awake window
  bool confirmable_notifications = false;
  coap::Freshness freshness = coap::Freshness::kOff;
  std::vector<ObjectRequest> objects;
  std::vector<Simulation> simulations;

  /// Accounts may come from a bootstrap server or a smartcard.
  [[nodiscard]] bool provisioned() const noexcept { return bootstrap || smartcard; }
  [[nodiscard]] bool takes_packages() const noexcept { return !firmware.empty() || !software.empty(); }
};

}  // namespace linnet::device
