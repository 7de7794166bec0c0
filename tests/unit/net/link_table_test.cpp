// SPDX-License-Identifier: Apache-2.0
#include "linnet/net/link_table.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <vector>

namespace linnet::net {
namespace {

constexpr HashKey kKey{0x0706050403020100, 0x0F0E0D0C0B0A0908};

LinkLoss never(coap::LinkId) {
  return LinkLoss::kPeer;
}
LinkLoss always(coap::LinkId) {
  return LinkLoss::kNothing;
}

coap::LinkId find(const LinkTable& table, const Address& remote, std::uint32_t socket = 0) {
  return table.find(table.hash(remote, socket), remote, socket);
}

template <typename Loss>
coap::LinkId insert(LinkTable& table, const Address& remote, Loss&& loss, std::uint32_t socket = 0) {
  return table.insert(table.hash(remote, socket), remote, socket, loss);
}

TEST(SipHash, depends_on_every_bit_of_key_and_input) {
  const std::uint64_t words[] = {1, 2, 3};
  const std::uint64_t reference = siphash(kKey, words);
  for (unsigned bit = 0; bit < 64; ++bit) {
    for (std::size_t i = 0; i < 3; ++i) {
      std::uint64_t changed[] = {1, 2, 3};
      changed[i] ^= std::uint64_t{1} << bit;
      EXPECT_NE(siphash(kKey, changed), reference);
    }
    EXPECT_NE(siphash({kKey[0] ^ std::uint64_t{1} << bit, kKey[1]}, words), reference);
    EXPECT_NE(siphash({kKey[0], kKey[1] ^ std::uint64_t{1} << bit}, words), reference);
  }
}

TEST(LinkTable, gives_dense_links_and_finds_them_again) {
  LinkTable table(5000, kKey);
  for (std::uint32_t i = 0; i < 5000; ++i) {
    const Address peer = Address::v4(0x7F000001 + i, 5683);
    EXPECT_EQ(find(table, peer), coap::kNoLink);
    EXPECT_EQ(insert(table, peer, never), coap::LinkId{i});
  }
  EXPECT_EQ(insert(table, Address::v4(1, 1), never), coap::kNoLink) << "it is full";
  for (std::uint32_t i = 0; i < 5000; ++i) {
    const Address peer = Address::v4(0x7F000001 + i, 5683);
    EXPECT_EQ(find(table, peer), coap::LinkId{i});
    EXPECT_EQ(table.remote(coap::LinkId{i}), peer);
  }
}

TEST(LinkTable, tells_peers_apart_by_address_port_family_and_socket) {
  LinkTable table(16, kKey);
  const Address::Ip v6{0x20, 1, 0xD, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 127, 0, 0, 1};
  std::set<coap::LinkId> links;
  for (const Address& peer :
       {Address::v4(0x7F000001, 1), Address::v4(0x7F000001, 2), Address::v4(0x7F000002, 1), Address(v6, 1)}) {
    for (const std::uint32_t socket : {0U, 1U}) links.insert(insert(table, peer, never, socket));
  }
  EXPECT_EQ(links.size(), 8U);
}

TEST(LinkTable, remembers_path_and_shard_of_a_link_until_its_id_is_reused) {
  LinkTable table(1, kKey);
  const coap::LinkId link = insert(table, Address::v4(1, 1), never);
  EXPECT_EQ(table.shard(link), LinkTable::kNoShard);
  table.set_shard(link, 7);
  table.set_path(link, PathId{12});
  EXPECT_EQ(table.shard(link), 7);
  EXPECT_EQ(table.path(link), PathId{12});
  ASSERT_EQ(insert(table, Address::v4(2, 1), always), link);
  EXPECT_EQ(table.shard(link), LinkTable::kNoShard);
  EXPECT_EQ(table.path(link), PathId{0});
}

TEST(LinkTable, a_full_table_reuses_an_idle_link_and_no_other) {
  LinkTable table(8, kKey);
  for (std::uint32_t i = 0; i < 8; ++i) (void)insert(table, Address::v4(i, 1), never);
  const auto loss = [](coap::LinkId link) {
    return link == coap::LinkId{5} ? LinkLoss::kNothing : LinkLoss::kPeer;
  };
  EXPECT_EQ(insert(table, Address::v4(100, 1), loss), coap::LinkId{5});
  EXPECT_EQ(find(table, Address::v4(5, 1)), coap::kNoLink);
  EXPECT_EQ(find(table, Address::v4(100, 1)), coap::LinkId{5});
  EXPECT_EQ(find(table, Address::v4(6, 1)), coap::LinkId{6});
}

TEST(LinkTable, a_full_table_takes_what_costs_least_and_never_a_peer_in_use) {
  LinkTable table(8, kKey);
  for (std::uint32_t i = 0; i < 8; ++i) (void)insert(table, Address::v4(i, 1), never);
  std::map<coap::LinkId, LinkLoss> costs{{coap::LinkId{2}, LinkLoss::kShard},
                                         {coap::LinkId{3}, LinkLoss::kDuplicates},
                                         {coap::LinkId{6}, LinkLoss::kNothing}};
  const auto loss = [&](coap::LinkId link) {
    const auto cost = costs.find(link);
    return cost != costs.end() ? cost->second : LinkLoss::kPeer;
  };
  std::uint32_t newcomer = 100;
  for (const std::uint32_t taken : {6U, 3U, 2U}) {
    EXPECT_EQ(insert(table, Address::v4(++newcomer, 1), loss), coap::LinkId{taken});
    costs.erase(coap::LinkId{taken});
  }
  EXPECT_EQ(insert(table, Address::v4(++newcomer, 1), loss), coap::kNoLink);
}

TEST(LinkTable, forgets_nothing_while_there_are_fresh_links) {
  LinkTable table(3, kKey);
  for (std::uint32_t i = 0; i < 3; ++i) {
    EXPECT_EQ(insert(table, Address::v4(i, 1), [](coap::LinkId) { return LinkLoss::kDuplicates; }),
              coap::LinkId{i});
  }
}

TEST(LinkTable, newcomers_find_the_few_that_may_go_behind_a_long_row_that_must_stay) {
  constexpr std::uint32_t kLinks = 10'000;
  constexpr std::uint32_t kInUse = 8000;  // as large as devices make it: max_links has a quarter more
  LinkTable table(kLinks, kKey);
  for (std::uint32_t i = 0; i < kLinks; ++i) (void)insert(table, Address::v4(i, 1), never);
  std::set<coap::LinkId> taken;
  const auto loss = [](coap::LinkId link) {
    return index(link) < kInUse ? LinkLoss::kPeer : LinkLoss::kDuplicates;
  };
  for (std::uint32_t i = 0; i < kLinks - kInUse; ++i) {
    const coap::LinkId link = insert(table, Address::v4(kLinks + i, 1), loss);
    ASSERT_NE(link, coap::kNoLink) << i;
    taken.insert(link);
  }
  EXPECT_EQ(taken.size(), kLinks - kInUse) << "a newcomer stays until all others had their turn";
}

TEST(LinkTable, behaves_as_a_map_under_random_use) {
  std::minstd_rand random(1);
  LinkTable table(3000, kKey);
  std::map<Address, coap::LinkId> model;
  std::vector<Address> owner(3000);
  std::set<coap::LinkId> busy;
  std::uint32_t given = 0;
  for (int step = 0; step < 200'000; ++step) {
    const Address peer = Address::v4(static_cast<std::uint32_t>(random() % 6000), 1);
    const coap::LinkId found = find(table, peer);
    if (const auto known = model.find(peer); known != model.end()) {
      ASSERT_EQ(found, known->second);
    } else {
      ASSERT_EQ(found, coap::kNoLink);
      const coap::LinkId link = insert(table, peer, [&](coap::LinkId candidate) {
        return busy.contains(candidate) ? LinkLoss::kPeer : LinkLoss::kNothing;
      });
      if (link == coap::kNoLink) continue;
      ASSERT_LT(index(link), 3000U);
      ASSERT_TRUE(index(link) == given || !busy.contains(link));
      if (index(link) == given) ++given;
      model.erase(owner[index(link)]);
      owner[index(link)] = peer;
      model[peer] = link;
    }
    const coap::LinkId any{static_cast<std::uint32_t>(random() % 3000)};
    if (random() % 2 == 0) {
      busy.insert(any);
    } else {
      busy.erase(any);
    }
  }
  EXPECT_LE(table.size(), 3000U);
}

TEST(PathTable, gives_equal_paths_one_id_and_is_bounded) {
  PathTable paths;
  const PathId first = paths.intern({.socket = 0, .local = Address::v4(1, 0)});
  const PathId second = paths.intern({.socket = 1, .local = Address::v4(1, 0)});
  EXPECT_NE(first, second);
  EXPECT_EQ(paths.intern({.socket = 0, .local = Address::v4(1, 0)}), first);
  for (std::uint32_t i = 0; i < 2 * PathTable::kMaxPaths; ++i) {
    const PathId id = paths.intern({.socket = 1, .local = Address::v4(i, 0)});
    ASSERT_LT(static_cast<std::size_t>(id), PathTable::kMaxPaths);
    ASSERT_EQ(paths[id].socket, 1U);
  }
}

}  // namespace
}  // namespace linnet::net
