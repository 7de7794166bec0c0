// SPDX-License-Identifier: Apache-2.0
#include "linnet/api/queue_wish.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "linnet/server/engine.hpp"

namespace linnet::api {

namespace {

constexpr std::size_t kIdDigits = 16;
constexpr int kHex = 16;

/// What the Prefer header asks for; preferences that are not known are to be ignored (RFC 7240 §2).
struct Preferences {
  bool respond_async = false;
  std::optional<std::int64_t> wait;
};

std::optional<std::int64_t> number_of(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

Preferences preferences_of(std::string_view header) {
  constexpr std::string_view kWait = "wait=";
  Preferences found;
  while (!header.empty()) {
    const std::size_t comma = header.find(',');
    const std::string_view one = trimmed(header.substr(0, comma));
    found.respond_async = found.respond_async || one == "respond-async";
    if (one.starts_with(kWait)) found.wait = number_of(one.substr(kWait.size()));
    header = comma == std::string_view::npos ? std::string_view{} : header.substr(comma + 1);
  }
  return found;
}

/// Seconds of the query, nothing where they are absent.
OrProblem<std::optional<std::int64_t>> seconds_of(const HttpRequest& request, const char* name,
                                                  Seconds most) {
  const auto at = request.query.find(name);
  if (at == request.query.end()) return std::nullopt;
  const auto value = number_of(at->second);
  if (!value || *value < 0 || *value > most.count()) {
    return bad_request(std::string(name) + " is 0 to " + std::to_string(most.count()) + " seconds");
  }
  return value;
}

OrProblem<std::optional<server::Unanswered>> unanswered_of(const HttpRequest& request) {
  const auto at = request.query.find("unanswered");
  if (at == request.query.end()) return std::nullopt;
  if (at->second == "repeat") return server::Unanswered::kRepeat;
  if (at->second == "fail") return server::Unanswered::kFail;
  return bad_request("unanswered is repeat or fail");
}

}  // namespace

OrProblem<std::optional<QueueWish>> queue_wish(const HttpRequest& request, const net::Device& device,
                                               WaitBounds bounds) {
  const Preferences preferences = preferences_of(request.prefer);
  const auto ttl = seconds_of(request, "queue", server::EngineConfig::kLongestHold);
  if (!ttl) return std::unexpected(ttl.error());
  auto wait = seconds_of(request, "wait", bounds.most);
  if (!wait) return std::unexpected(wait.error());
  const auto unanswered = unanswered_of(request);
  if (!unanswered) return std::unexpected(unanswered.error());
  const bool asked = *ttl || *wait || *unanswered || preferences.respond_async;
  if (*ttl == 0 || (!asked && !device.binding.queue())) return std::nullopt;

  QueueWish wish;
  if (*ttl) wish.hold.ttl = Seconds(**ttl);
  wish.hold.unanswered = *unanswered;
  // A preference is no demand: one that cannot be met is met as far as it can.
  if (!*wait && preferences.wait) *wait = std::clamp<std::int64_t>(*preferences.wait, 0, bounds.most.count());
  if (*wait) {
    wish.wait = Seconds(**wait);
  } else if (device.awake && !preferences.respond_async) {
    wish.wait = bounds.otherwise;
  }
  return wish;
}

OrProblem<Millis> wait_of(const HttpRequest& request, Seconds most) {
  const auto wait = seconds_of(request, "wait", most);
  if (!wait) return std::unexpected(wait.error());
  return Seconds(wait->value_or(0));
}

std::string queued_id_text(server::QueuedId id) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  constexpr unsigned kBits = 4;
  std::string text(kIdDigits, '0');
  auto value = static_cast<std::uint64_t>(id);
  for (std::size_t i = kIdDigits; i-- > 0; value >>= kBits) text[i] = kDigits[value % kHex];
  return text;
}

std::optional<server::QueuedId> parse_queued_id(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, kHex);
  if (text.size() != kIdDigits || error != std::errc() || end != text.data() + text.size())
    return std::nullopt;
  return server::QueuedId{value};
}

}  // namespace linnet::api
