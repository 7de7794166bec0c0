// SPDX-License-Identifier: Apache-2.0
// Connectivity Monitoring, object 4 version 1.2: the application keeps it up to date.
#pragma once

#include <array>

#include "linnet/client/typed_object.hpp"

namespace linnet::client {

struct ConnectivityMonitoringInstance {
  using Address = Text<45>;  ///< an IPv6 address with an embedded IPv4 one is the longest

  std::int32_t network_bearer = 41;  ///< 41: Ethernet
  Multiple<std::int32_t, 4> available_bearers{41};
  std::int32_t radio_signal_strength = 0;  ///< dBm
  std::optional<std::int32_t> link_quality;
  Multiple<Address, 2> ip_addresses;
  Multiple<Address, 2> router_ip_addresses;
  std::optional<std::int32_t> link_utilization;  ///< percent
  Multiple<Text<32>, 1> apn;
  std::optional<std::int32_t> cell_id, smnc, smcc, signal_snr, lac;

  static constexpr ObjectId kId = 4;
  static constexpr lwm2m::Version kVersion{1, 2};
  static constexpr auto resources() noexcept {
    return std::array{
        resource<&ConnectivityMonitoringInstance::network_bearer>(0, Operations::kR, Presence::kMandatory),
        resource<&ConnectivityMonitoringInstance::available_bearers>(1, Operations::kR, Presence::kMandatory),
        resource<&ConnectivityMonitoringInstance::radio_signal_strength>(2, Operations::kR,
                                                                         Presence::kMandatory),
        resource<&ConnectivityMonitoringInstance::link_quality>(3, Operations::kR),
        resource<&ConnectivityMonitoringInstance::ip_addresses>(4, Operations::kR, Presence::kMandatory),
        resource<&ConnectivityMonitoringInstance::router_ip_addresses>(5, Operations::kR),
        resource<&ConnectivityMonitoringInstance::link_utilization>(6, Operations::kR),
        resource<&ConnectivityMonitoringInstance::apn>(7, Operations::kR),
        resource<&ConnectivityMonitoringInstance::cell_id>(8, Operations::kR),
        resource<&ConnectivityMonitoringInstance::smnc>(9, Operations::kR),
        resource<&ConnectivityMonitoringInstance::smcc>(10, Operations::kR),
        resource<&ConnectivityMonitoringInstance::signal_snr>(11, Operations::kR),
        resource<&ConnectivityMonitoringInstance::lac>(12, Operations::kR)};
  }
};

using ConnectivityMonitoringObject = Instances<ConnectivityMonitoringInstance, 1>;

}  // namespace linnet::client
