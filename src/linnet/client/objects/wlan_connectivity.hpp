// SPDX-License-Identifier: Apache-2.0
// WLAN connectivity, object 12 version 1.1, without WEP and RADIUS: the application runs the interfaces as
// the instances say; events tell it what servers write.
#pragma once

#include <array>

#include "linnet/client/typed_object.hpp"

namespace linnet::client {

/// Status, 12/x/3.
enum class WlanStatus : std::uint8_t { kDisabled = 0, kUp = 1, kError = 2 };

/// Mode, 12/x/8.
enum class WlanMode : std::uint8_t { kAccessPoint = 0, kStation = 1, kBridge = 2, kRepeater = 3 };

struct WlanConnectivityInstance {
  static constexpr std::size_t kChannels = 14;
  using Mac = Text<12>;  ///< hexadecimal

  Text<16> name;
  bool enabled = false;
  std::optional<std::int8_t> radio;  ///< the band
  std::int8_t status = 0;            ///< a WlanStatus
  Mac bssid;
  Text<32> ssid;
  std::optional<bool> broadcast_ssid, beacon;
  std::int8_t mode = static_cast<std::int8_t>(WlanMode::kStation);
  std::int16_t channel = 0;
  std::optional<bool> automatic_channel;
  Multiple<std::int16_t, kChannels> supported_channels, channels_in_use;
  std::optional<Text<3>> regulatory_domain;
  std::int8_t standard = 4;  ///< 4: 802.11n
  std::int8_t authentication = 0;
  std::optional<std::int8_t> encryption;
  std::optional<Text<64>> pre_shared_key, key_phrase;
  std::optional<bool> wmm_supported, wmm_enabled, mac_control;
  Multiple<Mac, 8> allowed_macs;
  std::optional<std::int64_t> bytes_sent, bytes_received, packets_sent, packets_received;
  std::optional<std::int64_t> transmit_errors, receive_errors;

  static constexpr ObjectId kId = 12;
  static constexpr lwm2m::Version kVersion{1, 1};
  using Self = WlanConnectivityInstance;
  static constexpr auto resources() noexcept {
    constexpr Operations kR = Operations::kR;
    constexpr Operations kW = Operations::kW;
    constexpr Operations kRW = Operations::kRW;
    constexpr Presence kOptional = Presence::kOptional;
    constexpr Presence kMandatory = Presence::kMandatory;
    return std::array{resource<&Self::name>(0, kRW, kMandatory),
                      resource<&Self::enabled>(1, kRW, kMandatory),
                      resource<&Self::radio>(2, kRW, kOptional, in_range<0, 6>),
                      resource<&Self::status>(3, kR, kMandatory),
                      resource<&Self::bssid>(4, kR, kMandatory),
                      resource<&Self::ssid>(5, kRW, kMandatory),
                      resource<&Self::broadcast_ssid>(6, kRW),
                      resource<&Self::beacon>(7, kRW),
                      resource<&Self::mode>(8, kRW, kMandatory, in_range<0, 3>),
                      resource<&Self::channel>(9, kRW, kMandatory, in_range<0, 255>),
                      resource<&Self::automatic_channel>(10, kRW),
                      resource<&Self::supported_channels>(11, kRW),
                      resource<&Self::channels_in_use>(12, kRW),
                      resource<&Self::regulatory_domain>(13, kRW),
                      resource<&Self::standard>(14, kRW, kMandatory, in_range<0, 7>),
                      resource<&Self::authentication>(15, kRW, kMandatory, in_range<0, 4>),
                      resource<&Self::encryption>(16, kRW, kOptional, in_range<0, 2>),
                      resource<&Self::pre_shared_key>(17, kW),
                      resource<&Self::key_phrase>(18, kW),
                      resource<&Self::wmm_supported>(29, kR),
                      resource<&Self::wmm_enabled>(30, kRW),
                      resource<&Self::mac_control>(31, kRW),
                      resource<&Self::allowed_macs>(32, kRW),
                      resource<&Self::bytes_sent>(33, kR),
                      resource<&Self::bytes_received>(34, kR),
                      resource<&Self::packets_sent>(35, kR),
                      resource<&Self::packets_received>(36, kR),
                      resource<&Self::transmit_errors>(37, kR),
                      resource<&Self::receive_errors>(38, kR)};
  }
};

template <std::size_t N>
using WlanConnectivityObject = Instances<WlanConnectivityInstance, N>;

}  // namespace linnet::client
