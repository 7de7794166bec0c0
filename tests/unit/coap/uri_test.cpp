// SPDX-License-Identifier: Apache-2.0
#include "linnet/coap/uri.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace linnet::coap {
namespace {

struct Parsed {
  explicit Parsed(std::string_view text) : room(text.size()), uri(Uri::parse(text, room)) {}
  std::vector<std::string> path() const { return {uri->path().begin(), uri->path().end()}; }
  std::vector<std::string> query() const { return {uri->query().begin(), uri->query().end()}; }
  std::vector<std::uint8_t> room;
  Result<Uri> uri;
};

using Texts = std::vector<std::string>;

// RFC 7252 §6.3: three ways to write one URI.
TEST(CoapUri, equivalent_forms_give_one_request) {
  for (const auto* text :
       {"coap://example.com:5683/~sensors/temp.xml", "COAP://example.com/%7Esensors/temp.xml",
        "coap://example.com:/%7esensors/temp.xml"}) {
    const Parsed parsed(text);
    ASSERT_TRUE(parsed.uri) << text;
    EXPECT_EQ(parsed.uri->scheme, Scheme::kCoap);
    EXPECT_EQ(parsed.uri->host, "example.com");
    EXPECT_EQ(parsed.uri->port, 5683);
    EXPECT_EQ(parsed.path(), (Texts{"~sensors", "temp.xml"}));
    EXPECT_TRUE(parsed.query().empty());
  }
}

TEST(CoapUri, takes_hosts_ports_and_queries_apart) {
  const Parsed six("coaps://[2001:db8::1]:61616?a=1&b%26c");
  ASSERT_TRUE(six.uri);
  EXPECT_EQ(six.uri->host, "2001:db8::1");
  EXPECT_EQ(six.uri->port, 61616);
  EXPECT_TRUE(six.path().empty());
  EXPECT_EQ(six.query(), (Texts{"a=1", "b&c"}));
  EXPECT_EQ(Parsed("coaps://h").uri->port, 5684);
  EXPECT_EQ(Parsed("coap+tcp://h").uri->scheme, Scheme::kCoapTcp);
  EXPECT_EQ(Parsed("coaps+tcp://h/").uri->port, 5684);
  EXPECT_EQ(Parsed("coap://h/a//b/").path(), (Texts{"a", "", "b", ""}));
}

TEST(CoapUri, refuses_what_is_none) {
  for (const auto* text :
       {"", "coap:/h", "coap://", "coap://:5683", "coap://h:0", "coap://h:65536", "coap://h:x", "coap://[::1",
        "coap://[::1]x", "coap://u@h", "coap://h/#f", "coap://h/%4", "coap://h/%zz", "coap://h/a b",
        "coap://h/\x80", "coap://h:99999999999999999999"}) {
    EXPECT_EQ(Parsed(text).uri.error().code, Errc::kMalformed) << text;
  }
  EXPECT_EQ(Parsed("http://h/f").uri.error().code, Errc::kUnsupported);
  std::string deep = "coap://h";
  for (int i = 0; i < 17; ++i) deep += "/a";
  EXPECT_EQ(Parsed(deep).uri.error().code, Errc::kTooLarge);
}

}  // namespace
}  // namespace linnet::coap
