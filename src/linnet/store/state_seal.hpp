// SPDX-License-Identifier: Apache-2.0
// The seal of a state file: which key its secrets are under, and how they come under it or another.
#pragma once

#include <algorithm>
#include <array>
#include <expected>
#include <memory>
#include <string>

#include "linnet/store/seal_key.hpp"
#include "linnet/store/sealer.hpp"
#include "linnet/store/sqlite_connection.hpp"
#include "linnet/store/state_folder.hpp"

namespace linnet::store {

/// Under which key secrets are kept; sources as read_seal_key takes them.
struct SealConfig {
  std::string key{};     ///< empty: the folder's own, made at the first start
  std::string former{};  ///< of a file that is to change over to `key`: what it is under now; empty: none
  /// What the folder keeps the key, or the former one, wrapped by, in place of a source; null: nothing.
  std::shared_ptr<KeyWrapper> wrapper{}, former_wrapper{};

  [[nodiscard]] bool changes_over() const noexcept { return !former.empty() || former_wrapper != nullptr; }
};

/// Records that hold secrets, and values on their way to devices.
inline constexpr std::array kSecretKinds{RecordKind::kBootstrapConfiguration, RecordKind::kCredential,
                                         RecordKind::kAssociation, RecordKind::kTicketSeed,
                                         RecordKind::kOperation};
[[nodiscard]] constexpr bool is_secret(RecordKind kind) noexcept {
  return std::ranges::find(kSecretKinds, kind) != kSecretKinds.end();
}

/// The sealer of this file. Secrets in clear, of a file without a seal, and those under the former key
/// are brought under the key first, all or none. A file that is under neither is left as it is:
/// kUnauthorized. Errors as read_seal_key, and kIo.
[[nodiscard]] std::expected<std::unique_ptr<Sealer>, OpenError> open_seal(Connection& connection,
                                                                          const StateFolder& folder,
                                                                          const SealConfig& config,
                                                                          ShardIndex shards);
/// True where the file has a seal.
[[nodiscard]] SqlResult<bool> is_sealed(Connection& connection);

}  // namespace linnet::store
