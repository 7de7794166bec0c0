// SPDX-License-Identifier: Apache-2.0
// Security, object 0 version 1.1: where servers are and what keys belong to them. No server sees it;
// the application reads its accounts from here.
#pragma once

#include "linnet/client/typed_object.hpp"

namespace linnet::client {

struct SecurityInstance {
  static constexpr std::size_t kMaxUri = 96;  ///< bytes
  static constexpr std::size_t kMaxKey = 64;  ///< bytes, of an identity or key
  enum Mode : std::int8_t { kPsk = 0, kRawPublicKey = 1, kCertificate = 2, kNoSec = 3, kEst = 4 };

  Text<kMaxUri> uri;
  bool bootstrap_server = false;
  std::int8_t mode = kNoSec;
  Bytes<kMaxKey> identity;
  Bytes<kMaxKey> server_public_key;
  Bytes<kMaxKey> secret_key;
  std::optional<std::int32_t> short_server_id;
  std::optional<std::int32_t> hold_off;  ///< seconds

  static constexpr ObjectId kId = 0;
  static constexpr lwm2m::Version kVersion{1, 1};
  static constexpr TypedResource kResources[]{
      resource<&SecurityInstance::uri>(0, Operations::kNone, Presence::kMandatory),
      resource<&SecurityInstance::bootstrap_server>(1, Operations::kNone, Presence::kMandatory),
      resource<&SecurityInstance::mode>(2, Operations::kNone, Presence::kMandatory, in_range<0, 4>),
      resource<&SecurityInstance::identity>(3, Operations::kNone, Presence::kMandatory),
      resource<&SecurityInstance::server_public_key>(4, Operations::kNone, Presence::kMandatory),
      resource<&SecurityInstance::secret_key>(5, Operations::kNone, Presence::kMandatory),
      resource<&SecurityInstance::short_server_id>(10, Operations::kNone, Presence::kOptional,
                                                   in_range<1, 65534>),
      resource<&SecurityInstance::hold_off>(11, Operations::kNone)};
};

template <std::size_t N>
using SecurityObject = Instances<SecurityInstance, N>;

}  // namespace linnet::client
