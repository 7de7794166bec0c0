// SPDX-License-Identifier: Apache-2.0
// The tables under the engine: strings, interning, the index, sizes.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "linnet/server/byte_pool.hpp"
#include "linnet/server/hash.hpp"
#include "linnet/server/hash_index.hpp"
#include "linnet/server/intern_table.hpp"
#include "linnet/server/registration_table.hpp"
#include "tests/support/dice.hpp"

namespace linnet::server {
namespace {

TEST(RegistrationSlotTest, is_one_line_of_the_cache) {
  EXPECT_LE(sizeof(RegistrationSlot), 64U);
}

TEST(BytePoolTest, keeps_strings_of_every_size_and_takes_their_place_again) {
  BytePool pool;
  pool.init(64U << 20U);
  std::map<BytePool::Ref, std::string> kept;
  std::uint32_t seed = 1;
  std::size_t memory = 0;
  for (int round = 0; round < 4; ++round) {
    for (std::size_t size : {1U, 7U, 8U, 9U, 255U, 512U, 513U, 1024U, 1025U, 65535U}) {
      for (int i = 0; i < 20; ++i) {
        std::string text(size, static_cast<char>(seed++));
        const BytePool::Ref ref = pool.add(as_bytes(text));
        ASSERT_NE(ref, BytePool::kNone);
        ASSERT_TRUE(kept.emplace(ref, std::move(text)).second) << "given twice";
      }
    }
    for (const auto& [ref, text] : kept) EXPECT_EQ(as_text(pool.view(ref, text.size())), text);
    if (round == 0) memory = pool.memory();
    EXPECT_EQ(pool.memory(), memory);
    for (const auto& [ref, text] : kept) pool.remove(ref, text.size());
    kept.clear();
  }
}

TEST(BytePoolTest, stops_at_its_limit) {
  BytePool pool;
  pool.init(256U << 10U);
  const std::string text(60'000, 'x');
  int count = 0;
  while (pool.add(as_bytes(text)) != BytePool::kNone) ++count;
  EXPECT_EQ(count, 4);  // of 64 kB each
}

TEST(InternTableTest, keeps_one_of_each_as_long_as_it_is_used) {
  testing::Dice random;
  Hasher hasher;
  hasher.init(random);
  BytePool pool;
  pool.init(16U << 20U);
  InternTable table;
  table.init(pool, hasher);
  std::vector<InternTable::Id> ids;
  for (int i = 0; i < 1000; ++i) {
    const auto id = table.intern(as_bytes("list " + std::to_string(i % 100)));
    ASSERT_TRUE(id);
    ids.push_back(*id);
  }
  EXPECT_EQ(table.size(), 100U);
  for (std::size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(ids[i], ids[i % 100]);
  for (std::size_t i = 0; i < 950; ++i) table.release(ids[i]);
  EXPECT_EQ(table.size(), 50U);
  for (std::size_t i = 950; i < 1000; ++i)
    EXPECT_EQ(as_text(table.view(ids[i])), "list " + std::to_string(i % 100));
  EXPECT_EQ(table.intern(as_bytes("list 60")), ids[60]);
  EXPECT_EQ(table.intern({}), InternTable::kEmpty);
  table.release(InternTable::kEmpty);
}

TEST(HashIndexTest, finds_what_is_there_after_any_order_of_removals) {
  // Hashes that fall together: eight different ones for 200 places.
  HashIndex index;
  index.init(200);
  const auto hash_of = [](std::uint32_t place) { return (place % 8) * 0x01000001U; };
  const auto find = [&](std::uint32_t place) {
    return index.find(hash_of(place), [&](std::uint32_t candidate) { return candidate == place; });
  };
  for (std::uint32_t place = 0; place < 200; ++place) index.insert(hash_of(place), place);
  for (std::uint32_t step = 0; step < 200; ++step) {
    const std::uint32_t gone = step * 67 % 200;
    index.erase(hash_of(gone), gone, hash_of);
    EXPECT_EQ(find(gone), HashIndex::kNone);
    for (std::uint32_t later = step + 1; later < 200; later += 13)
      EXPECT_EQ(find(later * 67 % 200), later * 67 % 200);
  }
}

TEST(HasherTest, depends_on_every_byte_and_on_the_key) {
  testing::Dice random;
  Hasher a;
  a.init(random);
  Hasher b;
  b.init(random);
  std::string text(20, 'x');
  const std::uint32_t hash = a(as_bytes(text));
  EXPECT_NE(hash, b(as_bytes(text)));
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string other = text;
    other[i] = 'y';
    EXPECT_NE(a(as_bytes(other)), hash) << i;
  }
  EXPECT_NE(a(as_bytes(text + '\0')), hash);
}

}  // namespace
}  // namespace linnet::server
