// SPDX-License-Identifier: Apache-2.0
// Values that move by themselves: what a resource shows is a function of the device's time, so that
// the same times give the same values, however they were reached.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "linnet/base/time.hpp"
#include "linnet/lwm2m/path.hpp"
#include "linnet/lwm2m/value.hpp"
#include "refusal.hpp"

namespace linnet::device {

/// `--simulate PATH=PATTERN:NUMBERS[@INTERVAL]`, see kSimulationHelp.
class Simulation {
 public:
  enum class Pattern : std::uint8_t { kSine, kSquare, kRamp, kWalk, kConstant };

  static constexpr Millis kDefaultInterval{1000};
  static constexpr Millis kMinInterval{10};
  static constexpr Millis kMaxInterval{86'400'000};

  [[nodiscard]] static OrRefusal<Simulation> parse(std::string_view text);

  [[nodiscard]] const lwm2m::Path& path() const noexcept { return path_; }
  [[nodiscard]] Pattern pattern() const noexcept { return pattern_; }
  /// The text of a constant.
  [[nodiscard]] const std::string& constant() const noexcept { return constant_; }
  /// The smallest and the largest value it ever shows.
  [[nodiscard]] double low() const noexcept { return low_; }
  [[nodiscard]] double high() const noexcept { return high_; }

  /// The value of the interval that `now` lies in. Must not go back in time.
  [[nodiscard]] double sample(Instant now) noexcept;
  /// When the next interval begins; kNever for a constant.
  [[nodiscard]] Instant next() const noexcept { return next_; }

 private:
  Simulation() = default;
  OrRefusal<void> parse_pattern(std::string_view text);
  OrRefusal<void> take_numbers(std::string_view form);
  [[nodiscard]] double at(std::uint64_t interval) const noexcept;
  void walk_to(std::uint64_t interval) noexcept;

  lwm2m::Path path_;
  Pattern pattern_ = Pattern::kConstant;
  std::string constant_;
  std::array<double, 5> numbers_{};  ///< in the order of the command line
  double low_ = 0, high_ = 0;
  double resolution_ = 0;  ///< values are multiples of it
  Millis interval_ = kDefaultInterval;
  Instant next_{};
  // The walk so far.
  std::uint64_t walked_ = 0;
  std::uint64_t seed_ = 1;
  double level_ = 0;
};

/// A number as a value of a resource's type; kWrongType for types that no number shows.
[[nodiscard]] Result<lwm2m::Value> simulated_value(double number, lwm2m::DataType type, std::string& text);

inline constexpr const char* kSimulationHelp =
    R"(Simulations, PATH=PATTERN:NUMBERS[@INTERVAL], a new value every INTERVAL seconds (default 1):
  sine:MEAN,AMPLITUDE,PERIOD     3303/0/5700=sine:20,5,60
  square:LOW,HIGH,PERIOD         3342/0/5500=square:0,1,10
  ramp:FROM,TO,PERIOD            3/0/9=ramp:100,0,3600  (then from the beginning)
  walk:START,STEP,LOW,HIGH,SEED  3304/0/5700=walk:50,0.5,0,100,7@5  (random steps up to STEP)
  constant:VALUE                 3303/0/5701=constant:Cel
)";

}  // namespace linnet::device
