// SPDX-License-Identifier: Apache-2.0
#include "linnet/net/address.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace linnet::net {
namespace {

using ::testing::HasSubstr;

TEST(Address, is_read_from_every_form_and_printed_in_one) {
  const struct {
    const char* text;
    const char* printed;
  } cases[] = {
      {"127.0.0.1:5700", "127.0.0.1:5700"},
      {"127.0.0.1", "127.0.0.1:5683"},
      {"0.0.0.0:0", "0.0.0.0:0"},
      {"coap://192.0.2.7", "192.0.2.7:5683"},
      {"coap://192.0.2.7:61616/", "192.0.2.7:61616"},
      {"[::1]:5683", "[::1]:5683"},
      {"[2001:DB8:0:0::1]", "[2001:db8::1]:5683"},
      {"coap://[::]:1/rd", "[::]:1"},
  };
  for (const auto& [text, printed] : cases) {
    const ParsedAddress address = parse_address(text);
    ASSERT_TRUE(address) << text << ": " << address.error();
    EXPECT_EQ(address->text(), printed) << text;
  }
}

TEST(Address, a_text_that_is_none_is_named_with_the_reason) {
  const struct {
    const char* text;
    const char* reason;
  } cases[] = {
      {"", "no host"},
      {":5683", "no host"},
      {"127.0.0.1:", "port"},
      {"127.0.0.1:65536", "port"},
      {"127.0.0.1:56x", "port"},
      {"127.0.0.1:-1", "port"},
      {"coaps://127.0.0.1", "only coap://"},
      {"::1", "brackets"},
      {"[::1", "not closed"},
      {"[::1]5683", "after ]"},
      {"[127.0.0.1]:1", "not an IPv6 address"},
      {"example.org", "not an IPv4 address"},
  };
  for (const auto& [text, reason] : cases) {
    const ParsedAddress address = parse_address(text);
    ASSERT_FALSE(address) << text;
    EXPECT_THAT(address.error(), HasSubstr(reason)) << text;
    EXPECT_THAT(address.error(), HasSubstr(text));
  }
}

TEST(Address, survives_the_way_through_a_socket_address) {
  for (const char* text : {"127.1.2.3:5683", "[fe80::1%3]:9", "[2001:db8::1]:5683"}) {
    const Address address = *parse_address(text);
    sockaddr_storage storage{};
    const socklen_t length = address.to(storage);
    EXPECT_EQ(length, address.is_v4() ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    EXPECT_EQ(Address::from(storage), address);
    EXPECT_EQ(address.text(), text);
  }
}

TEST(Address, a_wildcard_is_known_in_both_families) {
  EXPECT_TRUE(parse_address("0.0.0.0:1")->is_wildcard());
  EXPECT_TRUE(parse_address("[::]:1")->is_wildcard());
  EXPECT_FALSE(parse_address("127.0.0.1:1")->is_wildcard());
  EXPECT_FALSE(parse_address("[::1]:1")->is_wildcard());
}

TEST(Address, a_name_is_asked_of_the_resolver_only_where_that_is_allowed) {
  EXPECT_FALSE(parse_address("localhost:5683"));
  const ParsedAddress address = resolve_address("localhost:5683");
  ASSERT_TRUE(address) << address.error();
  EXPECT_EQ(address->port(), 5683);
  EXPECT_THAT(resolve_address("no-such-host.invalid").error(), HasSubstr("no-such-host.invalid"));
}

}  // namespace
}  // namespace linnet::net
