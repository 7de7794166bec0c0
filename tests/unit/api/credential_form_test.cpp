// SPDX-License-Identifier: Apache-2.0
// Credentials as CSV and JSON: what is taken, what is refused with its line, and that no secret is shown.
#include "linnet/api/credential_form.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace linnet::api {
namespace {

using Json = nlohmann::json;
using server::CredentialMode;

constexpr std::string_view kHead = "endpoint,mode,identity,key\n";

std::string csv(std::string_view rows) {
  return std::string(kHead) + std::string(rows);
}

TEST(CredentialCsv, one_line_is_one_credential) {
  const auto rows = read_credential_csv(csv("urn:dev:1,psk,one,00ff\r\n\nurn:dev:2,rpk,,30aa"));
  ASSERT_TRUE(rows.has_value());
  ASSERT_EQ(rows->size(), 2U);
  EXPECT_EQ((*rows)[0].line, 2U);
  EXPECT_EQ((*rows)[1].line, 4U);
  const auto first = to_credential((*rows)[0]);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->endpoint, "urn:dev:1");
  EXPECT_EQ(first->mode, CredentialMode::kPreSharedKey);
  EXPECT_EQ(as_text(first->identity), "one");
  EXPECT_EQ(first->key, (server::SecretBytes{0x00, 0xFF}));
  const auto second = to_credential((*rows)[1]);
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->identity, (std::vector<std::uint8_t>{0x30, 0xAA}));
}

TEST(CredentialCsv, quotation_marks_hold_commas_lines_and_themselves) {
  const auto rows = read_credential_csv(csv("\"a,b\",psk,\"say \"\"hi\"\"\n\",00\nc,psk,d,00\n"));
  ASSERT_TRUE(rows.has_value());
  EXPECT_EQ((*rows)[0].endpoint, "a,b");
  EXPECT_EQ((*rows)[0].identity, "say \"hi\"\n");
  EXPECT_EQ((*rows)[1].line, 4U);
}

TEST(CredentialCsv, a_wrong_form_is_named_with_its_line) {
  EXPECT_EQ(read_credential_csv("").error().line, 1U);
  EXPECT_EQ(read_credential_csv("endpoint,mode,key\n").error().line, 1U);
  EXPECT_EQ(read_credential_csv(csv("a,psk,b\n")).error().line, 2U);
  EXPECT_EQ(read_credential_csv(csv("a,psk,b,00\nb,psk,c,00,\n")).error().line, 3U);
  EXPECT_EQ(read_credential_csv(csv("a,psk,b,\"00\n")).error().line, 2U);
  EXPECT_EQ(read_credential_csv(csv("a,psk,b,\"00\"x\n")).error().line, 2U);
}

TEST(CredentialForm, oscore_contexts_have_their_parts_between_colons) {
  const auto credential = to_credential({.endpoint = "e",
                                         .mode = "oscore",
                                         .identity = "01:02:37cb",
                                         .key = "000102030405060708090a0b0c0d0e0f:9e7c",
                                         .line = 1});
  ASSERT_TRUE(credential.has_value());
  EXPECT_EQ(credential->identity, std::vector<std::uint8_t>{1});
  EXPECT_EQ(credential->oscore.sender_id, std::vector<std::uint8_t>{2});
  EXPECT_EQ(credential->oscore.id_context, (std::vector<std::uint8_t>{0x37, 0xCB}));
  EXPECT_EQ(credential->oscore.salt, (server::SecretBytes{0x9E, 0x7C}));
  EXPECT_TRUE(to_credential({"e", "oscore", ":01", "000102030405060708090a0b0c0d0e0f", 1}).has_value());
}

TEST(CredentialForm, no_fault_shows_a_key) {
  const std::string secret = "0badc0de0badc0de0badc0de0badc0dX";
  for (const CredentialRow& row : std::vector<CredentialRow>{{"e", "psk", "i", secret, 5},
                                                             {"e", "psk", "hex:0", "00", 5},
                                                             {"e", "psk", "", "00", 5},
                                                             {"e", "rpk", "3000", secret, 5},
                                                             {"e", "rpk", "", secret, 5},
                                                             {"e", "x509", "", secret, 5},
                                                             {"e", "oscore", "01", secret, 5},
                                                             {"e", "oscore", "01:02", secret, 5},
                                                             {"e", "oscore", "01:02:03:04", secret, 5},
                                                             {"e", "PSK", "i", secret, 5}}) {
    const auto refused = to_credential(row);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().line, 5U);
    EXPECT_EQ(refused.error().what.find("0badc0de"), std::string::npos) << refused.error().what;
  }
}

TEST(CredentialJson, a_list_with_the_names_of_the_columns) {
  const Json body{{"credentials",
                   {{{"endpoint", "a"}, {"mode", "psk"}, {"identity", "i"}, {"key", "00"}},
                    {{"endpoint", "b"}, {"mode", "psk"}, {"identity", "j"}, {"key", "01"}}}}};
  EXPECT_EQ(read_credential_json(body).value().size(), 2U);
  EXPECT_EQ(read_credential_json(body["credentials"]).value()[1].line, 2U);
  EXPECT_FALSE(read_credential_json(Json(7)).has_value());
  EXPECT_EQ(read_credential_json(Json::array({{{"mode", 1}}})).error().line, 1U);
  EXPECT_FALSE(read_credential_json(Json::array({{{"secret", "x"}}})).has_value());
  EXPECT_EQ(read_credential_object({{"mode", "psk"}}, "a").value().endpoint, "a");
  EXPECT_FALSE(read_credential_object({{"endpoint", "b"}}, "a").has_value());
}

TEST(CredentialJson, what_is_shown_names_the_credential_and_none_of_its_secrets) {
  const std::vector<CredentialRow> rows{
      {"a", "psk", "i", "5ec4e7", 1},
      {"b", "psk", "hex:00ff", "5ec4e7", 1},
      {"c", "oscore", "01:02:03", "5ec4e75ec4e75ec4e75ec4e75ec4e75e:5ec4e7", 1},
      {"d*", "x509", "root", "305ec4e7", 1}};
  for (const CredentialRow& row : rows) {
    const auto all = server::Credentials::none()
                         ->apply(std::vector<server::CredentialChange>{{.put = to_credential(row).value()}})
                         .value();
    all->for_each(row.endpoint, [&](const server::CredentialSummary& summary) {
      EXPECT_EQ(identity_text(summary), row.identity);
      EXPECT_EQ(credential_json(summary).dump().find("5ec4"), std::string::npos);
    });
  }
}

}  // namespace
}  // namespace linnet::api
