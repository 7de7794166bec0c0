// SPDX-License-Identifier: Apache-2.0
// The state of a device, encrypted (docs/linnet-device.md, "Secrets at rest").
// Shows: SE-14
#include "sealed_state.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/unit/client/power_cut.hpp"

namespace linnet::device {
namespace {

using client::StateImage;
using client::test::Flash;

const std::vector<std::uint8_t> kKey(store::Sealer::kKeySize, 0x11);
const std::vector<std::uint8_t> kOther(store::Sealer::kKeySize, 0x22);
constexpr std::string_view kSecret = "the secret of the account, in its old words";
constexpr std::string_view kNewer = "another secret, which is a little longer than that";

std::string loaded(client::Medium& medium) {
  std::vector<std::uint8_t> room(512);
  StateImage image;
  const auto payload = image.load(medium, room);
  return payload ? std::string(as_text(*payload)) : std::string("nothing");
}

class Sealed : public ::testing::Test {
 protected:
  Sealed() {
    std::string name = std::filesystem::temp_directory_path() / "linnet-XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~Sealed() { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string path() const { return folder_ + "/state"; }
  [[nodiscard]] std::string bytes() const {
    std::ifstream file(path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void keep_in_clear(std::string_view payload) const {
    const auto file = StateFile::open(path(), kMax);
    ASSERT_TRUE(file);
    StateImage image;
    ASSERT_TRUE(image.save(**file, as_bytes(payload)));
  }
  void keep(std::string_view payload) const {
    const auto state = SealedState::open(path(), kMax, kKey);
    ASSERT_TRUE(state) << state.error();
    std::vector<std::uint8_t> room(512);
    StateImage image;
    (void)image.load(*state->medium, room);
    ASSERT_TRUE(image.save(*state->medium, as_bytes(payload)));
  }
  [[nodiscard]] std::string kept() const {
    const auto state = SealedState::open(path(), kMax, kKey);
    return state ? loaded(*state->medium) : state.error();
  }

  static constexpr std::size_t kMax = 256;
  std::string folder_;
};

TEST_F(Sealed, what_is_kept_comes_back_and_the_file_does_not_show_it) {
  EXPECT_EQ(kept(), "nothing");
  keep(kSecret);
  EXPECT_EQ(kept(), kSecret);
  keep(kNewer);
  EXPECT_EQ(kept(), kNewer);
  keep(kSecret);
  EXPECT_EQ(kept(), kSecret);
  EXPECT_EQ(bytes().find("secret"), std::string::npos);
  EXPECT_EQ(bytes().find("LNST"), std::string::npos);
  EXPECT_TRUE(is_sealed_state(path(), kMax));
}

TEST_F(Sealed, under_another_key_it_is_refused_and_left_alone) {
  keep(kSecret);
  const std::string before = bytes();
  const auto state = SealedState::open(path(), kMax, kOther);
  ASSERT_FALSE(state);
  EXPECT_NE(state.error().find("under another key"), std::string::npos);
  EXPECT_EQ(bytes(), before);
}

TEST_F(Sealed, a_file_in_clear_is_brought_under_the_key) {
  keep_in_clear(kSecret);
  EXPECT_NE(bytes().find(kSecret), std::string::npos);
  EXPECT_FALSE(is_sealed_state(path(), kMax));
  EXPECT_EQ(kept(), kSecret);
  EXPECT_EQ(bytes().find(kSecret), std::string::npos);
  EXPECT_EQ(kept(), kSecret);
  EXPECT_FALSE(std::filesystem::exists(path() + ".new"));
}

TEST_F(Sealed, a_change_of_any_byte_is_noticed) {
  keep(kSecret);
  const std::string good = bytes();
  for (std::size_t at = SealedMedium::kHead; at < SealedMedium::kHead + 60; ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    std::ofstream(path(), std::ios::binary) << bad;
    EXPECT_NE(kept(), kSecret) << at;
  }
}

/// The power fails after every number of bytes: what stands is what was before, or what came.
TEST(SealedMediumPower, a_save_that_breaks_off_leaves_the_old_state_or_the_new_one) {
  const std::size_t size = StateImage::kHeaderSize + 64 + SealedMedium::kOverhead;
  Flash flash(size);
  StateImage image;
  {
    SealedMedium medium(flash, store::Sealer::make(kKey, 1));
    ASSERT_TRUE(medium.load());
    ASSERT_TRUE(image.save(medium, as_bytes(kNewer)));
    ASSERT_TRUE(image.save(medium, as_bytes(kSecret)));
  }
  bool old = false;
  bool fresh = false;
  for (std::size_t power = 0; !fresh; ++power) {
    ASSERT_LT(power, 1000U);
    Flash cut = flash;
    cut.bytes_left = power;
    {
      SealedMedium medium(cut, store::Sealer::make(kKey, 1));
      ASSERT_TRUE(medium.load());
      StateImage at_start;
      std::vector<std::uint8_t> room(512);
      ASSERT_TRUE(at_start.load(medium, room));
      (void)at_start.save(medium, as_bytes(kNewer));
    }
    cut.bytes_left = SIZE_MAX;
    SealedMedium after(cut, store::Sealer::make(kKey, 1));
    ASSERT_TRUE(after.load()) << power;
    const std::string stands = loaded(after);
    ASSERT_TRUE(stands == kSecret || stands == kNewer) << power << ' ' << stands;
    old = old || stands == kSecret;
    fresh = stands == kNewer;
  }
  EXPECT_TRUE(old);
}

TEST(SealedMediumPower, regions_do_not_stand_in_for_each_other) {
  const std::size_t size = StateImage::kHeaderSize + 64 + SealedMedium::kOverhead;
  Flash flash(size);
  SealedMedium medium(flash, store::Sealer::make(kKey, 1));
  StateImage image;
  ASSERT_TRUE(image.save(medium, as_bytes(kSecret)));
  std::swap(flash.regions[0], flash.regions[1]);
  SealedMedium other(flash, store::Sealer::make(kKey, 1));
  EXPECT_FALSE(other.load());
}

}  // namespace
}  // namespace linnet::device
