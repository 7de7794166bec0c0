// SPDX-License-Identifier: Apache-2.0
// A registered device and what happens to it, as owned values that may leave a shard's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "linnet/lwm2m/content_format.hpp"
#include "linnet/lwm2m/path.hpp"
#include "linnet/net/address.hpp"
#include "linnet/net/outcome.hpp"
#include "linnet/server/bootstrap_result.hpp"
#include "linnet/server/event.hpp"
#include "linnet/server/formats.hpp"
#include "linnet/server/registration.hpp"

namespace linnet::net {

struct Observation {
  server::ObservationId id{};
  lwm2m::Path path;                ///< the root for a composite one
  std::vector<lwm2m::Path> paths;  ///< of a composite one
};

/// A copy of a server::Registration.
struct Device {
  std::string endpoint;
  server::RegistrationId id;
  std::optional<Address> address;  ///< nothing after a restart until it speaks
  std::uint32_t lifetime = 0;      ///< seconds
  lwm2m::LwM2mVersion version = lwm2m::LwM2mVersion::k1_1;
  lwm2m::Binding binding;
  server::DeviceFormats formats;
  std::vector<std::uint8_t> object_list;       ///< read through `objects`
  std::vector<std::uint8_t> extra_parameters;  ///< read through `extras`
  UnixTime registered;
  UnixTime updated;
  UnixTime expires;                       ///< grace included
  bool awake = true;                      ///< an operation would be sent now
  std::uint32_t queued = 0;               ///< operations that wait or are under way in its queue
  std::vector<Observation> observations;  ///< only from Server::find

  [[nodiscard]] lwm2m::CompactObjectList objects() const noexcept {
    return lwm2m::CompactObjectList{object_list};
  }
  [[nodiscard]] server::ExtraParameters extras() const noexcept {
    return server::ExtraParameters{extra_parameters};
  }
};

/// Something that happened.
struct Event {
  enum class Kind : std::uint8_t {
    kRegistered,
    kUpdated,  ///< `changes` says what of, beside a new lease of life
    kDeregistered,
    kExpired,
    kForgotten,          ///< removed by hand
    kNotified,           ///< `path`, `code`, `format`, `payload`
    kObservationEnded,   ///< `path`
    kBootstrapStarted,   ///< `bootstrap`: its configuration only
    kBootstrapped,       ///< `bootstrap`
    kBootstrapFailed,    ///< `bootstrap`; null where no configuration is for the endpoint
    kSent,               ///< `format`, `payload`
    kOperationQueued,    ///< `queued`: accepted, or sent without an answer and waiting again
    kOperationStarted,   ///< `queued`
    kOperationFinished,  ///< `queued`
  };

  Kind kind{};
  UnixTime at{};
  std::string endpoint{};
  server::RegistrationId registration{};
  std::optional<Device> device{};  ///< kRegistered, and kUpdated with changes
  server::UpdateChanges changes{};
  server::ObservationId observation{};      ///< kNotified, kObservationEnded
  server::ObservationEnd ended{};           ///< kObservationEnded
  lwm2m::Path path{};                       ///< the root for a composite observation
  std::vector<lwm2m::Path> paths{};         ///< of a composite observation
  std::vector<std::uint8_t> object_list{};  ///< kNotified, kSent: of the device, as `Device::object_list`
  coap::Code code{};
  std::optional<lwm2m::ContentFormat> format{};
  std::vector<std::uint8_t> payload{};
  std::shared_ptr<const server::BootstrapResult> bootstrap{};
  std::optional<Queued> queued{};
};

}  // namespace linnet::net
