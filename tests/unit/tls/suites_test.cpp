// SPDX-License-Identifier: Apache-2.0
#include "linnet/tls/suites.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace linnet::tls {
namespace {

// The suites that GnuTLS makes of a priority string, by number.
std::vector<std::uint16_t> offered(const Proofs& proofs, std::span<const Suite> allowed = {}) {
  const auto cache = priorities(Transport::kDatagram, proofs, allowed);
  if (!cache) return {};
  std::vector<std::uint16_t> numbers;
  unsigned index = 0;
  for (unsigned i = 0; gnutls_priority_get_cipher_suite_index(cache->get(), i, &index) !=
                       GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE;
       ++i) {
    unsigned char id[2];
    gnutls_protocol_t oldest{};
    const bool known = gnutls_cipher_suite_info(index, id, nullptr, nullptr, nullptr, &oldest) != nullptr;
    // Those of version 1.3 come with their ciphers, and no session of ours has that version.
    if (known && oldest != GNUTLS_TLS1_3) {
      numbers.push_back(static_cast<std::uint16_t>(id[0] << 8 | id[1]));
    }
  }
  return numbers;
}

TEST(Suites, pre_shared_keys_use_the_mandatory_suites_and_gcm) {
  EXPECT_EQ(offered({.psk = true}), (std::vector<std::uint16_t>{0xC0A8, 0x00A8, 0x00AE}));
}

TEST(Suites, raw_public_keys_and_certificates_use_ecdhe_and_ecdsa) {
  EXPECT_EQ(offered({.raw_public_key = true}), (std::vector<std::uint16_t>{0xC0AE, 0xC02B, 0xC023}));
  EXPECT_EQ(offered({.certificate = true}), offered({.raw_public_key = true}));
}

TEST(Suites, a_list_narrows_what_is_offered) {
  const std::array only{Suite::kPskCbc, Suite::kEcdsaCcm8};
  EXPECT_EQ(offered({.psk = true}, only), (std::vector<std::uint16_t>{0x00AE}));
  EXPECT_EQ(offered({.certificate = true}, only), (std::vector<std::uint16_t>{0xC0AE}));
}

TEST(Suites, a_number_that_is_no_suite_of_ours_is_refused) {
  EXPECT_EQ(suite_of(0xC0A8), Suite::kPskCcm8);
  EXPECT_FALSE(suite_of(0x002F));
}

// TS 5.2.3: nothing below 255 bits.
TEST(Suites, groups_of_less_than_255_bits_are_not_offered) {
  const auto cache = priorities(Transport::kDatagram, {.certificate = true});
  ASSERT_TRUE(cache);
  const unsigned* groups = nullptr;
  const int count = gnutls_priority_group_list(cache->get(), &groups);
  ASSERT_GT(count, 0);
  EXPECT_EQ(groups[0], static_cast<unsigned>(GNUTLS_GROUP_SECP256R1));
  for (int i = 0; i < count; ++i) {
    EXPECT_NE(groups[i], static_cast<unsigned>(GNUTLS_GROUP_SECP192R1));
    EXPECT_NE(groups[i], static_cast<unsigned>(GNUTLS_GROUP_SECP224R1));
  }
}

}  // namespace
}  // namespace linnet::tls
