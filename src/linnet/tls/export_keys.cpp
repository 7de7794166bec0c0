// SPDX-License-Identifier: Apache-2.0
#include "linnet/tls/export_keys.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace linnet::tls {
namespace {

Protection protection_of(gnutls_session_t session) noexcept {
  switch (gnutls_cipher_get(session)) {
    case GNUTLS_CIPHER_AES_128_CCM_8: return Protection::kCcm8;
    case GNUTLS_CIPHER_AES_128_GCM: return Protection::kGcm;
    case GNUTLS_CIPHER_AES_128_CBC:
      return gnutls_session_etm_status(session) != 0 ? Protection::kCbcThenMac : Protection::kMacThenCbc;
    default: return Protection::kNone;
  }
}

void keep(const gnutls_datum_t& from, ByteSpan to) noexcept {
  if (from.size != 0) std::memcpy(to.data(), from.data, std::min<std::size_t>(from.size, to.size()));
}

}  // namespace

bool export_keys(gnutls_session_t session, Association& association) noexcept {
  const Protection protection = protection_of(session);
  if (protection == Protection::kNone) return false;
  const bool cbc = protection == Protection::kMacThenCbc || protection == Protection::kCbcThenMac;
  for (const unsigned reading : {1U, 0U}) {
    gnutls_datum_t mac{};
    gnutls_datum_t vector{};
    gnutls_datum_t key{};
    std::array<std::uint8_t, 8> numbers{};
    if (gnutls_record_get_state(session, reading, &mac, &vector, &key, numbers.data()) < 0) return false;
    auto& secret = reading != 0 ? association.read_mac : association.write_mac;
    keep(cbc ? mac : vector, cbc ? ByteSpan(secret) : ByteSpan(secret).first(4));
    keep(key, reading != 0 ? association.read_key : association.write_key);
    const auto epoch_and_number = ByteReader(numbers).uint(8);
    if (*epoch_and_number >> 48U != Association::kEpoch) return false;
    if (reading == 0) association.write_next = *epoch_and_number & Association::kLastNumber;
  }
  association.protection = protection;
  association.write_limit = Association::kLastNumber;
  return true;
}

}  // namespace linnet::tls
