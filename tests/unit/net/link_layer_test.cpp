// SPDX-License-Identifier: Apache-2.0
#include "linnet/net/link_layer.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <string>

namespace linnet::net {
namespace {

// A binding that puts a mark in front of each message.
class Marking final : public coap::Links {
 public:
  explicit Marking(LinkLayer& links) : links_(links) {}
  const coap::LinkTraits& traits(coap::LinkId) noexcept override { return traits_; }
  ByteSpan prepare(coap::LinkId, std::size_t size) noexcept override {
    buffer_ = links_.prepare_datagram();
    return buffer_.subspan(1, size);
  }
  void send(coap::LinkId link, std::size_t size) noexcept override {
    buffer_[0] = '!';
    links_.send_datagram(link, size + 1);
  }

 private:
  LinkLayer& links_;
  coap::LinkTraits traits_{.stream = false, .max_message = 99, .transmission = {}};
  ByteSpan buffer_;
};

std::vector<UdpSocket> sockets(std::size_t count) {
  std::vector<UdpSocket> made;
  for (std::size_t i = 0; i < count; ++i) made.push_back(*UdpSocket::open(*parse_address("127.0.0.1:0")));
  return made;
}

LinkLayerConfig one_plain() {
  LinkLayerConfig config;
  config.max_links = 10;
  config.plain_sockets = 1;
  return config;
}

coap::LinkId link_at(LinkLayer& links, std::size_t socket, const Address& remote) {
  return links.add(links.table().hash(remote, static_cast<std::uint32_t>(socket)), remote, socket,
                   [](coap::LinkId) { return LinkLoss::kPeer; });
}

void say(LinkLayer& links, coap::LinkId link, std::string_view text) {
  const ByteSpan out = links.prepare(link, text.size());
  ASSERT_GE(out.size(), text.size());
  std::memcpy(out.data(), text.data(), text.size());
  links.send(link, text.size());
  links.flush();
}

std::string heard(const UdpSocket& socket) {
  std::array<char, 64> buffer;
  const auto size = recv(socket.fd(), buffer.data(), buffer.size(), 0);
  return size < 0 ? std::string() : std::string(buffer.data(), static_cast<std::size_t>(size));
}

TEST(LinkLayer, messages_leave_as_the_kind_of_their_link_asks) {
  LinkLayer links(one_plain(), sockets(2));
  Marking marking(links);
  links.bind(LinkKind::kDtls, marking);
  const auto peer = std::move(sockets(1)[0]);
  const coap::LinkId plain = link_at(links, 0, peer.local());
  const coap::LinkId secured = link_at(links, 1, peer.local());
  say(links, plain, "one");
  EXPECT_EQ(heard(peer), "one");
  say(links, secured, "two");
  EXPECT_EQ(heard(peer), "!two");
  EXPECT_EQ(links.traits(plain).max_message, 1152);
  EXPECT_EQ(links.traits(secured).max_message, 99);
}

TEST(LinkLayer, without_its_binding_a_message_is_lost_and_not_sent_in_clear) {
  LinkLayer links(one_plain(), sockets(2));
  const coap::LinkId secured = link_at(links, 1, *parse_address("127.0.0.1:1"));
  EXPECT_TRUE(links.prepare(secured, 3).empty());
}

TEST(LinkLayer, an_address_keeps_the_kind_of_its_link) {
  LinkLayer links(one_plain(), sockets(2));
  const Address remote = *parse_address("127.0.0.1:1");
  std::array<std::uint8_t, server::LinkDirectory::kMaxAddress> address;
  const std::size_t size = links.address(link_at(links, 1, remote), address);
  ASSERT_GT(size, 0U);
  const auto again = links.open(ByteView(address).first(size));
  ASSERT_TRUE(again);
  EXPECT_EQ(links.table().kind(*again), LinkKind::kDtls);

  LinkLayer restarted(one_plain(), sockets(2));
  EXPECT_FALSE(restarted.open(ByteView(address).first(size)));
  const auto established = restarted.establish(ByteView(address).first(size));
  ASSERT_TRUE(established);
  EXPECT_EQ(restarted.open(ByteView(address).first(size)), established);

  LinkLayerConfig plain_only = one_plain();
  plain_only.plain_sockets = 2;
  LinkLayer others(plain_only, sockets(2));
  EXPECT_FALSE(others.open(ByteView(address).first(size)));
}

}  // namespace
}  // namespace linnet::net
