// SPDX-License-Identifier: Apache-2.0
// What the SQLite store adds to the contract: it outlives its process, bounds its queue, heals.
#include "linnet/store/sqlite_store.hpp"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "tests/unit/store/store_fixture.hpp"

namespace linnet::store::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(SqliteStore, records_outlive_the_store) {
  const TemporaryFolder folder;
  RecordingListener listener;
  {
    const auto store = open_sqlite(folder.state(), listener);
    EXPECT_TRUE(store->save(0, 1, "a", as_bytes("one"), UnixTime{10}));
    EXPECT_TRUE(store->save(0, 2, "b", as_bytes("two"), UnixTime{20}));
    EXPECT_TRUE(store->remove(0, 3, "b"));
    EXPECT_TRUE(store->touch(0, "a", UnixTime{30}));
  }
  const auto store = open_sqlite(folder.state(), listener);
  EXPECT_EQ(contents_of(*store), (Contents{{"a", {"one", 30}}}));
}

TEST(SqliteStore, state_folder_is_for_its_owner_alone) {
  const TemporaryFolder folder;
  RecordingListener listener;
  const auto store = open_sqlite(folder.state() / "deeper", listener);
  struct stat status{};
  ASSERT_EQ(stat((folder.state() / "deeper").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
}

TEST(SqliteStore, orderly_close_leaves_all_in_the_one_file) {
  const TemporaryFolder folder;
  RecordingListener listener;
  {
    const auto store = open_sqlite(folder.state(), listener);
    EXPECT_TRUE(store->save(0, 1, "a", {}, UnixTime{10}));
  }
  const std::filesystem::path log = folder.database().string() + "-wal";
  EXPECT_TRUE(!std::filesystem::exists(log) || std::filesystem::file_size(log) == 0);
}

TEST(SqliteStore, touch_is_written_behind_without_anyone_asking) {
  const TemporaryFolder folder;
  RecordingListener listener;
  const auto store = open_sqlite(folder.state(), listener);
  EXPECT_TRUE(store->save(0, 1, "a", {}, UnixTime{10}));
  static_cast<void>(listener.await_committed(0, 1));
  for (std::int64_t expiry = 11; expiry <= 1010; ++expiry)
    EXPECT_TRUE(store->touch(0, "a", UnixTime{expiry}));
  while (contents_of(*store).at("a").expiry != 1010) std::this_thread::yield();
  // A thousand touches in one interval, or in two when the machine is slow, are a few writes.
  EXPECT_LT(store->counters().touched, 100U);
}

TEST(SqliteStore, many_operations_share_one_commit) {
  const TemporaryFolder folder;
  RecordingListener listener;
  const auto store = open_sqlite(folder.state(), listener);
  listener.hold();
  EXPECT_TRUE(store->save(0, 1, "first", {}, UnixTime{1}));
  listener.await_held();
  const std::uint64_t before = store->counters().commits;
  for (Ticket ticket = 2; ticket <= 257; ++ticket)
    EXPECT_TRUE(store->save(0, ticket, std::to_string(ticket), {}, UnixTime{1}));
  listener.let_go();
  static_cast<void>(listener.await_committed(0, 257));
  EXPECT_EQ(store->counters().commits - before, 1U);
}

TEST(SqliteStore, full_queue_is_busy_and_takes_again_when_the_disk_has_caught_up) {
  const TemporaryFolder folder;
  RecordingListener listener;
  auto opened = open_sqlite_store({.folder = folder.state(), .max_queued = 8}, listener);
  ASSERT_TRUE(opened);
  const auto& store = *opened;
  listener.hold();
  EXPECT_TRUE(store->save(0, 1, "first", {}, UnixTime{1}));
  listener.await_held();
  Ticket ticket = 2;
  while (store->save(0, ticket, std::to_string(ticket), {}, UnixTime{1})) ++ticket;
  EXPECT_EQ(ticket, 10U);
  EXPECT_EQ(store->save(0, 99, "x", {}, UnixTime{1}).error().code, Errc::kBusy);
  EXPECT_EQ(store->touch(0, "first", UnixTime{2}).error().code, Errc::kBusy);
  listener.let_go();
  EXPECT_TRUE(store->flush());
  EXPECT_TRUE(store->save(0, 100, "x", {}, UnixTime{1}));
  EXPECT_TRUE(store->flush());
  EXPECT_THAT(listener.committed(), ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 100));
}

TEST(SqliteStore, log_stays_bounded_under_a_load_without_a_pause) {
  const TemporaryFolder folder;
  RecordingListener listener;
  constexpr std::size_t kCheckpoint = 256U << 10;
  auto opened = open_sqlite_store({.folder = folder.state(), .checkpoint_bytes = kCheckpoint}, listener);
  ASSERT_TRUE(opened);
  const std::vector<std::uint8_t> record(2000, 7);
  std::uintmax_t largest = 0;
  Ticket ticket = 0;
  for (int round = 0; round < 400; ++round) {
    for (int i = 0; i < 16; ++i) {
      ++ticket;
      EXPECT_TRUE((*opened)->save(0, ticket, std::to_string(ticket % 500), record, UnixTime{1}));
    }
    static_cast<void>(listener.await_committed(0, ticket));
    largest = std::max(largest, std::filesystem::file_size(folder.database().string() + "-wal"));
  }
  // 400 commits of at least 16 pages are 26 MB of log.
  EXPECT_LT(largest, 8U << 20);
}

TEST(SqliteStore, second_store_on_a_folder_is_told_who_has_it) {
  const TemporaryFolder folder;
  RecordingListener listener;
  auto store = open_sqlite(folder.state(), listener);
  const pid_t child = fork();
  if (child == 0) {
    RecordingListener other;
    const auto second = open_sqlite_store({.folder = folder.state()}, other);
    const bool told = !second && second.error().code == Errc::kBusy &&
                      second.error().message.find(std::to_string(getppid())) != std::string::npos &&
                      second.error().message.find(folder.state().string()) != std::string::npos;
    _exit(told ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  store->close();
  EXPECT_NE(open_sqlite(folder.state(), listener), nullptr);
}

/// Files of this process cannot grow beyond `bytes` while it lives: what a full disk does.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    signal(SIGXFSZ, SIG_DFL);
  }

 private:
  rlimit before_{};
};

TEST(SqliteStore, full_disk_refuses_keeps_what_was_there_and_heals_by_itself) {
  const TemporaryFolder folder;
  RecordingListener listener;
  const std::vector<std::uint8_t> record(100'000, 7);
  {
    const auto store = open_sqlite(folder.state(), listener);
    EXPECT_TRUE(store->save(0, 1, "a", as_bytes("before"), UnixTime{1}));
    EXPECT_TRUE(store->flush());
    {
      const FileSizeLimit limit(80'000);
      EXPECT_TRUE(store->save(0, 2, "a", record, UnixTime{2}));
      EXPECT_THAT(listener.await_refused(0, 1), ElementsAre(2));
      ASSERT_THAT(listener.reasons(), ElementsAre(Condition::kDiskFull)) << store->health().detail;
      const Health health = listener.await_condition(Condition::kDiskFull);
      EXPECT_EQ(store->health().condition, Condition::kDiskFull);
      EXPECT_THAT(health.detail, HasSubstr(folder.database().string()));
      EXPECT_EQ(contents_of(*store), (Contents{{"a", {"before", 1}}}));
      EXPECT_TRUE(store->save(0, 3, "b", record, UnixTime{2}));
      EXPECT_THAT(listener.await_refused(0, 2), ElementsAre(2, 3));
      EXPECT_TRUE(store->touch(0, "a", UnixTime{5}));
    }
    static_cast<void>(listener.await_condition(Condition::kOk));  // nobody saved: it tried by itself
    EXPECT_TRUE(store->save(0, 4, "b", as_bytes("after"), UnixTime{3}));
    EXPECT_TRUE(store->flush());
    EXPECT_THAT(listener.committed(), ElementsAre(1, 4));
    EXPECT_EQ(store->counters().refused, 2U);
  }
  const auto store = open_sqlite(folder.state(), listener);
  EXPECT_EQ(contents_of(*store), (Contents{{"a", {"before", 5}}, {"b", {"after", 3}}}));
}

/// Runs in a process without the rights of root, to whom no folder is read-only.
template <typename Check>
int status_as_nobody(const std::filesystem::path& path, Check check) {
  constexpr uid_t kNobody = 65534;
  const bool root = geteuid() == 0;
  if (root && chown(path.c_str(), kNobody, kNobody) != 0) return -1;
  const pid_t child = fork();
  if (child == 0) {
    if (root && (setgid(kNobody) != 0 || setuid(kNobody) != 0)) _exit(2);
    _exit(check() ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  return status;
}

TEST(SqliteStore, read_only_folder_or_file_is_an_error_that_names_it) {
  const TemporaryFolder folder;
  RecordingListener listener;
  EXPECT_EQ(status_as_nobody(folder.path(),
                             [&] {
                               const std::filesystem::path state = folder.state();
                               if (!open_sqlite_store({.folder = state}, listener)) return false;
                               chmod(folder.database().c_str(), 0400);
                               auto file = open_sqlite_store({.folder = state}, listener);
                               chmod((state / "lock").c_str(), 0400);
                               auto lock = open_sqlite_store({.folder = state}, listener);
                               chmod(folder.path().c_str(), 0500);
                               auto made = open_sqlite_store({.folder = folder.path() / "other"}, listener);
                               const auto names = [](const OpenResult& result, const std::string& path) {
                                 return !result && result.error().code == Errc::kIo &&
                                        result.error().message.find(path) != std::string::npos;
                               };
                               return names(file, folder.database().string()) &&
                                      names(lock, (state / "lock").string()) &&
                                      names(made, (folder.path() / "other").string());
                             }),
            0);
}

}  // namespace
}  // namespace linnet::store::test
