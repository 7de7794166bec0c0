// SPDX-License-Identifier: Apache-2.0
// LwM2M Server, object 1 version 1.1: how to deal with each server. The engine reads it (lifetime,
// binding, default periods, retries) and does what Disable and Registration Update Trigger ask.
#pragma once

#include "linnet/client/typed_object.hpp"

namespace linnet::client {

struct ServerInstance {
  std::int32_t short_server_id = 1;
  std::int32_t lifetime = 86400;             ///< seconds
  std::optional<std::int32_t> default_pmin;  ///< seconds, as all below
  std::optional<std::int32_t> default_pmax;
  std::optional<std::int32_t> disable_timeout;  ///< 86400 where absent
  bool notification_storing = true;
  Text<8> binding{"U"};
  std::optional<std::uint32_t> retry_count;
  std::optional<std::uint32_t> retry_timer;
  std::optional<std::uint32_t> sequence_delay;
  std::optional<std::uint32_t> sequence_count;

  /// What these do is the engine's business.
  Result<void> disable(std::string_view) noexcept { return {}; }
  Result<void> trigger_update(std::string_view) noexcept { return {}; }

  static constexpr std::int64_t kMaxSeconds = INT32_MAX;
  static bool is_binding(const Value& value) noexcept;

  static constexpr ObjectId kId = 1;
  static constexpr lwm2m::Version kVersion{1, 1};
  static constexpr TypedResource kResources[]{
      resource<&ServerInstance::short_server_id>(0, Operations::kR, Presence::kMandatory, in_range<1, 65534>),
      resource<&ServerInstance::lifetime>(1, Operations::kRW, Presence::kMandatory, in_range<1, kMaxSeconds>),
      resource<&ServerInstance::default_pmin>(2, Operations::kRW, Presence::kOptional,
                                              in_range<0, kMaxSeconds>),
      resource<&ServerInstance::default_pmax>(3, Operations::kRW, Presence::kOptional,
                                              in_range<0, kMaxSeconds>),
      command<&ServerInstance::disable>(4),
      resource<&ServerInstance::disable_timeout>(5, Operations::kRW, Presence::kOptional,
                                                 in_range<0, kMaxSeconds>),
      resource<&ServerInstance::notification_storing>(6, Operations::kRW, Presence::kMandatory),
      resource<&ServerInstance::binding>(7, Operations::kRW, Presence::kMandatory, is_binding),
      command<&ServerInstance::trigger_update>(8, Presence::kMandatory),
      resource<&ServerInstance::retry_count>(17, Operations::kNone),
      resource<&ServerInstance::retry_timer>(18, Operations::kNone),
      resource<&ServerInstance::sequence_delay>(19, Operations::kNone),
      resource<&ServerInstance::sequence_count>(20, Operations::kNone)};
};

template <std::size_t N>
using ServerObject = Instances<ServerInstance, N>;

}  // namespace linnet::client
