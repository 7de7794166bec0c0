// SPDX-License-Identifier: Apache-2.0
// Portfolio, object 16 version 1.0: texts that extend what other objects say (the identities of the
// device that this one is built into, say), and a service of the application that authenticates them.
#pragma once

#include <array>

#include "linnet/client/typed_object.hpp"

namespace linnet::client {

/// AuthStatus, 16/x/3.
enum class AuthStatus : std::uint8_t {
  kIdle = 0,  ///< AuthData holds nothing
  kAvailable = 1,
  kError = 2,
};

struct PortfolioInstance {
  static constexpr std::size_t kMaxIdentities = 8;
  static constexpr std::size_t kMaxAuthData = 4;
  using Identity = Text<64>;
  using AuthData = Bytes<64>;

  Multiple<Identity, kMaxIdentities> identity;
  Multiple<AuthData, kMaxAuthData> auth_data;
  std::int8_t auth_status = 0;  ///< an AuthStatus
  bool returned = false;        ///< AuthData has been read since the last step

  /// The behaviour of the object sees to it.
  Result<void> get_auth_data(std::string_view) noexcept { return {}; }

  static constexpr ObjectId kId = 16;
  using Self = PortfolioInstance;
  static constexpr auto resources() noexcept {
    return std::array{resource<&Self::identity>(0, Operations::kRW, Presence::kMandatory),
                      command<&Self::get_auth_data>(1), resource<&Self::auth_data>(2, Operations::kR),
                      resource<&Self::auth_status>(3, Operations::kR)};
  }
};

/// What GetAuthData starts.
class PortfolioService {
 public:
  /// `arguments` are those of the Execute, checked against their grammar. Afterwards, or from within,
  /// `finish` or `abort` of the object says how it went. An error is the answer to the Execute, and
  /// leaves AuthStatus in its error state.
  virtual Result<void> get_auth_data(InstanceId instance, std::string_view arguments) noexcept = 0;

 protected:
  ~PortfolioService() = default;
};

/// AuthStatus goes back to idle, and AuthData is emptied, at each GetAuthData and once a server has got
/// the data. Without a service GetAuthData is answered 4.05.
class PortfolioBehaviour : public TypedObject {
 public:
  /// Must outlive the object.
  void provide(PortfolioService& service) noexcept { service_ = &service; }
  /// Whole, or false and nothing changed: no such instance, more pieces than kMaxAuthData or a longer one
  /// than there is room for.
  bool finish(InstanceId instance, std::span<const ByteView> auth_data) noexcept;
  void abort(InstanceId instance) noexcept;

  [[nodiscard]] Result<Value> read(const Path& path) noexcept override;
  Result<void> execute(const Path& path, std::string_view arguments) noexcept override;
  Instant step(Instant now) noexcept override;

 protected:
  using TypedObject::TypedObject;
  ~PortfolioBehaviour() = default;

 private:
  [[nodiscard]] PortfolioInstance* at(InstanceId instance) const noexcept;
  void show(InstanceId instance, AuthStatus status) noexcept;

  PortfolioService* service_ = nullptr;
};

template <std::size_t N>
using PortfolioObject = Instances<PortfolioInstance, N, Creation::kByServers, PortfolioBehaviour>;

}  // namespace linnet::client
