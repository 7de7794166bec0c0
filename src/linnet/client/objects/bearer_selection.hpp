// SPDX-License-Identifier: Apache-2.0
// LWM2M Bearer Selection, object 13 version 1.1: which network and bearer the device prefers. The application
// selects them; events tell it what servers write.
#pragma once

#include <array>

#include "linnet/client/typed_object.hpp"

namespace linnet::client {

/// A check for levels in dBm, both included.
template <std::int32_t kLow, std::int32_t kHigh>
[[nodiscard]] bool level_between(const Value& value) noexcept {
  return value.as_integer() >= kLow && value.as_integer() <= kHigh;
}

struct BearerSelectionInstance {
  Multiple<std::int8_t, 8> preferred_bearers;  ///< the first is the most wanted; 0: whatever connects
  std::optional<std::int16_t> rssi_gsm, rscp_umts, rsrp_lte, rssi_evdo;  ///< dBm
  std::optional<Text<64>> cells, operators;                              ///< divided by commas
  std::optional<bool> operators_only;                                    ///< no others than these are allowed
  std::optional<Text<128>> available_plmns;
  std::optional<std::int16_t> rsrp_nb_iot;  ///< dBm
  std::optional<std::int32_t> plmn_search_interval;
  std::optional<bool> attach_without_pdn;

  static constexpr ObjectId kId = 13;
  static constexpr lwm2m::Version kVersion{1, 1};
  using Self = BearerSelectionInstance;
  static constexpr auto resources() noexcept {
    constexpr Operations kRW = Operations::kRW;
    constexpr Presence kOptional = Presence::kOptional;
    return std::array{resource<&Self::preferred_bearers>(0, kRW, kOptional, in_range<0, 100>),
                      resource<&Self::rssi_gsm>(1, kRW, kOptional, level_between<-110, -48>),
                      resource<&Self::rscp_umts>(2, kRW, kOptional, level_between<-120, -25>),
                      resource<&Self::rsrp_lte>(3, kRW, kOptional, level_between<-140, -44>),
                      resource<&Self::rssi_evdo>(4, kRW),
                      resource<&Self::cells>(5, kRW),
                      resource<&Self::operators>(6, kRW),
                      resource<&Self::operators_only>(7, kRW),
                      resource<&Self::available_plmns>(8, Operations::kR),
                      resource<&Self::rsrp_nb_iot>(10, kRW, kOptional, level_between<-158, -44>),
                      resource<&Self::plmn_search_interval>(11, kRW),
                      resource<&Self::attach_without_pdn>(12, kRW)};
  }
};

using BearerSelectionObject = Instances<BearerSelectionInstance, 1>;

}  // namespace linnet::client
