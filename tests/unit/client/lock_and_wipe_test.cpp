// SPDX-License-Identifier: Apache-2.0
// Object 8: what a server locks, unlocks and wipes.
// Shows: OB-3
#include "linnet/client/objects/lock_and_wipe.hpp"

#include "scripted_server.hpp"

namespace linnet::client::test {
namespace {

constexpr std::uint32_t kText = 0;
constexpr std::uint32_t kTlv = 11542;

class Safe final : public LockAndWipeService {
 public:
  Result<void> lock(LockState state, const LockAndWipeInstance::Targets& targets) noexcept override {
    done.push_back("lock " + std::to_string(static_cast<int>(state)) + text(targets));
    return answer;
  }
  Result<void> wipe(const LockAndWipeInstance::Targets& targets) noexcept override {
    done.push_back("wipe" + text(targets));
    return answer;
  }
  std::vector<std::string> done;
  Result<void> answer;

 private:
  static std::string text(LockAndWipeInstance::Targets targets) {
    std::string all;
    for (std::uint16_t i = 0; targets.next(i) != nullptr; ++i) all += " " + std::string(targets[i].view());
    return all;
  }
};

class LockAndWipe : public DeviceTest {
 protected:
  void SetUp() override {
    objects = {&servers, &device, &lock, &probes};
    lock.add(0);
    lock.provide(safe);
    registered();
  }
  Code put(std::string_view path, std::string_view value) {
    return ask(Code::kPut, path, {.format = kText, .payload = std::string(value)}).code;
  }
  /// A multiple resource with the one instance 0.
  Code put_target(std::string_view path, std::string_view target) {
    const std::string payload{static_cast<char>(0x40 | target.size()), 0};
    return ask(Code::kPut, path, {.format = kTlv, .payload = payload + std::string(target)}).code;
  }
  std::string get(std::string_view path) { return ask(Code::kGet, path, {.accept = kText}).payload; }

  Safe safe;
  LockAndWipeObject lock;
};

TEST_F(LockAndWipe, State_is_carried_out_and_its_result_shown) {
  EXPECT_EQ(put("/8/0/0", "2"), Code::kChanged);
  EXPECT_EQ(get("/8/0/0"), "2");
  EXPECT_EQ(get("/8/0/5"), "2");
  EXPECT_EQ(put("/8/0/0", "0"), Code::kChanged);
  EXPECT_EQ(get("/8/0/5"), "3");
  EXPECT_EQ(put("/8/0/0", "0"), Code::kChanged);  // it is unlocked
  EXPECT_EQ(put("/8/0/0", "3"), Code::kBadRequest);
  EXPECT_EQ(safe.done, (std::vector<std::string>{"lock 2", "lock 0"}));
}

TEST_F(LockAndWipe, one_Write_brings_State_and_targets_in_any_order) {
  // 8/0/0 = 1, 8/0/1 = {0: "camera", 1: "door"}
  const std::string payload(
      "\xC1\x00\x01\x88\x01\x0E\x46\x00"
      "camera\x44\x01"
      "door",
      20);
  EXPECT_EQ(ask(Code::kPut, "/8/0", {.format = kTlv, .payload = payload}).code, Code::kChanged);
  EXPECT_EQ(get("/8/0/5"), "1");
  EXPECT_EQ(safe.done, std::vector<std::string>{"lock 1 camera door"});
}

TEST_F(LockAndWipe, other_targets_lock_other_parts_and_mean_nothing_while_unlocked) {
  EXPECT_EQ(put_target("/8/0/1", "door"), Code::kChanged);
  EXPECT_TRUE(safe.done.empty());
  EXPECT_EQ(put("/8/0/0", "1"), Code::kChanged);
  EXPECT_EQ(put_target("/8/0/1", "camera"), Code::kChanged);
  EXPECT_EQ(safe.done, (std::vector<std::string>{"lock 1 door", "lock 1 camera"}));
}

TEST_F(LockAndWipe, what_fails_leaves_the_state_as_it_was) {
  safe.answer = fail(Errc::kIo);
  EXPECT_EQ(put("/8/0/0", "1"), Code::kChanged);
  EXPECT_EQ(get("/8/0/0"), "0");
  EXPECT_EQ(get("/8/0/5"), "5");
  EXPECT_EQ(put("/8/0/0", "2"), Code::kChanged);
  EXPECT_EQ(get("/8/0/5"), "6");
  safe.answer = {};
  EXPECT_EQ(put("/8/0/0", "2"), Code::kChanged);
  safe.answer = fail(Errc::kIo);
  EXPECT_EQ(put("/8/0/0", "0"), Code::kChanged);
  EXPECT_EQ(get("/8/0/0"), "2");
  EXPECT_EQ(get("/8/0/5"), "7");
}

TEST_F(LockAndWipe, Wipe_takes_the_targets_or_all) {
  EXPECT_EQ(ask(Code::kPost, "/8/0/3").code, Code::kChanged);
  EXPECT_EQ(get("/8/0/5"), "4");
  EXPECT_EQ(put_target("/8/0/4", "photos"), Code::kChanged);
  EXPECT_EQ(ask(Code::kPost, "/8/0/3").code, Code::kChanged);
  EXPECT_EQ(safe.done, (std::vector<std::string>{"wipe", "wipe photos"}));
  safe.answer = fail(Errc::kIo);
  EXPECT_EQ(ask(Code::kPost, "/8/0/3").code, Code::kInternalServerError);
  EXPECT_EQ(get("/8/0/5"), "8");
}

TEST_F(LockAndWipe, targets_are_written_and_never_read) {
  EXPECT_EQ(put_target("/8/0/1", "door"), Code::kChanged);
  EXPECT_EQ(ask(Code::kGet, "/8/0/1").code, Code::kMethodNotAllowed);
  EXPECT_EQ(ask(Code::kGet, "/8/0/4").code, Code::kMethodNotAllowed);
}

TEST_F(LockAndWipe, observers_hear_of_the_result) {
  ask(Code::kGet, "/8/0/5", {.accept = kText, .observe = 0});
  EXPECT_EQ(put("/8/0/0", "2"), Code::kChanged);
  EXPECT_EQ(take().payload, "2");
}

TEST_F(LockAndWipe, a_restored_state_is_not_asked_for_again) {
  lock.restore(LockState::kFullyLocked, {});
  engine.step(now);
  EXPECT_EQ(get("/8/0/0"), "2");
  EXPECT_TRUE(safe.done.empty());
}

TEST(LockAndWipeAlone, nothing_is_locked_or_wiped_without_a_service) {
  LockAndWipeObject lock;
  lock.add(0);
  EXPECT_EQ(lock.validate(Path(8, 0, 0), Value::integer(1)).error().code, Errc::kNotAllowed);
  EXPECT_EQ(lock.execute(Path(8, 0, 3), "").error().code, Errc::kNotAllowed);
}

}  // namespace
}  // namespace linnet::client::test
