// SPDX-License-Identifier: Apache-2.0
#include "linnet/client/objects/portfolio.hpp"

#include <utility>

namespace linnet::client {

namespace {

enum Resource : ResourceId { kGetAuthData = 1, kAuthData = 2, kAuthStatus = 3 };

}  // namespace

PortfolioInstance* PortfolioBehaviour::at(InstanceId instance) const noexcept {
  return static_cast<PortfolioInstance*>(find(instance));
}

void PortfolioBehaviour::show(InstanceId instance, AuthStatus status) noexcept {
  PortfolioInstance& portfolio = *at(instance);
  if (status != AuthStatus::kAvailable) portfolio.auth_data.clear();
  portfolio.auth_status = static_cast<std::int8_t>(status);
  changed(Path(id(), instance, kAuthData));
  changed(Path(id(), instance, kAuthStatus));
}

bool PortfolioBehaviour::finish(InstanceId instance, std::span<const ByteView> auth_data) noexcept {
  PortfolioInstance* portfolio = at(instance);
  if (portfolio == nullptr || auth_data.size() > PortfolioInstance::kMaxAuthData) return false;
  for (const ByteView piece : auth_data) {
    if (piece.size() > PortfolioInstance::AuthData::kCapacity) return false;
  }
  portfolio->auth_data.clear();
  for (std::size_t i = 0; i < auth_data.size(); ++i) portfolio->auth_data.set(i, {}).assign(auth_data[i]);
  show(instance, AuthStatus::kAvailable);
  return true;
}

void PortfolioBehaviour::abort(InstanceId instance) noexcept {
  if (at(instance) != nullptr) show(instance, AuthStatus::kError);
}

Result<Value> PortfolioBehaviour::read(const Path& path) noexcept {
  PortfolioInstance* portfolio = at(path.instance());
  if (portfolio != nullptr && path.resource() == kAuthData) portfolio->returned = true;
  return TypedObject::read(path);
}

Result<void> PortfolioBehaviour::execute(const Path& path, std::string_view arguments) noexcept {
  if (path.resource() != kGetAuthData || service_ == nullptr) return fail(Errc::kNotAllowed);
  show(path.instance(), AuthStatus::kIdle);
  const auto started = service_->get_auth_data(path.instance(), arguments);
  if (!started) show(path.instance(), AuthStatus::kError);
  return started;
}

// The data of one answer may be read several times while it is encoded: it goes when that is over.
Instant PortfolioBehaviour::step(Instant /*now*/) noexcept {
  for (InstanceId i = next_instance(0); i != kMaxId; i = next_instance(i + 1)) {
    PortfolioInstance& portfolio = *at(i);
    const bool returned = std::exchange(portfolio.returned, false);
    if (returned && portfolio.auth_status == static_cast<std::int8_t>(AuthStatus::kAvailable))
      show(i, AuthStatus::kIdle);
  }
  return kNever;
}

}  // namespace linnet::client
