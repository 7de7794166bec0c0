// SPDX-License-Identifier: Apache-2.0
#include "lock.hpp"

#include <algorithm>

#include "linnet/api/values.hpp"

namespace linnet::device {

using client::LockAndWipeInstance;

namespace {

std::vector<std::string> names(LockAndWipeInstance::Targets targets) {
  std::vector<std::string> all;
  for (std::uint16_t i = 0; targets.next(i) != nullptr; ++i) all.emplace_back(targets[i].view());
  return all;
}

std::string name(lwm2m::ObjectId object) {
  return api::path_text(lwm2m::Path(object));
}

}  // namespace

void Lock::begin(client::LockAndWipeObject& object, std::span<const lwm2m::ObjectId> items) {
  items_.assign(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(
                                                   std::min(items.size(), LockAndWipeInstance::kMaxTargets)));
  LockAndWipeInstance& instance = *object.get(0);
  instance.wipe_items.clear();
  for (std::size_t i = 0; i < items_.size(); ++i) instance.wipe_items.add(i).assign(name(items_[i]));
  object.provide(*this);
}

Result<void> Lock::lock(client::LockState state, const LockAndWipeInstance::Targets& targets) noexcept {
  const bool parts = state == client::LockState::kPartiallyLocked;
  told_({.wiped = false, .state = state, .targets = parts ? names(targets) : std::vector<std::string>()});
  return {};
}

Result<void> Lock::wipe(const LockAndWipeInstance::Targets& targets) noexcept {
  std::vector<lwm2m::ObjectId> wanted = items_;
  const std::vector<std::string> named = names(targets);
  if (!named.empty()) {
    wanted.clear();
    for (const std::string& target : named) {
      const auto item = std::ranges::find(items_, target, name);
      if (item == items_.end()) return fail(Errc::kInvalidArgument);
      wanted.push_back(*item);
    }
  }
  LockReport report{.wiped = true, .targets = {}};
  for (const lwm2m::ObjectId object : wanted) {
    wipe_(object);
    report.targets.push_back(name(object));
  }
  told_(report);
  return {};
}

}  // namespace linnet::device
