// SPDX-License-Identifier: Apache-2.0
// All credentials of a server at one moment, made for looking up during handshakes. A Credentials never
// changes: `apply`, or a CredentialDraft, makes another one, which shares what did not change with the one
// before. So any number of threads read one without a lock, and a change costs what changes, not what is
// there.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/base/bytes.hpp"
#include "linnet/base/function_ref.hpp"
#include "linnet/server/credential.hpp"

namespace linnet::server {

/// Views into a Credentials, valid as long as that.
struct PreSharedKey {
  std::string_view endpoint;  ///< that the identity proves
  ByteView key;
};
struct OscoreSecurity {
  std::string_view endpoint;
  ByteView sender_id, recipient_id, id_context;  ///< no id_context: empty
  ByteView master_secret, salt;
  std::int32_t aead = OscoreParameters::kAesCcm16Tag64Key128;
  std::int32_t hkdf = OscoreParameters::kHkdfSha256;
};
/// What may be shown of a credential: all but its key, its salt and its master secret.
struct CredentialSummary {
  std::string_view endpoint;
  CredentialMode mode;
  ByteView identity;
  bool has_key;                    ///< a certificate, of kCertificate
  ByteView sender_id, id_context;  ///< of kOscore
  std::int32_t aead, hkdf;
};

/// Puts a credential, or removes what `removed` names.
struct CredentialChange {
  std::optional<Credential> put;
  CredentialName removed{};
};

/// Why a change was refused. It has changed nothing.
struct CredentialRefusal {
  /// kInvalidArgument: `phrase` says what the credential cannot have. kExists: its identity proves
  /// another endpoint, `phrase` is empty and `rival` has the name. kNotFound: nothing to remove.
  /// kNoSpace: the limit is reached.
  Errc code;
  std::size_t change;  ///< its place among the changes
  std::string_view phrase;
  std::string rival{};
};

class Credentials {
 public:
  using Shared = std::shared_ptr<const Credentials>;

  [[nodiscard]] static Shared none();
  /// These, with all changes made one after the other, or why not. At most `limit` credentials.
  [[nodiscard]] std::expected<Shared, CredentialRefusal> apply(std::span<const CredentialChange> changes,
                                                               std::size_t limit = kMost) const;
  static constexpr std::size_t kMost = 16'000'000;

  // What a handshake asks. A view that is returned lives as long as this.

  [[nodiscard]] std::optional<PreSharedKey> psk(ByteView identity) const noexcept;
  /// The endpoint that this SubjectPublicKeyInfo, DER, proves.
  [[nodiscard]] std::optional<std::string_view> raw_public_key(ByteView spki) const noexcept;
  /// The endpoint that exactly this certificate, DER, proves.
  [[nodiscard]] std::optional<std::string_view> certificate(ByteView der) const noexcept;
  /// The endpoint that a certificate under a trust anchor proves which is issued to `name`, where that is
  /// not the endpoint name itself.
  [[nodiscard]] std::optional<std::string_view> certificate_name(std::string_view name) const noexcept;
  /// Every trust anchor, DER, with the endpoint names for which it may vouch: `urn:dev:*`.
  void for_each_trust_anchor(FunctionRef<void(ByteView der, std::string_view endpoints)> visit) const;
  /// The context of a recipient id (the `kid` of a request, RFC 8613 §8.2). Without an id context, that
  /// which has none, or else the only one that there is.
  [[nodiscard]] std::optional<OscoreSecurity> oscore(ByteView recipient_id,
                                                     std::optional<ByteView> id_context) const noexcept;

  // What a registration asks.

  /// True where the endpoint name is proved by one of these: it has a credential of its own, or a trust
  /// anchor vouches for such names. Nobody may use it unprotected.
  [[nodiscard]] bool credentialed(std::string_view endpoint) const noexcept;

  // For people.

  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// How many of them are of kOscore.
  [[nodiscard]] std::size_t oscore_contexts() const noexcept { return oscore_contexts_; }
  /// Those of one endpoint, or of one pattern.
  void for_each(std::string_view endpoint, FunctionRef<void(const CredentialSummary&)> visit) const;
  /// Those of up to `limit` endpoints behind `cursor` (0 at first), in no order that means anything but
  /// always the same. Returns the cursor to go on with, nothing at the end.
  [[nodiscard]] std::optional<std::uint64_t> list(std::uint64_t cursor, std::size_t limit,
                                                  FunctionRef<void(const CredentialSummary&)> visit) const;
  /// Grows with every `apply` that makes another one of it.
  [[nodiscard]] std::uint64_t generation() const noexcept { return generation_; }

 private:
  // A tree of two levels and 4096 leaves by the hash of what is looked for. What a change touches is
  // copied, the rest is shared.
  using Record = std::shared_ptr<const std::uint8_t[]>;  // as credential_record.hpp, wiped when it goes
  struct Entry {
    std::uint64_t hash;
    Record record;
  };
  using Leaf = std::vector<Entry>;  // ascending by hash
  static constexpr std::size_t kFan = 64;
  using Branch = std::array<std::shared_ptr<Leaf>, kFan>;
  using Root = std::array<std::shared_ptr<Branch>, kFan>;
  friend struct CredentialTree;

  Root root_;
  std::vector<Record> trust_anchors_;
  std::size_t size_ = 0;
  std::size_t oscore_contexts_ = 0;
  std::uint64_t generation_ = 0;
};

/// A Credentials on its way: many changes for one copy of what they touch. Not shared between threads.
class CredentialDraft {
 public:
  explicit CredentialDraft(const Credentials& from = *Credentials::none());

  /// Makes a change, or says why not; `change` of the refusal is 0. At most `limit` credentials.
  [[nodiscard]] std::expected<void, CredentialRefusal> apply(const CredentialChange& change,
                                                             std::size_t limit = Credentials::kMost);
  /// All of it, without room that only growing needed. The draft is empty then, and is not used again.
  [[nodiscard]] Credentials::Shared finish() &&;

 private:
  std::shared_ptr<Credentials> next_;
};

}  // namespace linnet::server
