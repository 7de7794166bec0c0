// SPDX-License-Identifier: Apache-2.0
// Location, object 6 version 1.0.
#pragma once

#include <array>

#include "linnet/client/typed_object.hpp"

namespace linnet::client {

struct LocationInstance {
  double latitude = 0;                ///< degrees
  double longitude = 0;               ///< degrees
  std::optional<double> altitude;     ///< m
  std::optional<double> radius;       ///< m
  std::optional<Bytes<16>> velocity;  ///< as 3GPP TS 23.032 writes it
  UnixTime timestamp;
  std::optional<double> speed;  ///< m/s

  static constexpr ObjectId kId = 6;
  static constexpr auto resources() noexcept {
    return std::array{resource<&LocationInstance::latitude>(0, Operations::kR, Presence::kMandatory),
                      resource<&LocationInstance::longitude>(1, Operations::kR, Presence::kMandatory),
                      resource<&LocationInstance::altitude>(2, Operations::kR),
                      resource<&LocationInstance::radius>(3, Operations::kR),
                      resource<&LocationInstance::velocity>(4, Operations::kR),
                      resource<&LocationInstance::timestamp>(5, Operations::kR, Presence::kMandatory),
                      resource<&LocationInstance::speed>(6, Operations::kR)};
  }
};

using LocationObject = Instances<LocationInstance, 1>;

}  // namespace linnet::client
