// SPDX-License-Identifier: Apache-2.0
// The control interface: JSON-RPC 2.0 requests as text in, responses as text out
// (docs/linnet-device.md, "Control").
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "device.hpp"

namespace linnet::device {

class Control {
 public:
  static constexpr std::size_t kMaxLine = 1U << 20;      ///< bytes of one message
  static constexpr std::size_t kMaxBatch = 1000;         ///< requests in one message
  static constexpr double kMaxAdvance = 366 * 86'400.0;  ///< seconds, of one call

  // Error codes beside those of JSON-RPC.
  static constexpr int kNotFound = -32001;
  static constexpr int kNotAllowed = -32002;
  static constexpr int kExists = -32003;
  static constexpr int kRefused = -32004;  ///< the value is of another type or out of range

  /// `exit` is called once the device shall end.
  Control(Device& device, Clock& clock, std::function<void()> exit)
      : device_(device), clock_(clock), exit_(std::move(exit)) {}

  /// The response to one line, nothing where there is none (a notification). Step the device
  /// afterwards.
  [[nodiscard]] std::optional<std::string> handle(std::string_view line);
  /// What to answer to a line that is longer than kMaxLine.
  [[nodiscard]] static std::string line_too_long();

 private:
  using Json = nlohmann::json;
  struct Failure;

  [[nodiscard]] std::optional<Json> handle_message(const Json& message);
  [[nodiscard]] Json call(const std::string& method, const Json& params);

  [[nodiscard]] Json status() const;
  [[nodiscard]] Json get(const Json& params) const;
  [[nodiscard]] Json set(const Json& params);
  [[nodiscard]] Json create(const Json& params);
  [[nodiscard]] Json remove(const Json& params);
  [[nodiscard]] Json send(const Json& params);
  [[nodiscard]] lwm2m::ShortServerId server_of(const Json& params) const;
  [[nodiscard]] Json tell_servers(const Json& params, void (Device::*what)(lwm2m::ShortServerId) noexcept);
  [[nodiscard]] Json advance(const Json& params);

  [[nodiscard]] std::vector<api::OwnedRecord> records(const Json& params, const lwm2m::Path& path) const;

  Device& device_;
  Clock& clock_;
  std::function<void()> exit_;
};

}  // namespace linnet::device
