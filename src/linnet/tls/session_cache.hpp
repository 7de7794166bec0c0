// SPDX-License-Identifier: Apache-2.0
// Sessions that clients may resume by their ID (RFC 5246 §F.1.4), for those that take no tickets: secrets,
// bounded, kept no longer than a ticket is good for.
#pragma once

#include <cstddef>
#include <list>
#include <mutex>
#include <string>
#include <unordered_map>

#include "linnet/tls/gnutls.hpp"
#include "linnet/tls/keys.hpp"

namespace linnet::tls {

/// Calls may come from any thread.
class SessionCache {
 public:
  static constexpr unsigned kLifeSeconds = 24 * 3600;  ///< the longest that RFC 5246 §F.1.4 suggests

  /// `most` sessions, of at most `kLargest` bytes each: the oldest gives its place to a new one.
  explicit SessionCache(std::size_t most) noexcept : most_(most) {}
  ~SessionCache();
  SessionCache(const SessionCache&) = delete;
  SessionCache& operator=(const SessionCache&) = delete;

  /// Lets a server's session put itself here and look for what its client names. The cache must outlive it.
  void serve(gnutls_session_t session) noexcept;
  /// What the library asks, in its own terms: `find` gives a copy that gnutls_free takes back, empty for
  /// none.
  void keep(const gnutls_datum_t& id, const gnutls_datum_t& session);
  [[nodiscard]] gnutls_datum_t find(const gnutls_datum_t& id) const;
  void forget(const std::string& id) noexcept;
  [[nodiscard]] std::size_t size() const;

 private:
  static constexpr std::size_t kLargest = 4096;
  struct Entry {
    OwnedBytes session;
    std::list<std::string>::iterator place;
  };

  void erase(const std::string& id) noexcept;

  mutable std::mutex mutex_;
  std::size_t most_;
  std::unordered_map<std::string, Entry> sessions_;
  std::list<std::string> by_age_;  // the oldest first
};

}  // namespace linnet::tls
