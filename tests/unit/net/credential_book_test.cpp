// SPDX-License-Identifier: Apache-2.0
// The book of credentials: on disk before in force, whole or not at all, back after a restart.
#include "linnet/net/credential_book.hpp"

#include <gtest/gtest.h>

#include <future>

#include "linnet/server/credential_record.hpp"
#include "linnet/store/memory_store.hpp"

namespace linnet::net {
namespace {

using server::Credential;
using server::CredentialChange;
using server::CredentialMode;

Credential psk(const std::string& endpoint, const std::string& key) {
  return {.endpoint = endpoint,
          .mode = CredentialMode::kPreSharedKey,
          .identity = {endpoint.begin(), endpoint.end()},
          .key = {key.begin(), key.end()},
          .oscore = {}};
}

/// A store in memory that can refuse, and tells a book what became of it.
class Store : public store::StoreListener {
 public:
  Store() : store_(store::make_memory_store({.retention = store::Retention::kRecords}, *this)) {}

  [[nodiscard]] store::RegistrationStore* get() { return store_.get(); }
  void tell(CredentialBook& book) { book_ = &book; }

  void on_committed(store::ShardIndex /*shard*/, std::span<const store::Ticket> tickets) override {
    book_->settle(tickets, --left_ >= 0);
  }
  void on_refused(store::ShardIndex /*shard*/, std::span<const store::Ticket> tickets,
                  store::Condition /*reason*/) override {
    book_->settle(tickets, false);
  }
  void on_health(const store::Health& /*health*/) override {}
  /// From now on so many writes succeed.
  void succeed(int count) { left_ = count; }

 private:
  CredentialBook* book_ = nullptr;
  int left_ = 1'000'000;
  std::unique_ptr<store::RegistrationStore> store_;
};

CredentialOutcome change(CredentialBook& book, std::vector<CredentialChange> changes) {
  std::promise<CredentialOutcome> promise;
  auto future = promise.get_future();
  EXPECT_TRUE(book.change(std::move(changes),
                          [&promise](CredentialOutcome outcome) { promise.set_value(std::move(outcome)); }));
  return future.get();
}

std::vector<CredentialChange> puts(std::initializer_list<Credential> credentials) {
  std::vector<CredentialChange> changes;
  for (const Credential& credential : credentials) changes.push_back({.put = credential});
  return changes;
}

TEST(CredentialBook, a_change_is_in_force_everywhere_when_it_is_answered) {
  CredentialBook book(nullptr, 0, 10);
  book.start();
  CredentialReader reader(book);
  EXPECT_TRUE(reader.get().empty());
  EXPECT_EQ(change(book, puts({psk("one", "a"), psk("two", "b")})).changed, 2U);
  EXPECT_EQ(reader.get().size(), 2U);
  EXPECT_TRUE(reader.get().credentialed("one"));
  CredentialChange removal{.put = std::nullopt,
                           .removed = {"one", CredentialMode::kPreSharedKey, {'o', 'n', 'e'}}};
  EXPECT_EQ(change(book, {removal}).changed, 1U);
  EXPECT_FALSE(reader.get().credentialed("one"));
}

TEST(CredentialBook, one_that_cannot_be_leaves_all_as_it_was) {
  Store store;
  CredentialBook book(store.get(), 0, 10);
  store.tell(book);
  book.start();
  const auto outcome = change(book, puts({psk("one", "a"), psk("two", "")}));
  ASSERT_TRUE(outcome.refusal);
  EXPECT_EQ(outcome.refusal->change, 1U);
  EXPECT_TRUE(book.snapshot()->empty());
  std::size_t stored = 0;
  EXPECT_TRUE(store.get()->load(store::RecordKind::kCredential, [&](const store::RecordView&) { ++stored; }));
  EXPECT_EQ(stored, 0U);
}

TEST(CredentialBook, all_come_back_from_the_store_and_damaged_ones_are_counted) {
  Store store;
  {
    CredentialBook book(store.get(), 0, 5000);
    store.tell(book);
    book.start();
    std::vector<CredentialChange> many;
    for (int i = 0; i < 3000; ++i) many.push_back({.put = psk("device" + std::to_string(i), "key")});
    EXPECT_EQ(change(book, std::move(many)).changed, 3000U);
    CredentialChange removal{
        .put = std::nullopt,
        .removed = {"device7", CredentialMode::kPreSharedKey, {'d', 'e', 'v', 'i', 'c', 'e', '7'}}};
    EXPECT_EQ(change(book, {removal}).changed, 1U);
    EXPECT_TRUE(store.get()->save(0, store::kNoTicket, {store::RecordKind::kCredential, "broken"},
                                  as_bytes("broken"), store::kKeptForGood));
    EXPECT_TRUE(store.get()->save(0, store::kNoTicket, {store::RecordKind::kCredential, "elsewhere"},
                                  server::encode_record(psk("moved", "key")), store::kKeptForGood));
  }
  CredentialBook book(store.get(), 0, 5000);
  ASSERT_TRUE(book.restore());
  EXPECT_EQ(book.snapshot()->size(), 2999U);
  EXPECT_FALSE(book.snapshot()->credentialed("device7"));
  EXPECT_FALSE(book.snapshot()->credentialed("moved"));
  EXPECT_EQ(book.not_restored(), 2U);
}

TEST(CredentialBook, what_the_disk_refuses_is_not_in_force) {
  Store store;
  CredentialBook book(store.get(), 0, 10);
  store.tell(book);
  book.start();
  store.succeed(1);
  const auto outcome = change(book, puts({psk("one", "a"), psk("two", "b")}));
  EXPECT_EQ(outcome.failure, Errc::kIo);
  EXPECT_EQ(outcome.changed, 1U);
  EXPECT_TRUE(book.snapshot()->credentialed("one"));
  EXPECT_FALSE(book.snapshot()->credentialed("two"));
}

TEST(CredentialBook, after_the_end_nothing_is_taken) {
  CredentialBook book(nullptr, 0, 10);
  book.start();
  book.stop();
  EXPECT_EQ(book.change(puts({psk("one", "a")}), [](const CredentialOutcome&) {}).error().code,
            Errc::kClosed);
}

}  // namespace
}  // namespace linnet::net
