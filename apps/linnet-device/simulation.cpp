// SPDX-License-Identifier: Apache-2.0
#include "simulation.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>
#include <optional>

namespace linnet::device {

using lwm2m::DataType;
using lwm2m::Value;

namespace {

struct PatternForm {
  std::string_view name;
  Simulation::Pattern pattern;
  std::size_t numbers;
  std::string_view form;
};

constexpr std::array<PatternForm, 5> kForms{{
    {"sine", Simulation::Pattern::kSine, 3, "sine:MEAN,AMPLITUDE,PERIOD"},
    {"square", Simulation::Pattern::kSquare, 3, "square:LOW,HIGH,PERIOD"},
    {"ramp", Simulation::Pattern::kRamp, 3, "ramp:FROM,TO,PERIOD"},
    {"walk", Simulation::Pattern::kWalk, 5, "walk:START,STEP,LOW,HIGH,SEED"},
    {"constant", Simulation::Pattern::kConstant, 0, "constant:VALUE"},
}};

std::unexpected<Refusal> wrong(std::string text) {
  return refuse(Errc::kMalformed, std::move(text));
}

std::optional<double> number_in(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(number)) return std::nullopt;
  return number;
}

/// SplitMix64: one step of a sequence that a seed determines.
std::uint64_t next_random(std::uint64_t& state) noexcept {
  std::uint64_t z = (state += 0x9E3779B97F4A7C15ULL);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

/// A thousandth of what a value moves over, as a power of ten.
double resolution_of(double range) noexcept {
  return range > 0 ? std::pow(10, std::floor(std::log10(range)) - 3) : 0;
}

}  // namespace

OrRefusal<Simulation> Simulation::parse(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == text.npos) return wrong("'" + std::string(text) + "': write PATH=PATTERN:NUMBERS");
  Simulation simulation;
  const std::string path = (text.starts_with('/') ? "" : "/") + std::string(text.substr(0, equals));
  const auto parsed = lwm2m::Path::parse(path);
  if (!parsed || parsed->depth() < 3) {
    return wrong("'" + path + "' is no resource: write OBJECT/INSTANCE/RESOURCE");
  }
  simulation.path_ = *parsed;
  if (auto taken = simulation.parse_pattern(text.substr(equals + 1)); !taken) {
    return refuse(taken.error().code, path + ": " + taken.error().text);
  }
  return simulation;
}

OrRefusal<void> Simulation::parse_pattern(std::string_view text) {
  const std::size_t colon = std::min(text.find(':'), text.size());
  const std::string_view name = text.substr(0, colon);
  const auto form = std::ranges::find(kForms, name, &PatternForm::name);
  if (form == kForms.end()) {
    return wrong("'" + std::string(name) + "' is no pattern: choose sine, square, ramp, walk or constant");
  }
  pattern_ = form->pattern;
  text.remove_prefix(std::min(colon + 1, text.size()));
  if (pattern_ == Pattern::kConstant) {
    constant_ = text;
    return {};
  }
  if (const std::size_t at = text.find('@'); at != text.npos) {
    const auto seconds = number_in(text.substr(at + 1));
    if (!seconds || *seconds * 1000 < static_cast<double>(kMinInterval.count()) ||
        *seconds * 1000 > static_cast<double>(kMaxInterval.count())) {
      return wrong("the interval behind @ is a number of seconds from 0.01 to 86400");
    }
    interval_ = Millis(std::llround(*seconds * 1000));
    text = text.substr(0, at);
  }
  for (std::size_t i = 0; i < form->numbers; ++i) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const auto number = number_in(text.substr(0, comma));
    const bool last = i + 1 == form->numbers;
    if (!number || last != (comma == text.size())) return wrong("write " + std::string(form->form));
    numbers_[i] = *number;
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return take_numbers(form->form);
}

OrRefusal<void> Simulation::take_numbers(std::string_view form) {
  switch (pattern_) {
    case Pattern::kSine:
      low_ = numbers_[0] - std::abs(numbers_[1]);
      high_ = numbers_[0] + std::abs(numbers_[1]);
      break;
    case Pattern::kWalk:
      low_ = numbers_[2];
      high_ = numbers_[3];
      if (low_ > high_ || numbers_[0] < low_ || numbers_[0] > high_ || numbers_[1] < 0 || numbers_[4] < 0 ||
          numbers_[4] > 1e15) {
        return wrong(std::string(form) + " starts between LOW and HIGH; STEP and SEED are not negative");
      }
      level_ = numbers_[0];
      seed_ = static_cast<std::uint64_t>(numbers_[4]);
      break;
    default:
      low_ = std::min(numbers_[0], numbers_[1]);
      high_ = std::max(numbers_[0], numbers_[1]);
      break;
  }
  if (pattern_ != Pattern::kWalk && (numbers_[2] < 0.02 || numbers_[2] > 1e9)) {
    return wrong(std::string(form) + ": the period is from 0.02 to 1000000000 seconds");
  }
  resolution_ = resolution_of(pattern_ == Pattern::kWalk ? numbers_[1] : high_ - low_);
  return {};
}

double Simulation::at(std::uint64_t interval) const noexcept {
  if (pattern_ == Pattern::kWalk) return level_;
  const double seconds = static_cast<double>(interval) * static_cast<double>(interval_.count()) / 1000;
  const double phase = std::fmod(seconds, numbers_[2]) / numbers_[2];
  switch (pattern_) {
    case Pattern::kSine: return numbers_[0] + numbers_[1] * std::sin(2 * std::numbers::pi * phase);
    case Pattern::kSquare: return phase < 0.5 ? numbers_[0] : numbers_[1];
    case Pattern::kRamp: return numbers_[0] + (numbers_[1] - numbers_[0]) * phase;
    default: return 0;
  }
}

void Simulation::walk_to(std::uint64_t interval) noexcept {
  for (; walked_ < interval; ++walked_) {
    const double unit = static_cast<double>(next_random(seed_) >> 11) * 0x1p-52 - 1;  // -1 to 1
    level_ = std::clamp(level_ + unit * numbers_[1], low_, high_);
  }
}

double Simulation::sample(Instant now) noexcept {
  if (pattern_ == Pattern::kConstant) {
    next_ = kNever;
    return 0;
  }
  const auto interval = static_cast<std::uint64_t>(now.time_since_epoch() / interval_);
  next_ = Instant(interval_ * static_cast<Millis::rep>(interval + 1));
  if (pattern_ == Pattern::kWalk) walk_to(interval);
  const double value = at(interval);
  if (resolution_ <= 0) return value;
  // Dividing by the whole number 10^n gives the double nearest to the decimal; multiplying does not.
  const double rounded =
      resolution_ < 1 ? std::round(value / resolution_) / std::round(1 / resolution_) : value;
  return std::clamp(rounded, low_, high_);
}

Result<Value> simulated_value(double number, DataType type, std::string& text) {
  switch (type) {
    case DataType::kFloat: return Value::number(number);
    case DataType::kBoolean: return Value::boolean(number >= 0.5);
    case DataType::kString: {
      std::array<char, 32> digits{};
      const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
      text.assign(digits.data(), end);
      return Value::string(text);
    }
    case DataType::kInteger:
    case DataType::kTime:
    case DataType::kUnsigned:
      if (std::abs(number) >= 0x1p63) return fail(Errc::kInvalidArgument);
      return Value::integer(std::llround(number)).convert(type);
    default: return fail(Errc::kWrongType);
  }
}

}  // namespace linnet::device
