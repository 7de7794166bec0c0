// SPDX-License-Identifier: Apache-2.0
// Every limit of a device, and what the application hands over.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "linnet/base/time.hpp"
#include "linnet/client/access_control.hpp"
#include "linnet/client/connector.hpp"
#include "linnet/client/persistence.hpp"
#include "linnet/coap/endpoint_config.hpp"
#include "linnet/lwm2m/codec.hpp"

namespace linnet::client {

class OscoreAccounts;

/// Every limit of a device. Texts and tables are not copied and must outlive the engine.
struct Config {
  std::string_view endpoint;        ///< the endpoint name, 1 to 255 bytes
  std::string_view alternate_path;  ///< "/lwm2m"; empty for the root (TS 6.4.1)
  std::string_view sms;             ///< the device's own MSISDN, empty for none
  bool queue_mode = false;          ///< Q in the registration
  /// Queue mode: how long the device listens after the last message of a server, either way;
  /// MAX_TRANSMIT_WAIT of the link where absent (TS 6.5).
  std::optional<Millis> awake;
  /// Content formats that this device speaks. Where a server names none, the first that can hold
  /// the answer is taken.
  std::span<const lwm2m::Codec> codecs;
  std::uint8_t max_servers = 1;
  std::uint16_t max_observations = 8;  ///< all servers together
  /// Paths of composite observations beyond the first of each, all servers together (kComposite).
  std::uint16_t max_composite_paths = 8;
  std::uint16_t max_attributes = 8;  ///< paths with attributes, all servers together
  /// Bytes in which a Write of several values keeps the old ones until all are written; one whose old
  /// values do not fit is answered 5.00 and changes nothing (kRollback). They are part of a buffer of
  /// max_body bytes that is there anyway, as are the next.
  std::uint32_t max_rollback = 2048;
  /// Bytes in which a bootstrap keeps what it changes, so that one that fails leaves all as it was; a
  /// Bootstrap-Write or -Delete that would need more is answered 5.00 (kBootstrap).
  std::uint32_t max_bootstrap = 2048;
  /// Where access control is asked for (object 2, several accounts): what every server may do to
  /// instances that the device made itself and that nobody has an entry for yet.
  Rights own_rights{Right::kRead};
  /// Bytes for packs of Send that wait, with 32 or fewer beside each (kSend). When it is full a new
  /// pack is refused; those that wait are kept.
  std::uint32_t max_send = 1024;
  lwm2m::ContentFormat send_format = lwm2m::ContentFormat::kSenmlCbor;  ///< or kSenmlJson; one of `codecs`
  bool confirmable_notifications = false;  ///< all of them; if not, one in every `confirm_after`
  Seconds confirm_after{86'400};           ///< at most 24 hours (RFC 7641 §4.5)
  /// Opens links when the engine wants them, in the order that object 1 says; null: the application
  /// connects servers by itself. Must outlive the engine.
  Connector* connector = nullptr;
  /// Keeps accounts, rights, registrations, attributes, observations and `parts` over a power cut; null:
  /// nothing is kept. What stands there when the engine is set up replaces what the objects hold.
  Medium* medium = nullptr;
  std::span<Persistent* const> parts;  ///< with state of their own; must outlive the engine
  /// Protects the links of accounts that link to object 21; null: such an account is not connected. Where it
  /// keeps numbers it is one of `parts` too. Must outlive the engine.
  OscoreAccounts* oscore = nullptr;
  std::uint32_t max_state = 1024;  ///< bytes of one image, where there is a medium
  Millis save_delay{1000};         ///< changes within are kept in one go
  coap::EndpointConfig coap;       ///< max_body bounds what is read, written and registered
};

}  // namespace linnet::client
