// SPDX-License-Identifier: Apache-2.0
// Shows: SE-14
// Secrets in the state folder: encrypted under a key that is not in the file, and never under another.
#include <gmock/gmock.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <fstream>

#include "linnet/store/seal_key.hpp"
#include "linnet/store/sealer.hpp"
#include "linnet/store/secret_source.hpp"
#include "tests/unit/store/store_fixture.hpp"

namespace linnet::store::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::string kHexA(64, 'a');
const std::string kHexB(64, 'B');
constexpr std::string_view kSecret = "a pre-shared key that nobody is to see";
constexpr std::array kKinds{RecordKind::kBootstrapConfiguration, RecordKind::kCredential,
                            RecordKind::kOperation};

std::vector<std::uint8_t> key_bytes(std::uint8_t value) {
  return std::vector<std::uint8_t>(Sealer::kKeySize, value);
}

TEST(Sealer, what_is_sealed_opens_again_and_no_two_look_alike) {
  const auto sealer = Sealer::make(key_bytes(1), 2);
  ASSERT_NE(sealer, nullptr);
  const RecordKey name{RecordKind::kCredential, "one"};
  const auto first = sealer->seal(0, name, as_bytes(kSecret));
  const auto second = sealer->seal(0, name, as_bytes(kSecret));
  const auto other = sealer->seal(1, name, as_bytes(kSecret));
  ASSERT_TRUE(first && second && other);
  EXPECT_NE(*first, *second);
  EXPECT_NE(*first, *other);
  EXPECT_EQ(first->size(), kSecret.size() + Sealer::kOverhead);
  EXPECT_EQ(as_text(*first).find("pre-shared"), std::string_view::npos);
  for (const auto& sealed : {*first, *second, *other}) {
    const auto opened = sealer->open(name, sealed);
    ASSERT_TRUE(opened.has_value());
    EXPECT_EQ(as_text(*opened), kSecret);
  }
  EXPECT_EQ(sealer->seal(2, name, {}).error().code, Errc::kInvalidArgument);
  EXPECT_EQ(Sealer::make(std::vector<std::uint8_t>(16, 1), 1), nullptr);
}

TEST(Sealer, another_process_with_the_key_opens_it_and_none_without) {
  const RecordKey name{RecordKind::kCredential, "one"};
  const auto sealed = Sealer::make(key_bytes(1), 1)->seal(0, name, as_bytes(kSecret));
  EXPECT_EQ(as_text(Sealer::make(key_bytes(1), 1)->open(name, *sealed).value()), kSecret);
  EXPECT_EQ(Sealer::make(key_bytes(2), 1)->open(name, *sealed).error().code, Errc::kUnauthorized);
}

TEST(Sealer, a_record_opens_in_its_own_place_only_and_whole) {
  const auto sealer = Sealer::make(key_bytes(1), 1);
  const auto sealed = sealer->seal(0, {RecordKind::kCredential, "one"}, as_bytes(kSecret));
  ASSERT_TRUE(sealed.has_value());
  EXPECT_FALSE(sealer->open({RecordKind::kCredential, "two"}, *sealed).has_value());
  EXPECT_FALSE(sealer->open({RecordKind::kBootstrapConfiguration, "one"}, *sealed).has_value());
  for (std::size_t i = 0; i < sealed->size(); ++i) {
    auto damaged = *sealed;
    damaged[i] ^= 1U;
    EXPECT_FALSE(sealer->open({RecordKind::kCredential, "one"}, damaged).has_value()) << i;
    EXPECT_FALSE(sealer->open({RecordKind::kCredential, "one"}, ByteView(*sealed).first(i)).has_value());
  }
  const auto empty = sealer->seal(0, {RecordKind::kCredential, ""}, {});
  EXPECT_TRUE(sealer->open({RecordKind::kCredential, ""}, *empty).value().empty());
}

class SealedState : public ::testing::Test {
 protected:
  void SetUp() override {
    write_file("key-a", kHexA + "\n");
    write_file("key-b", kHexB);
  }

  void write_file(const std::string& name, const std::string& text) {
    std::ofstream(folder_.path() / name, std::ios::binary) << text;
  }
  [[nodiscard]] std::string source(const std::string& name) const {
    return "file:" + (folder_.path() / name).string();
  }
  [[nodiscard]] OpenResult open(std::optional<SealConfig> seal) {
    return open_sqlite_store({.folder = folder_.state(), .seal = std::move(seal)}, listener_);
  }
  /// Keeps a secret of each kind.
  void keep(const std::optional<SealConfig>& seal) {
    const auto store = open(seal);
    ASSERT_TRUE(store) << store.error().message;
    for (const RecordKind kind : kKinds) {
      EXPECT_TRUE((*store)->save(0, kNoTicket, {kind, "one"}, as_bytes(kSecret), kKeptForGood));
    }
    EXPECT_TRUE((*store)->flush());
  }
  void expect_kept(const std::optional<SealConfig>& seal) {
    const auto store = open(seal);
    ASSERT_TRUE(store) << store.error().message;
    for (const RecordKind kind : kKinds) {
      std::vector<std::string> found;
      EXPECT_TRUE(
          (*store)->load(kind, [&](const RecordView& record) { found.emplace_back(as_text(record.value)); }));
      EXPECT_EQ(found, std::vector<std::string>{std::string(kSecret)});
    }
  }
  [[nodiscard]] std::string database() const {
    std::ifstream stream(folder_.database(), std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  [[nodiscard]] std::string all_files() const {
    std::string all;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.state())) {
      std::ifstream stream(entry.path(), std::ios::binary);
      all.append(std::istreambuf_iterator<char>(stream), {});
    }
    return all;
  }
  void expect_refused(const std::optional<SealConfig>& seal, Errc code) {
    const std::string before = database();
    const auto store = open(seal);
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().code, code) << store.error().message;
    EXPECT_THAT(store.error().message, Not(HasSubstr(kHexB)));
    EXPECT_TRUE(database() == before) << "the file was changed";
    const std::filesystem::path log = folder_.database().string() + "-wal";
    EXPECT_TRUE(!std::filesystem::exists(log) || std::filesystem::file_size(log) == 0);
  }

  TemporaryFolder folder_;
  RecordingListener listener_;
};

TEST_F(SealedState, no_file_of_the_folder_shows_a_secret) {
  const SealConfig config{.key = source("key-a"), .former = {}};
  keep(config);
  EXPECT_EQ(all_files().find("pre-shared"), std::string::npos);
  expect_kept(config);
}

TEST_F(SealedState, a_key_of_the_folders_own_is_made_once_and_for_its_owner) {
  keep(SealConfig{});
  const auto file = folder_.state() / kOwnSealKey;
  struct stat status{};
  ASSERT_EQ(stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_EQ(status.st_size, 32);
  expect_kept(SealConfig{});
  std::filesystem::remove(file);
  expect_refused(SealConfig{}, Errc::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST_F(SealedState, another_key_or_none_is_refused_and_nothing_changes) {
  keep(SealConfig{.key = source("key-a"), .former = {}});
  expect_refused(SealConfig{.key = source("key-b"), .former = {}}, Errc::kUnauthorized);
  expect_refused(SealConfig{.key = source("key-b"), .former = source("key-b")}, Errc::kUnauthorized);
  expect_refused(SealConfig{.key = source("nothing"), .former = {}}, Errc::kNotFound);
  expect_refused(std::nullopt, Errc::kUnauthorized);
  expect_refused(SealConfig{}, Errc::kNotFound);
  expect_kept(SealConfig{.key = source("key-a"), .former = {}});
}

TEST_F(SealedState, secrets_that_were_in_clear_come_under_the_key_and_leave_no_copy) {
  keep(std::nullopt);
  EXPECT_NE(all_files().find("pre-shared"), std::string::npos);
  const SealConfig config{.key = source("key-a"), .former = {}};
  expect_kept(config);
  EXPECT_EQ(all_files().find("pre-shared"), std::string::npos);
  expect_kept(config);
}

TEST_F(SealedState, a_key_is_changed_with_both_keys_at_hand) {
  keep(SealConfig{.key = source("key-a"), .former = {}});
  const SealConfig change{.key = source("key-b"), .former = source("key-a")};
  expect_kept(change);
  expect_kept(change);  // a former key that is not needed any more does no harm
  expect_kept(SealConfig{.key = source("key-b"), .former = {}});
  expect_refused(SealConfig{.key = source("key-a"), .former = {}}, Errc::kUnauthorized);
}

/// A secure element of paper.
class Element final : public KeyWrapper {
 public:
  explicit Element(std::uint8_t secret) : secret_(secret) {}
  [[nodiscard]] std::string id() const override { return std::to_string(secret_); }
  [[nodiscard]] std::expected<std::vector<std::uint8_t>, std::string> wrap(ByteView key) override {
    return turned<std::vector<std::uint8_t>>(key);
  }
  [[nodiscard]] std::expected<server::SecretBytes, std::string> unwrap(ByteView wrapped) override {
    if (broken) return std::unexpected("it is broken");
    return turned<server::SecretBytes>(wrapped);
  }
  bool broken = false;

 private:
  template <typename Bytes>
  [[nodiscard]] Bytes turned(ByteView bytes) const {
    Bytes out(bytes.begin(), bytes.end());
    for (std::uint8_t& byte : out) byte ^= secret_;
    return out;
  }
  std::uint8_t secret_;
};

// Shows: SE-13
TEST_F(SealedState, a_key_may_be_wrapped_by_what_keeps_its_own) {
  const auto element = std::make_shared<Element>(1);
  SealConfig config;
  config.wrapper = element;
  keep(config);
  EXPECT_EQ(all_files().find("pre-shared"), std::string::npos);
  const auto file = folder_.state() / "seal-1.wrapped";
  struct stat status{};
  ASSERT_EQ(stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_EQ(status.st_size, 32);
  expect_kept(config);
  expect_refused(SealConfig{.key = source("key-a")}, Errc::kUnauthorized);
  element->broken = true;
  expect_refused(config, Errc::kUnauthorized);
  element->broken = false;
  std::filesystem::rename(file, folder_.path() / "elsewhere");
  expect_refused(config, Errc::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(file)) << "no other key is made";
  std::filesystem::rename(folder_.path() / "elsewhere", file);
  // To another element, and to a file.
  SealConfig change;
  change.wrapper = std::make_shared<Element>(2);
  change.former_wrapper = element;
  expect_kept(change);
  SealConfig back{.key = source("key-a")};
  back.former_wrapper = change.wrapper;
  expect_kept(back);
  expect_kept(SealConfig{.key = source("key-a")});
}

// A file of a version that kept operations in clear under its key.
// Shows: SE-14
TEST_F(SealedState, operations_in_clear_come_under_the_key_too) {
  const SealConfig config{.key = source("key-a")};
  keep(config);
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(folder_.database().c_str(), &handle), SQLITE_OK);
  const auto replace = [&](RecordKind kind, std::string_view key, ByteView value) {
    sqlite3_stmt* statement = nullptr;
    sqlite3_prepare_v2(handle, "UPDATE record SET value = ?3 WHERE kind = ?1 AND key = ?2", -1, &statement,
                       nullptr);
    sqlite3_bind_int(statement, 1, static_cast<int>(kind));
    sqlite3_bind_blob(statement, 2, key.data(), static_cast<int>(key.size()), SQLITE_STATIC);
    sqlite3_bind_blob(statement, 3, value.data(), static_cast<int>(value.size()), SQLITE_STATIC);
    EXPECT_EQ(sqlite3_step(statement), SQLITE_DONE);
    sqlite3_finalize(statement);
    EXPECT_EQ(sqlite3_changes(handle), 1);
  };
  replace(RecordKind::kOperation, "one", as_bytes(kSecret));
  const auto old = Sealer::make(key_bytes(0xAA), 1)->seal(0, {RecordKind::kSeal, ""}, as_bytes("linnet"));

  replace(RecordKind::kSeal, "", *old);
  sqlite3_close(handle);
  EXPECT_NE(all_files().find("pre-shared"), std::string::npos);
  expect_kept(config);
  EXPECT_EQ(all_files().find("pre-shared"), std::string::npos);
  expect_kept(config);
}

TEST_F(SealedState, other_records_stay_readable_for_everybody) {
  {
    const auto store = open(SealConfig{});
    ASSERT_TRUE(store);
    EXPECT_TRUE((*store)->save(0, kNoTicket, "device", as_bytes("registration"), UnixTime{1}));
  }
  EXPECT_NE(all_files().find("registration"), std::string::npos);
}

TEST_F(SealedState, a_record_put_in_anothers_place_is_no_record) {
  keep(SealConfig{});
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(folder_.database().c_str(), &handle), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(handle, "UPDATE record SET key = CAST('two' AS BLOB) WHERE kind = 6", nullptr,
                         nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(handle);
  const auto store = open(SealConfig{});
  ASSERT_TRUE(store);
  std::size_t size = 99;
  EXPECT_TRUE(
      (*store)->load(RecordKind::kCredential, [&](const RecordView& record) { size = record.value.size(); }));
  EXPECT_EQ(size, 0U);
}

TEST_F(SealedState, keys_come_from_files_credentials_and_the_environment) {
  const auto expected = server::SecretBytes(32, 0xAA);
  EXPECT_EQ(read_seal_key(source("key-a")).value(), expected);
  write_file("raw", std::string(32, '\xAA'));
  EXPECT_EQ(read_seal_key(source("raw")).value(), expected);
  setenv("CREDENTIALS_DIRECTORY", folder_.path().c_str(), 1);
  EXPECT_EQ(read_seal_key("credential:key-a").value(), expected);
  unsetenv("CREDENTIALS_DIRECTORY");
  EXPECT_EQ(read_seal_key("credential:key-a").error().code, Errc::kNotFound);
  setenv("LINNET_TEST_SEAL_KEY", kHexA.c_str(), 1);
  EXPECT_EQ(read_seal_key("env:LINNET_TEST_SEAL_KEY").value(), expected);
  EXPECT_EQ(getenv("LINNET_TEST_SEAL_KEY"), nullptr);

  for (const std::string& text :
       {std::string(31, 'x'), kHexA.substr(1), kHexA + "aa", std::string(300, 'a')}) {
    write_file("wrong", text);
    const auto refused = read_seal_key(source("wrong"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::kMalformed);
    EXPECT_THAT(refused.error().message, Not(HasSubstr(text)));
  }
  EXPECT_EQ(read_seal_key("vault:key").error().code, Errc::kInvalidArgument);
  EXPECT_EQ(seal_source_fault("file:/x"), "");
  EXPECT_NE(seal_source_fault("file:"), "");
  EXPECT_NE(seal_source_fault(""), "");
}

TEST_F(SealedState, flags_take_hexadecimal_digits_or_the_file_that_holds_them) {
  const server::SecretBytes expected{0x01, 0xAB, 0xFF};
  EXPECT_EQ(hex_or_file("01abFF", "--key").value(), expected);
  write_file("digits", "01 ab\nff\n");
  const std::string file = "@" + source("digits").substr(std::string_view("file:").size());
  EXPECT_EQ(hex_or_file(file, "--key").value(), expected);
  write_file("digits", "01abf");
  for (const std::string& text : {std::string("01abf"), std::string("01abfg"), file}) {
    const auto refused = hex_or_file(text, "--key");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::kMalformed);
    EXPECT_THAT(refused.error().message, HasSubstr("--key"));
    EXPECT_THAT(refused.error().message, Not(HasSubstr("01abf")));
  }
  EXPECT_EQ(hex_or_file("@/nowhere/at/all", "--key").error().code, Errc::kNotFound);
  write_file("pin", "1234\r\n");
  EXPECT_EQ(read_secret_line(source("pin"), "the PIN").value(), (server::SecretBytes{'1', '2', '3', '4'}));
}

}  // namespace
}  // namespace linnet::store::test
