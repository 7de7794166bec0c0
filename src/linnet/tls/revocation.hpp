// SPDX-License-Identifier: Apache-2.0
// Lists of certificates that their issuers have revoked (RFC 5280 §5): a server holds what its devices show
// against them.
#pragma once

#include <gnutls/x509.h>

#include <expected>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "linnet/base/time.hpp"
#include "linnet/tls/gnutls.hpp"
#include "linnet/tls/keys.hpp"

namespace linnet::tls {

/// Some lists, as they are at one moment. Any number of threads may ask.
class RevocationLists {
 public:
  using Shared = std::shared_ptr<const RevocationLists>;

  /// Of files, each with any number of lists in PEM or one in DER. The error is a sentence: which of them is
  /// none, or has a critical extension (a list of changes alone, or of another issuer's certificates).
  [[nodiscard]] static std::expected<Shared, std::string> read(std::span<const OwnedBytes> files);

  enum class Verdict : std::uint8_t {
    kNotRevoked,  ///< as far as there are lists: an issuer without one revokes nothing
    kRevoked,
    kUnknown,  ///< there is a list in the name of an issuer, and it has signed none of that name
  };
  /// The certificate in front of `chain`, and those between it and `anchor`, to which a path was verified.
  /// The others of the chain may stand in any order. A list that is out of date counts as it is.
  [[nodiscard]] Verdict judge(std::span<const gnutls_x509_crt_t> chain, gnutls_x509_crt_t anchor) const;

  [[nodiscard]] std::size_t lists() const noexcept { return lists_.size(); }
  /// How many certificates are revoked.
  [[nodiscard]] std::size_t certificates() const noexcept;
  /// How many of the lists should have been replaced by `now`, as they say.
  [[nodiscard]] std::size_t out_of_date(UnixTime now) const noexcept;

 private:
  using Handle = Owned<gnutls_x509_crl_t, gnutls_x509_crl_deinit>;
  struct List {
    Handle handle;
    OwnedBytes issuer;                ///< its distinguished name, DER
    std::vector<OwnedBytes> serials;  ///< ascending
    std::int64_t until = 0;           ///< when the next one was announced for; 0: never
    /// Public keys and whether they signed it: a long list takes long to verify.
    mutable std::vector<std::pair<OwnedBytes, bool>> signers{};
  };

  RevocationLists() = default;
  [[nodiscard]] static std::expected<List, std::string> read_one(ByteView der);
  [[nodiscard]] Verdict judge_one(gnutls_x509_crt_t certificate, gnutls_x509_crt_t issuer) const;
  [[nodiscard]] bool signed_by(const List& list, gnutls_x509_crt_t issuer) const;

  std::vector<List> lists_;
  mutable std::mutex mutex_;  // of signers
};

/// The newest lists, for sessions that begin. Any thread.
class Revocations {
 public:
  void replace(RevocationLists::Shared lists) {
    const std::scoped_lock lock(mutex_);
    lists_ = std::move(lists);
  }
  /// Null where there are none.
  [[nodiscard]] RevocationLists::Shared newest() const {
    const std::scoped_lock lock(mutex_);
    return lists_;
  }

 private:
  mutable std::mutex mutex_;
  RevocationLists::Shared lists_;
};

}  // namespace linnet::tls
