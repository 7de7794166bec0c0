// SPDX-License-Identifier: Apache-2.0
// Durable registrations a second: saves with so many outstanding, each counted when it is answered.
// LINNET_BENCH_STATE names a folder on the disk to measure; the default is the temporary folder.
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include "linnet/store/memory_store.hpp"
#include "linnet/store/sqlite_store.hpp"

namespace linnet::store {
namespace {

// About what a registration with five objects takes.
constexpr std::size_t kRecordSize = 200;

class CountingListener final : public StoreListener {
 public:
  void on_committed(ShardIndex, std::span<const Ticket> tickets) override {
    answered_.fetch_add(tickets.size());
    answered_.notify_one();
  }
  void on_refused(ShardIndex, std::span<const Ticket> tickets, Condition) override {
    refused_ = true;
    answered_.fetch_add(tickets.size());
    answered_.notify_one();
  }
  void on_health(const Health&) override {}

  void await(std::uint64_t count) const {
    for (auto seen = answered_.load(); seen < count; seen = answered_.load()) answered_.wait(seen);
  }
  [[nodiscard]] bool refused() const { return refused_; }

 private:
  std::atomic<std::uint64_t> answered_ = 0;
  std::atomic<bool> refused_ = false;
};

/// Endpoint names in an order that has nothing to do with their place in the file.
std::string endpoint(std::uint64_t number) {
  return "urn:imei:" +
         std::to_string(100'000'000'000'000 + number * 0x9E3779B97F4A7C15 % 899'999'999'999'999);
}

void save(benchmark::State& state, RegistrationStore& store, const CountingListener& listener,
          std::uint64_t present) {
  const auto outstanding = static_cast<std::uint64_t>(state.range(0));
  const std::vector<std::uint8_t> record(kRecordSize, 0x5a);
  std::uint64_t handed_over = 0;
  const auto hand_over = [&] {
    ++handed_over;
    return store.save(0, handed_over, endpoint(handed_over), record, UnixTime{2'000'000'000}).has_value();
  };
  while (handed_over < present) {
    if (!hand_over()) return state.SkipWithError("busy");
    if (handed_over > 10'000) listener.await(handed_over - 10'000);
  }
  listener.await(handed_over);
  const Counters before = store.counters();
  for ([[maybe_unused]] auto _ : state) {
    if (!hand_over()) return state.SkipWithError("busy");
    if (handed_over >= outstanding) listener.await(handed_over - outstanding + 1);
  }
  listener.await(handed_over);
  if (listener.refused()) return state.SkipWithError("refused");
  const Counters after = store.counters();
  state.SetItemsProcessed(state.iterations());
  state.counters["saves_per_commit"] =
      static_cast<double>(after.committed - before.committed) /
      static_cast<double>(std::max<std::uint64_t>(after.commits - before.commits, 1));
}

std::filesystem::path fresh_folder() {
  const char* const chosen = getenv("LINNET_BENCH_STATE");
  const std::filesystem::path base = chosen != nullptr ? chosen : std::filesystem::temp_directory_path();
  std::string name = (base / "linnet-bench-XXXXXX").string();
  return mkdtemp(name.data()) != nullptr ? name : std::string();
}

/// range(0): outstanding; range(1): registrations that are there already.
void sqlite_saves(benchmark::State& state) {
  const std::filesystem::path folder = fresh_folder();
  CountingListener listener;
  {
    auto store = open_sqlite_store({.folder = folder / "state"}, listener);
    if (!store) return state.SkipWithError(store.error().message.c_str());
    save(state, **store, listener, static_cast<std::uint64_t>(state.range(1)));
  }
  std::filesystem::remove_all(folder);
}
BENCHMARK(sqlite_saves)
    ->ArgNames({"outstanding", "present"})
    ->Args({1, 0})
    ->Args({256, 0})
    ->Args({256, 100'000})
    ->UseRealTime()
    ->MeasureProcessCPUTime();

void memory_saves(benchmark::State& state) {
  CountingListener listener;
  const auto store = make_memory_store({}, listener);
  save(state, *store, listener, 0);
}
BENCHMARK(memory_saves)->ArgName("outstanding")->Arg(256)->UseRealTime();

}  // namespace
}  // namespace linnet::store
