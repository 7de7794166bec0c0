// SPDX-License-Identifier: Apache-2.0
// Credentials: what may be one, how they are found, and that a change leaves what was taken before alone.
#include "linnet/server/credentials.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>

#include "linnet/server/credential_record.hpp"

namespace linnet::server {
namespace {

std::vector<std::uint8_t> bytes(std::string_view text) {
  return {text.begin(), text.end()};
}
SecretBytes secret(std::string_view text) {
  return {text.begin(), text.end()};
}

Credential psk(std::string endpoint, std::string_view identity, std::string_view key) {
  return {.endpoint = std::move(endpoint),
          .mode = CredentialMode::kPreSharedKey,
          .identity = bytes(identity),
          .key = secret(key),
          .oscore = {}};
}
Credential certificate(std::string endpoint, std::string_view identity, std::string_view der) {
  return {.endpoint = std::move(endpoint),
          .mode = CredentialMode::kCertificate,
          .identity = bytes(identity),
          .key = secret(der),
          .oscore = {}};
}
Credential context(std::string endpoint, std::string_view recipient, std::string_view id_context) {
  return {.endpoint = std::move(endpoint),
          .mode = CredentialMode::kOscore,
          .identity = bytes(recipient),
          .key = secret("0123456789abcdef"),
          .oscore = {.sender_id = bytes("s"), .id_context = bytes(id_context), .salt = secret("salt")}};
}
Credential raw_key(std::string endpoint, std::string_view spki) {
  return {.endpoint = std::move(endpoint),
          .mode = CredentialMode::kRawPublicKey,
          .identity = bytes(spki),
          .key = {},
          .oscore = {}};
}

Credentials::Shared with(const Credentials::Shared& before, std::vector<Credential> added) {
  std::vector<CredentialChange> changes;
  for (Credential& credential : added) changes.push_back({.put = std::move(credential)});
  auto next = before->apply(changes);
  EXPECT_TRUE(next.has_value());
  return next ? *next : before;
}

CredentialChange removal(const Credential& credential) {
  return {.put = std::nullopt, .removed = {credential.endpoint, credential.mode, credential.identity}};
}

TEST(Credentials, psk_is_found_by_its_identity) {
  const auto all =
      with(Credentials::none(), {psk("urn:dev:1", "one", "key-1"), psk("urn:dev:2", "two", "key-2")});
  const auto found = all->psk(as_bytes("two"));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->endpoint, "urn:dev:2");
  EXPECT_EQ(as_text(found->key), "key-2");
  EXPECT_FALSE(all->psk(as_bytes("urn:dev:2")));
  EXPECT_FALSE(all->raw_public_key(as_bytes("two")));
  EXPECT_TRUE(all->credentialed("urn:dev:1"));
  EXPECT_FALSE(all->credentialed("urn:dev:3"));
  EXPECT_FALSE(all->credentialed("one"));
}

TEST(Credentials, the_same_name_is_replaced_and_an_older_snapshot_stays_as_it_was) {
  const auto before = with(Credentials::none(), {psk("urn:dev:1", "one", "old")});
  const auto after = with(before, {psk("urn:dev:1", "one", "new")});
  EXPECT_EQ(as_text(before->psk(as_bytes("one"))->key), "old");
  EXPECT_EQ(as_text(after->psk(as_bytes("one"))->key), "new");
  EXPECT_EQ(after->size(), 1U);
  EXPECT_GT(after->generation(), before->generation());
  const auto gone = after->apply(std::vector{removal(psk("urn:dev:1", "one", ""))});
  ASSERT_TRUE(gone.has_value());
  EXPECT_TRUE((*gone)->empty());
  EXPECT_FALSE((*gone)->psk(as_bytes("one")));
  EXPECT_FALSE((*gone)->credentialed("urn:dev:1"));
  EXPECT_TRUE(after->credentialed("urn:dev:1"));
}

TEST(Credentials, an_endpoint_may_have_several) {
  const auto all = with(Credentials::none(), {psk("urn:dev:1", "one", "a"), psk("urn:dev:1", "two", "b"),
                                              raw_key("urn:dev:1", "0key")});
  std::size_t count = 0;
  all->for_each("urn:dev:1", [&](const CredentialSummary& /*summary*/) { ++count; });
  EXPECT_EQ(count, 3U);
  EXPECT_EQ(all->raw_public_key(as_bytes("0key")), "urn:dev:1");
}

TEST(Credentials, one_identity_proves_one_endpoint) {
  const auto all = with(Credentials::none(), {psk("urn:dev:1", "one", "a"), raw_key("urn:dev:1", "0key"),
                                              certificate("urn:dev:1", "", "0der")});
  for (const Credential& taken :
       {psk("urn:dev:2", "one", "a"), raw_key("urn:dev:2", "0key"), certificate("urn:dev:2", "", "0der")}) {
    const auto refused = all->apply(std::vector{CredentialChange{.put = taken}});
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Errc::kExists);
    EXPECT_EQ(refused.error().rival, "urn:dev:1");
  }
}

TEST(Credentials, all_changes_are_made_or_none) {
  const auto all = with(Credentials::none(), {psk("urn:dev:1", "one", "a")});
  std::vector<CredentialChange> changes{{.put = psk("urn:dev:2", "two", "b")},
                                        {.put = psk("urn:dev:3", "", "c")}};
  auto refused = all->apply(changes);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::kInvalidArgument);
  EXPECT_EQ(refused.error().change, 1U);
  EXPECT_FALSE(all->psk(as_bytes("two")));
  refused = all->apply(std::vector{removal(psk("urn:dev:9", "nine", ""))});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::kNotFound);
  refused = all->apply(std::vector{CredentialChange{.put = psk("urn:dev:2", "two", "b")}}, 1);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::kNoSpace);
  EXPECT_TRUE(all->apply(std::vector{CredentialChange{.put = psk("urn:dev:1", "one", "b")}}, 1).has_value());
}

TEST(Credentials, certificates_are_pinned_named_or_trusted) {
  const auto all = with(
      Credentials::none(),
      {certificate("urn:dev:1", "", "0pinned"), certificate("urn:dev:2", "meter.example", ""),
       certificate("urn:meter:*", "root 2026", "0root"), certificate("urn:meter:*", "root 2027", "0next")});
  EXPECT_EQ(all->certificate(as_bytes("0pinned")), "urn:dev:1");
  EXPECT_EQ(all->certificate_name("meter.example"), "urn:dev:2");
  EXPECT_FALSE(all->certificate(as_bytes("0root")));
  std::set<std::string> roots;
  all->for_each_trust_anchor([&](ByteView der, std::string_view endpoints) {
    EXPECT_EQ(endpoints, "urn:meter:*");
    roots.emplace(as_text(der));
  });
  EXPECT_EQ(roots, (std::set<std::string>{"0root", "0next"}));
  EXPECT_TRUE(all->credentialed("urn:meter:7"));
  EXPECT_FALSE(all->credentialed("urn:mete"));
  const auto fewer = all->apply(std::vector{removal(certificate("urn:meter:*", "root 2026", ""))});
  ASSERT_TRUE(fewer.has_value());
  std::size_t left = 0;
  (*fewer)->for_each_trust_anchor([&](ByteView /*der*/, std::string_view /*endpoints*/) { ++left; });
  EXPECT_EQ(left, 1U);
}

TEST(Credentials, oscore_contexts_are_told_apart_by_their_id_context) {
  auto all = with(Credentials::none(), {context("urn:dev:1", "r", "net-1"), context("urn:dev:2", "q", "")});
  EXPECT_EQ(all->oscore(as_bytes("r"), std::nullopt)->endpoint, "urn:dev:1");
  EXPECT_EQ(as_text(all->oscore(as_bytes("q"), std::nullopt)->salt), "salt");
  all = with(all, {context("urn:dev:3", "r", "net-2")});
  EXPECT_FALSE(all->oscore(as_bytes("r"), std::nullopt));
  EXPECT_EQ(all->oscore(as_bytes("r"), as_bytes("net-2"))->endpoint, "urn:dev:3");
  EXPECT_FALSE(all->oscore(as_bytes("r"), as_bytes("net-3")));
  all = with(all, {context("urn:dev:4", "r", "")});
  EXPECT_EQ(all->oscore(as_bytes("r"), std::nullopt)->endpoint, "urn:dev:4");
  const auto refused = all->apply(std::vector{CredentialChange{.put = context("urn:dev:5", "r", "net-1")}});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().rival, "urn:dev:1");
}

TEST(Credentials, thousands_are_listed_once_each_in_pages) {
  std::vector<Credential> many;
  for (int i = 0; i < 5000; ++i) {
    const std::string number = std::to_string(i);
    many.push_back(psk("urn:dev:" + number, "id-" + number, "key-" + number));
  }
  const auto all = with(Credentials::none(), std::move(many));
  std::set<std::string> seen;
  std::optional<std::uint64_t> cursor = 0;
  while (cursor) {
    std::size_t page = 0;
    cursor = all->list(*cursor, 700, [&](const CredentialSummary& summary) {
      ++page;
      EXPECT_TRUE(seen.emplace(summary.endpoint).second);
    });
    EXPECT_LE(page, 700U);
  }
  EXPECT_EQ(seen.size(), 5000U);
  for (const int i : {0, 17, 4999}) {
    EXPECT_EQ(as_text(all->psk(as_bytes("id-" + std::to_string(i)))->key), "key-" + std::to_string(i));
  }
}

TEST(Credential, identities_and_keys_have_the_sizes_of_the_transport_document) {
  EXPECT_EQ(credential_fault(psk("e", std::string(128, 'i'), std::string(64, 'k'))), "");
  EXPECT_NE(credential_fault(psk("e", std::string(129, 'i'), "k")), "");
  EXPECT_NE(credential_fault(psk("e", "i", std::string(65, 'k'))), "");
  EXPECT_NE(credential_fault(psk("e", "i", "")), "");
  EXPECT_NE(credential_fault(psk("", "i", "k")), "");
  EXPECT_NE(credential_fault(psk("e*", "i", "k")), "");
  EXPECT_NE(credential_fault(raw_key("e", "no DER")), "");
  EXPECT_NE(credential_fault(certificate("e*", "anchor", "")), "");
  EXPECT_NE(credential_fault(certificate("e", "", "")), "");
  EXPECT_NE(credential_fault(context("e", "12345678", "")), "");
  EXPECT_NE(credential_fault(context("e", "s", "")), "");
}

TEST(CredentialRecord, comes_back_as_it_was_and_damage_is_noticed) {
  for (const Credential& credential : {psk("urn:dev:1", "one", "key"), certificate("urn:*", "root", "0der"),
                                       context("urn:dev:3", "r", "net"), raw_key("urn:dev:4", "0key")}) {
    const SecretBytes record = encode_record(credential);
    const auto back = decode_credential(record);
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ(*back, credential);
    for (std::size_t i = 0; i < record.size(); ++i) {
      SecretBytes damaged = record;
      damaged[i] ^= 1U;
      EXPECT_FALSE(decode_credential(damaged).has_value()) << i;
    }
    for (std::size_t size = 0; size < record.size(); ++size) {
      EXPECT_FALSE(decode_credential(ByteView(record).first(size)).has_value());
    }
  }
}

TEST(Wipe, leaves_zeros) {
  std::array<std::uint8_t, 4> kept{1, 2, 3, 4};
  wipe(kept);
  EXPECT_EQ(kept, (std::array<std::uint8_t, 4>{}));
  wipe({});
}

}  // namespace
}  // namespace linnet::server
