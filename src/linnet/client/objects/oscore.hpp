// SPDX-License-Identifier: Apache-2.0
// OSCORE, object 21 version 2.0: what a security context is derived from (TS 5.5.7.1). No server sees
// it; instances of object 0 link here. 2.0 is 1.1 with opaque values, as random keys are no texts.
#pragma once

#include <array>

#include "linnet/client/typed_object.hpp"

namespace linnet::client {

struct OscoreInstance {
  Bytes<32> master_secret;
  Bytes<8> sender_id;                          ///< of the device
  Bytes<8> recipient_id;                       ///< of the server
  std::optional<std::int32_t> aead_algorithm;  ///< COSE numbers; AES-CCM-16-64-128 where absent
  std::optional<std::int32_t> hmac_algorithm;  ///< HKDF SHA-256 where absent
  std::optional<Bytes<16>> master_salt;
  std::optional<Bytes<16>> id_context;

  static constexpr ObjectId kId = 21;
  static constexpr lwm2m::Version kVersion{2, 0};
  static constexpr auto resources() noexcept {
    return std::array{resource<&OscoreInstance::master_secret>(0, Operations::kNone, Presence::kMandatory),
                      resource<&OscoreInstance::sender_id>(1, Operations::kNone, Presence::kMandatory),
                      resource<&OscoreInstance::recipient_id>(2, Operations::kNone, Presence::kMandatory),
                      resource<&OscoreInstance::aead_algorithm>(3, Operations::kNone),
                      resource<&OscoreInstance::hmac_algorithm>(4, Operations::kNone),
                      resource<&OscoreInstance::master_salt>(5, Operations::kNone),
                      resource<&OscoreInstance::id_context>(6, Operations::kNone)};
  }
};

template <std::size_t N>
using OscoreObject = Instances<OscoreInstance, N>;

}  // namespace linnet::client
