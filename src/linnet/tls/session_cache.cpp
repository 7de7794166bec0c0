// SPDX-License-Identifier: Apache-2.0
#include "linnet/tls/session_cache.hpp"

#include <cstring>
#include <new>

#include "linnet/base/wipe.hpp"

namespace linnet::tls {

namespace {

std::string name_of(const gnutls_datum_t& id) {
  return std::string(as_text(view(id)));
}

}  // namespace

SessionCache::~SessionCache() {
  for (auto& [id, entry] : sessions_) wipe(entry.session);
}

void SessionCache::serve(gnutls_session_t session) noexcept {
  gnutls_db_set_ptr(session, this);
  gnutls_db_set_cache_expiration(session, static_cast<int>(kLifeSeconds));
  // The library calls from C: nothing may be thrown, and what does not fit is not kept.
  gnutls_db_set_store_function(session, [](void* self, gnutls_datum_t id, gnutls_datum_t data) noexcept {
    try {
      static_cast<SessionCache*>(self)->keep(id, data);
    } catch (const std::bad_alloc&) {
      return -1;
    }
    return 0;
  });
  gnutls_db_set_retrieve_function(session, [](void* self, gnutls_datum_t id) noexcept {
    try {
      return static_cast<SessionCache*>(self)->find(id);
    } catch (const std::bad_alloc&) {
      return gnutls_datum_t{};
    }
  });
  gnutls_db_set_remove_function(session, [](void* self, gnutls_datum_t id) noexcept {
    try {
      static_cast<SessionCache*>(self)->forget(name_of(id));
    } catch (const std::bad_alloc&) {
      return -1;
    }
    return 0;
  });
}

std::size_t SessionCache::size() const {
  const std::scoped_lock lock(mutex_);
  return sessions_.size();
}

void SessionCache::keep(const gnutls_datum_t& id, const gnutls_datum_t& session) {
  if (session.size > kLargest || id.size == 0 || most_ == 0) return;
  std::string name = name_of(id);
  const std::scoped_lock lock(mutex_);
  erase(name);
  while (sessions_.size() >= most_) erase(std::string(by_age_.front()));
  by_age_.push_back(name);
  const ByteView bytes = view(session);
  sessions_.emplace(std::move(name), Entry{.session = OwnedBytes(bytes.begin(), bytes.end()),
                                           .place = std::prev(by_age_.end())});
}

gnutls_datum_t SessionCache::find(const gnutls_datum_t& id) const {
  const std::string name = name_of(id);
  const std::scoped_lock lock(mutex_);
  const auto found = sessions_.find(name);
  if (found == sessions_.end()) return {};
  const OwnedBytes& session = found->second.session;
  auto* const copy = static_cast<unsigned char*>(gnutls_malloc(session.size()));
  if (copy == nullptr) return {};
  std::memcpy(copy, session.data(), session.size());
  return {.data = copy, .size = static_cast<unsigned>(session.size())};
}

void SessionCache::forget(const std::string& id) noexcept {
  const std::scoped_lock lock(mutex_);
  erase(id);
}

void SessionCache::erase(const std::string& id) noexcept {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  wipe(found->second.session);
  by_age_.erase(found->second.place);
  sessions_.erase(found);
}

}  // namespace linnet::tls
