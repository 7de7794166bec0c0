// SPDX-License-Identifier: Apache-2.0
#include "kept_sessions.hpp"

#include <gnutls/crypto.h>

#include <algorithm>

namespace linnet::device {

namespace {

constexpr std::uint8_t kVersion = 1;

using Hash = std::unique_ptr<std::remove_pointer_t<gnutls_hash_hd_t>,
                             decltype([](gnutls_hash_hd_t hash) { gnutls_hash_deinit(hash, nullptr); })>;

}  // namespace

AccountHash hash_of(const client::SecurityParameters& parameters) {
  AccountHash out{};
  const Hash hash = tls::make<Hash>(gnutls_hash_init, GNUTLS_DIG_SHA256);
  if (hash == nullptr) return out;
  for (const ByteView part : {as_bytes(parameters.host), as_bytes(parameters.sni), parameters.identity,
                              parameters.server_public_key, parameters.secret_key}) {
    const std::array<std::uint8_t, 2> size{static_cast<std::uint8_t>(part.size() >> 8),
                                           static_cast<std::uint8_t>(part.size())};
    (void)gnutls_hash(hash.get(), size.data(), size.size());
    (void)gnutls_hash(hash.get(), part.data(), part.size());
  }
  gnutls_hash_output(hash.get(), out.data());
  return out;
}

void KeptSessions::keep(lwm2m::ShortServerId server, const AccountHash& account, ByteView session) {
  if (session.size() > kMaxSession || (rows_.size() >= kMaxSessions && !rows_.contains(server))) return;
  rows_[server] = {account, {session.begin(), session.end()}};
}

ByteView KeptSessions::find(lwm2m::ShortServerId server, const AccountHash& account) const {
  const auto found = rows_.find(server);
  return found != rows_.end() && found->second.account == account ? found->second.session : ByteView();
}

void KeptSessions::save(ByteWriter& out) const noexcept {
  out.u8(kVersion);
  for (const auto& [server, row] : rows_) {
    out.uint(server, 2);
    out.bytes(row.account);
    out.uint(row.session.size(), 2);
    out.bytes(row.session);
  }
}

void KeptSessions::load(ByteView state) noexcept {
  clear();
  ByteReader in(state);
  if (in.u8().value_or(std::uint8_t{0}) != kVersion) return;
  while (!in.empty()) {
    const auto server = in.uint(2);
    const auto account = in.bytes(std::tuple_size_v<AccountHash>);
    const auto size = in.uint(2);
    const auto session = size ? in.bytes(*size) : fail(Errc::kTruncated);
    if (!server || !account || !session) return;
    AccountHash hash{};
    std::ranges::copy(*account, hash.begin());
    keep(static_cast<lwm2m::ShortServerId>(*server), hash, *session);
  }
}

}  // namespace linnet::device
