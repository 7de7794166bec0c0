// SPDX-License-Identifier: Apache-2.0
// A file that is not what it should be is reported with its path and left as it is.
#include "linnet/store/state_file.hpp"

#include <gmock/gmock.h>
#include <sqlite3.h>

#include <cerrno>
#include <fstream>
#include <functional>
#include <iterator>
#include <random>

#include "tests/unit/store/store_fixture.hpp"

namespace linnet::store::test {
namespace {

using ::testing::HasSubstr;

std::string read_all(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void write_all(const std::filesystem::path& file, std::string_view bytes) {
  std::ofstream(file, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

class StateFile : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto store = open_sqlite(folder_.state(), listener_);
    const std::vector<std::uint8_t> record(300, 7);
    for (Ticket ticket = 1; ticket <= 500; ++ticket)
      EXPECT_TRUE(store->save(0, ticket, "device" + std::to_string(ticket), record, UnixTime{1}));
  }

  /// Writes `bytes` in the place of the database; opening it must fail and leave it so.
  std::string expect_refused(const std::string& bytes, Errc code) {
    write_all(folder_.database(), bytes);
    const auto store = open_sqlite_store({.folder = folder_.state()}, listener_);
    EXPECT_FALSE(store);
    EXPECT_EQ(read_all(folder_.database()), bytes) << "the file was changed";
    if (store) return {};
    EXPECT_EQ(store.error().code, code);
    EXPECT_THAT(store.error().message, HasSubstr(folder_.database().string()));
    return store.error().message;
  }

  /// The database after some SQL of another program.
  std::string altered(const char* sql) {
    sqlite3* handle = nullptr;
    sqlite3_open(folder_.database().c_str(), &handle);
    EXPECT_EQ(sqlite3_exec(handle, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(handle);
    sqlite3_close(handle);
    return read_all(folder_.database());
  }

  TemporaryFolder folder_;
  RecordingListener listener_;
};

TEST_F(StateFile, random_bytes_are_reported_as_damage) {
  std::mt19937 random(1);
  std::string bytes(20'000, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  EXPECT_THAT(expect_refused(bytes, Errc::kMalformed), HasSubstr("damaged"));
}

TEST_F(StateFile, truncation_is_reported_as_damage_at_every_page) {
  const std::string whole = read_all(folder_.database());
  ASSERT_GT(whole.size(), 10 * 4096U);
  for (std::size_t size = 0; size < whole.size(); size += 4096)
    expect_refused(whole.substr(0, size), Errc::kMalformed);
  expect_refused(whole.substr(0, 50), Errc::kMalformed);
}

TEST_F(StateFile, flipped_header_is_reported_as_damage) {
  for (const std::size_t position : {0U, 5U, 15U, 68U, 71U}) {
    std::string bytes = read_all(folder_.database());
    bytes[position] = static_cast<char>(bytes[position] ^ 0x41);
    const std::string whole = read_all(folder_.database());
    expect_refused(bytes, Errc::kMalformed);
    write_all(folder_.database(), whole);
  }
}

TEST_F(StateFile, page_of_garbage_in_the_middle_is_reported_as_damage) {
  std::string bytes = read_all(folder_.database());
  bytes.replace(bytes.size() / 8192 * 4096, 4096, 4096, '\x5a');
  EXPECT_THAT(expect_refused(bytes, Errc::kMalformed), HasSubstr("docs/state.md"));
}

TEST_F(StateFile, newer_schema_is_left_to_the_newer_version) {
  EXPECT_THAT(expect_refused(altered("PRAGMA user_version = 2"), Errc::kUnsupported), HasSubstr("newer"));
}

TEST_F(StateFile, database_of_another_program_is_not_taken) {
  expect_refused(altered("PRAGMA application_id = 1"), Errc::kMalformed);
}

TEST_F(StateFile, lost_database_beside_its_log_is_reported) {
  std::filesystem::rename(folder_.database(), folder_.path() / "aside");
  write_all(folder_.database().string() + "-wal", "log");
  const auto store = open_sqlite_store({.folder = folder_.state()}, listener_);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, Errc::kMalformed);
  EXPECT_FALSE(std::filesystem::exists(folder_.database()));
}

TEST_F(StateFile, half_made_new_file_is_made_anew) {
  for (const auto& entry : std::filesystem::directory_iterator(folder_.state()))
    std::filesystem::remove(entry);
  write_all(folder_.database().string() + ".new", "half");
  write_all(folder_.database().string() + ".new-journal", "half");
  const auto store = open_sqlite(folder_.state(), listener_);
  ASSERT_NE(store, nullptr);
  EXPECT_TRUE(contents_of(*store).empty());
  EXPECT_FALSE(std::filesystem::exists(folder_.database().string() + ".new"));
}

TEST_F(StateFile, commits_are_synchronous_and_the_log_is_ahead_of_the_file) {
  auto folder = StateFolder::open(folder_.state());
  ASSERT_TRUE(folder);
  auto connection = open_state_file(*folder);
  ASSERT_TRUE(connection);
  EXPECT_EQ(connection->integer("PRAGMA synchronous").value(), 2);
  EXPECT_EQ(connection->text("PRAGMA journal_mode").value(), "wal");
  EXPECT_EQ(connection->integer("PRAGMA wal_autocheckpoint").value(), 0);
  EXPECT_EQ(connection->integer("PRAGMA user_version").value(), kSchemaVersion);
}

TEST(SqlCondition, names_what_the_disk_says) {
  EXPECT_EQ(condition_of({SQLITE_FULL, 0, ""}), Condition::kDiskFull);
  EXPECT_EQ(condition_of({SQLITE_IOERR_WRITE, ENOSPC, ""}), Condition::kDiskFull);
  EXPECT_EQ(condition_of({SQLITE_IOERR_SHMSIZE, EDQUOT, ""}), Condition::kDiskFull);
  EXPECT_EQ(condition_of({SQLITE_IOERR_WRITE, EFBIG, ""}), Condition::kDiskFull);
  EXPECT_EQ(condition_of({SQLITE_READONLY_DBMOVED, 0, ""}), Condition::kReadOnly);
  EXPECT_EQ(condition_of({SQLITE_IOERR_WRITE, EROFS, ""}), Condition::kReadOnly);
  EXPECT_EQ(condition_of({SQLITE_CANTOPEN, EACCES, ""}), Condition::kReadOnly);
  EXPECT_EQ(condition_of({SQLITE_CORRUPT_INDEX, 0, ""}), Condition::kDamaged);
  EXPECT_EQ(condition_of({SQLITE_NOTADB, 0, ""}), Condition::kDamaged);
  EXPECT_EQ(condition_of({SQLITE_IOERR_FSYNC, EIO, ""}), Condition::kIo);
  EXPECT_EQ(condition_of({SQLITE_BUSY, 0, ""}), Condition::kIo);
}

}  // namespace
}  // namespace linnet::store::test
