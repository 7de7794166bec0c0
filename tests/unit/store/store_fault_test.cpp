// SPDX-License-Identifier: Apache-2.0
// The store on a disk that fails, and after a power cut.
#include <gmock/gmock.h>

#include <cerrno>

#include "tests/unit/store/fault_vfs.hpp"
#include "tests/unit/store/store_fixture.hpp"

namespace linnet::store::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Failure {
  Fault fault;
  int error;
  Condition condition;
};

class StoreFault : public ::testing::TestWithParam<Failure> {
 protected:
  void SetUp() override { use_fault_vfs(); }
  void TearDown() override { set_fault(Fault::kNone, 0); }
};

TEST_P(StoreFault, refuses_says_why_and_goes_on_when_the_disk_does) {
  const TemporaryFolder folder;
  RecordingListener listener;
  const auto store = open_sqlite(folder.state(), listener);
  EXPECT_TRUE(store->save(0, 1, "a", as_bytes("before"), UnixTime{1}));
  EXPECT_TRUE(store->flush());

  set_fault(GetParam().fault, GetParam().error);
  EXPECT_TRUE(store->save(0, 2, "a", as_bytes("refused"), UnixTime{2}));
  EXPECT_TRUE(store->remove(0, 3, "a"));
  EXPECT_EQ(store->flush().error().code, Errc::kIo);
  EXPECT_THAT(listener.refused(), ElementsAre(2, 3));
  EXPECT_EQ(store->health().condition, GetParam().condition);
  EXPECT_THAT(listener.await_condition(GetParam().condition).detail, HasSubstr(folder.database().string()));

  set_fault(Fault::kNone, 0);
  static_cast<void>(listener.await_condition(Condition::kOk));
  EXPECT_EQ(contents_of(*store), (Contents{{"a", {"before", 1}}}));
  EXPECT_TRUE(store->save(0, 4, "a", as_bytes("after"), UnixTime{3}));
  EXPECT_TRUE(store->flush());
  EXPECT_THAT(listener.committed(), ElementsAre(1, 4));
}

INSTANTIATE_TEST_SUITE_P(disks, StoreFault,
                         ::testing::Values(Failure{Fault::kWrite, ENOSPC, Condition::kDiskFull},
                                           Failure{Fault::kWrite, EROFS, Condition::kReadOnly},
                                           Failure{Fault::kWrite, EIO, Condition::kIo},
                                           Failure{Fault::kSync, EIO, Condition::kIo}));

TEST_F(StoreFault, touches_wait_for_the_disk) {
  const TemporaryFolder folder;
  RecordingListener listener;
  const auto store = open_sqlite(folder.state(), listener);
  EXPECT_TRUE(store->save(0, 1, "a", {}, UnixTime{1}));
  EXPECT_TRUE(store->flush());
  set_fault(Fault::kWrite, ENOSPC);
  EXPECT_TRUE(store->touch(0, "a", UnixTime{9}));
  EXPECT_EQ(store->flush().error().code, Errc::kIo);
  set_fault(Fault::kNone, 0);
  static_cast<void>(listener.await_condition(Condition::kOk));
  EXPECT_TRUE(store->flush());
  EXPECT_EQ(contents_of(*store), (Contents{{"a", {"", 9}}}));
}

TEST_F(StoreFault, power_cut_takes_back_nothing_that_was_answered) {
  const TemporaryFolder folder;
  RecordingListener listener;
  Contents answered;
  // Small enough that checkpoints happen on the way.
  auto store = open_sqlite_store({.folder = folder.state(), .checkpoint_bytes = 128U << 10}, listener);
  ASSERT_TRUE(store);
  std::filesystem::copy_file(folder.database(), folder.path() / "new.db");
  const std::vector<std::uint8_t> record(1000, 'r');
  for (Ticket ticket = 1; ticket <= 600; ++ticket) {
    const std::string key = "device" + std::to_string(ticket % 97);
    const auto expiry = static_cast<std::int64_t>(ticket);
    if (ticket % 7 == 0) {
      EXPECT_TRUE((*store)->remove(0, ticket, key));
      answered.erase(key);
    } else {
      EXPECT_TRUE((*store)->save(0, ticket, key, record, UnixTime{expiry}));
      answered[key] = {std::string(as_text(record)), expiry};
    }
    static_cast<void>(listener.await_committed(0, ticket));
    if (ticket % 50 != 0) continue;

    const std::filesystem::path after = folder.path() / ("after" + std::to_string(ticket));
    std::filesystem::create_directories(after);
    std::filesystem::copy_file(folder.path() / "new.db", after / "linnet.db");
    write_what_was_synced(folder.state(), after);
    RecordingListener other;
    const auto restarted = open_sqlite(after, other);
    ASSERT_NE(restarted, nullptr);
    EXPECT_TRUE(contents_of(*restarted) == answered) << "after ticket " << ticket;
  }
}

}  // namespace
}  // namespace linnet::store::test
