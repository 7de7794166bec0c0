// SPDX-License-Identifier: Apache-2.0
// What became of a bootstrap session.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/base/result.hpp"
#include "linnet/base/time.hpp"
#include "linnet/coap/code.hpp"
#include "linnet/lwm2m/content_format.hpp"
#include "linnet/lwm2m/path.hpp"

namespace linnet::server {

/// The operations of the bootstrap interface that a server carries out, in the order of a session.
enum class BootstrapVerb : std::uint8_t { kDiscover, kRead, kDelete, kWrite, kFinish };

/// "Discover", ...
[[nodiscard]] constexpr std::string_view to_string(BootstrapVerb verb) noexcept {
  switch (verb) {
    case BootstrapVerb::kDiscover: return "Discover";
    case BootstrapVerb::kRead: return "Read";
    case BootstrapVerb::kDelete: return "Delete";
    case BootstrapVerb::kWrite: return "Write";
    case BootstrapVerb::kFinish: return "Finish";
  }
  return "";
}

struct BootstrapStep {
  BootstrapVerb verb{};
  lwm2m::Path path;  ///< as it was sent; `/` of Finish
  friend constexpr bool operator==(const BootstrapStep&, const BootstrapStep&) = default;
};

/// What a device answered to a Discover or Read, or by what it refused a step that the session could
/// do without.
struct BootstrapAnswer {
  BootstrapStep step;
  coap::Code code{};
  std::optional<lwm2m::ContentFormat> format;
  std::vector<std::uint8_t> payload;  ///< the first kMaxKeptAnswer bytes
};
inline constexpr std::size_t kMaxKeptAnswer = 4096;

struct BootstrapResult {
  enum class Ending : std::uint8_t {
    kFinished,  ///< the device accepted the Bootstrap-Finish
    kRefused,   ///< it refused `step` with `code`
    kFailed,    ///< `step` got no answer, or could not be sent: `failure`
  };

  std::string endpoint;
  std::string configuration;
  Ending ending = Ending::kFinished;
  BootstrapStep step;  ///< the last one
  coap::Code code{};   ///< kFinished, kRefused
  Errc failure{};      ///< kFailed: as coap::Handler::on_failure, or of the encoder
  UnixTime at;         ///< of its end; set by the engine's owner
  Millis took{0};
  std::uint16_t written = 0;    ///< Bootstrap-Writes that were accepted
  std::uint16_t unchanged = 0;  ///< left out, as the device has these values
  std::vector<BootstrapAnswer> answers;

  [[nodiscard]] bool success() const noexcept { return ending == Ending::kFinished; }
};

}  // namespace linnet::server
