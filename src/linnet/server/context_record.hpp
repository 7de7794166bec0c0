// SPDX-License-Identifier: Apache-2.0
// What the store keeps of a security context of OSCORE, so that a restarted server goes on with it and uses
// no number twice (RFC 8613 appendix B.1). No secret is in it; docs/state.md has the bytes.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/oscore/contexts.hpp"
#include "linnet/server/engine.hpp"

namespace linnet::server {

/// Who uses the context: the management and the bootstrap server number their messages apart.
enum class ContextUser : std::uint8_t { kManagement = 0, kBootstrap = 1 };

/// The record's key, from what names the context: the peer's Sender ID and the ID Context, empty for none.
struct ContextKey {
  ContextUser user = ContextUser::kManagement;
  ByteView recipient_id;
  ByteView id_context;

  [[nodiscard]] std::string encode() const;
  /// Views are of `key`. kMalformed, kTruncated.
  [[nodiscard]] static Result<ContextKey> decode(std::string_view key) noexcept;
};

struct ContextRecord {
  static constexpr std::size_t kFingerprintSize = 8;
  using Fingerprint = std::array<std::uint8_t, kFingerprintSize>;

  /// Of the input parameters; what other parameters were rederived to is worth nothing to these.
  Fingerprint fingerprint{};
  oscore::PartialIv stored_limit =
      0;  ///< all numbers that were used of the keys of the parameters alone are below
  oscore::PartialIv derived_limit = 0;  ///< the same of those under `id_context`
  std::optional<oscore::ShortBytes<oscore::kMaxIdContext>> id_context;  ///< that appendix B.2 gave
  std::vector<std::uint8_t> address;  ///< of the peer, as LinkDirectory has it; empty: none to go back to
  std::vector<oscore::Contexts::OwnObservation> observations;

  [[nodiscard]] std::vector<std::uint8_t> encode() const;
  /// kTruncated and kMalformed for damage, kUnsupported for another version.
  [[nodiscard]] static Result<ContextRecord> decode(ByteView bytes);
};

}  // namespace linnet::server
