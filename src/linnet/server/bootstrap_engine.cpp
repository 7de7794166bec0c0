// SPDX-License-Identifier: Apache-2.0
#include "linnet/server/bootstrap_engine.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <utility>
#include <vector>

#include "linnet/server/bootstrap_check.hpp"
#include "linnet/server/bootstrap_request.hpp"
#include "linnet/server/bootstrap_session.hpp"

namespace linnet::server {
namespace {

constexpr std::string_view kPath = "bs";
constexpr std::string_view kWellKnown = "</bs>";
constexpr std::uint32_t kMostSessions = 1U << 20U;
/// When a bound of the endpoint kept a request from leaving.
constexpr Millis kRetry{500};
/// Seconds after which a device that found no room may come again.
constexpr std::uint32_t kComeAgain = 30;

coap::Reply reply_with(coap::Code code) noexcept {
  coap::Reply reply;
  reply.code = code;
  return reply;
}

coap::Reply reply_with(const Error& error) noexcept {
  return reply_with(error.response == 0 ? coap::Code::kBadRequest : static_cast<coap::Code>(error.response));
}

/// The only segment of a path; empty where it has none or several.
std::string_view only_segment(const coap::Options& options) noexcept {
  std::string_view only;
  std::size_t count = 0;
  for (const coap::Option& option : options) {
    if (option.number != coap::OptionNumber::kUriPath) continue;
    only = option.text();
    ++count;
  }
  return count == 1 ? only : std::string_view{};
}

bool is_well_known(const coap::Options& options) noexcept {
  constexpr std::array<std::string_view, 2> kSegments{".well-known", "core"};
  std::size_t count = 0;
  for (const coap::Option& option : options) {
    if (option.number != coap::OptionNumber::kUriPath) continue;
    if (count == kSegments.size() || option.text() != kSegments[count]) return false;
    ++count;
  }
  return count == kSegments.size();
}

}  // namespace

class BootstrapEngine::Parts final : public coap::Handler {
 public:
  coap::Reply on_request(const coap::IncomingRequest& request, coap::DeferredId deferred, ByteSpan /*space*/,
                         Instant now) noexcept override {
    if (is_well_known(request.options)) {
      if (request.method != coap::Code::kGet) return reply_with(coap::Code::kMethodNotAllowed);
      coap::Reply reply = reply_with(coap::Code::kContent);
      reply.content_format = static_cast<std::uint16_t>(lwm2m::ContentFormat::kLinkFormat);
      reply.payload = as_bytes(links);
      return reply;
    }
    if (enrollment && EnrollmentInterface::takes(request.options)) return enroll(request, deferred);
    if (only_segment(request.options) != kPath) return reply_with(coap::Code::kNotFound);
    if (request.method != coap::Code::kPost) return reply_with(coap::Code::kMethodNotAllowed);
    return begin(request, now);
  }
  void on_response(coap::RequestId id, const coap::IncomingResponse& response,
                   Instant now) noexcept override {
    settle(id, now, [&](BootstrapSession& session) { session.on_response(response); });
  }
  void on_failure(coap::RequestId id, Errc why, Instant now) noexcept override {
    settle(id, now, [&](BootstrapSession& session) { session.on_failure(why); });
  }
  bool on_notification(const coap::IncomingResponse& /*response*/, Instant /*now*/) noexcept override {
    return false;
  }
  // It notifies nobody.
  void on_notification_outcome(coap::LinkId /*link*/, const coap::Token& /*token*/,
                               coap::NotificationOutcome /*outcome*/, Instant /*now*/) noexcept override {}

  /// Sends what is due. The answer to a Bootstrap-Request has left before.
  void send_due(Instant now) {
    std::vector<SessionId> due = std::exchange(due_, {});
    if (retry_at_ <= now) {
      retry_at_ = kNever;
      due.insert(due.end(), waiting_.begin(), waiting_.end());
      waiting_.clear();
      for (const Enrolled& each : std::exchange(enrolled_, {})) tell(each.id, each.task, each.answer, now);
    }
    for (const SessionId id : due) {
      const auto at = sessions_.find(id);
      if (at != sessions_.end()) send(at->first, at->second, now);
    }
  }
  [[nodiscard]] Instant next_deadline() const noexcept {
    return due_.empty() ? std::min(endpoint.next_deadline(), retry_at_) : Instant::min();
  }

  void drop(coap::LinkId link, Instant now) {
    std::vector<SessionId> here;
    for (const auto& [id, active] : sessions_) {
      if (active.session.link() == link) here.push_back(id);
    }
    for (const SessionId id : here) {
      sessions_.at(id).session.on_failure(Errc::kClosed);
      finish(id, now);
    }
    endpoint.drop(link, now);
  }

  /// A session has a request for this link that the endpoint does not know yet.
  [[nodiscard]] bool busy(coap::LinkId link) const {
    const auto speaks_here = [&](SessionId id) {
      const auto at = sessions_.find(id);
      return at != sessions_.end() && at->second.session.link() == link;
    };
    return std::ranges::any_of(due_, speaks_here) || std::ranges::any_of(waiting_, speaks_here);
  }

  void enrolled(coap::DeferredId id, const EnrollmentTask& task, EnrollmentAnswer answer, Instant now) {
    constexpr auto kTooLong = static_cast<std::uint8_t>(coap::Code::kInternalServerError);
    if (answer && answer->size() > config.endpoint.max_body) answer = fail(Errc::kTooLarge, kTooLong);
    count(task.kind != EnrollmentTask::Kind::kCertificates, answer.has_value());
    tell(id, task, std::move(answer), now);
  }

  [[nodiscard]] BootstrapStatistics statistics() const {
    BootstrapStatistics statistics = counted_;
    statistics.sessions = static_cast<std::uint32_t>(sessions_.size());
    statistics.configurations = static_cast<std::uint32_t>(configurations.size());
    return statistics;
  }

  BootstrapEngineConfig config;
  BootstrapListener* listener = nullptr;
  std::unique_ptr<std::byte[]> memory;
  coap::Endpoint endpoint;
  BootstrapConfigurations configurations;
  std::vector<std::uint8_t> space;
  std::string links{kWellKnown};
  std::optional<EnrollmentInterface> enrollment;
  EnrollmentWorker* worker = nullptr;

 private:
  using SessionId = std::uint64_t;
  struct Active {
    BootstrapSession session;
    std::optional<coap::RequestId> request;
  };
  struct Enrolled {
    coap::DeferredId id;
    EnrollmentTask task;
    EnrollmentAnswer answer;
  };

  coap::Reply refuse(const coap::Reply& reply) {
    ++counted_.refused;
    return reply;
  }

  coap::Reply enroll(const coap::IncomingRequest& request, coap::DeferredId deferred) {
    auto task = EnrollmentInterface::read(request, listener->proved_endpoint(request.link));
    if (!task || worker == nullptr) {
      const coap::Reply reply = task ? enrollment->answer(request, task->endpoint) : reply_with(task.error());
      count(request.method == coap::Code::kPost, coap::is_success(reply.code));
      return reply;
    }
    if (worker->take(deferred, *std::move(task))) {
      coap::Reply later;
      later.kind = coap::Reply::Kind::kDefer;
      return later;
    }
    count(request.method == coap::Code::kPost, false);
    coap::Reply busy = reply_with(coap::Code::kServiceUnavailable);
    busy.max_age = kComeAgain;
    return busy;
  }

  void count(bool enrolls, bool success) noexcept {
    if (enrolls) ++(success ? counted_.enrolled : counted_.not_enrolled);
  }

  coap::Reply begin(const coap::IncomingRequest& request, Instant now) {
    auto wanted = read_bootstrap_request(request.options);
    if (!wanted) return refuse(reply_with(wanted.error()));
    std::string proved;
    if (wanted->endpoint.empty()) {
      proved = listener->proved_endpoint(request.link);
      if (proved.empty()) return refuse(reply_with(coap::Code::kBadRequest));
      wanted->endpoint = proved;
    }
    if (const auto admitted = listener->admit(request.link, wanted->endpoint); !admitted) {
      return refuse(reply_with(static_cast<coap::Code>(admitted.error().response)));
    }
    auto configuration = configurations.choose(wanted->endpoint);
    if (!configuration) {
      listener->on_unknown(wanted->endpoint, now);
      return refuse(reply_with(coap::Code::kBadRequest));
    }
    if (const auto before = endpoints_.find(wanted->endpoint); before != endpoints_.end()) {
      ++counted_.replaced;
      remove(before->second, now);
    }
    if (sessions_.size() >= config.max_sessions) {
      coap::Reply later = reply_with(coap::Code::kServiceUnavailable);
      later.max_age = kComeAgain;
      return refuse(later);
    }
    const SessionId id = next_id_++;
    std::string name(wanted->endpoint);
    endpoints_[name] = id;
    listener->on_started(name, configuration->name, now);
    sessions_.emplace(id, Active{BootstrapSession(std::move(name), request.link, std::move(configuration),
                                                  wanted->preferred, now),
                                 std::nullopt});
    ++counted_.started;
    due_.push_back(id);
    return reply_with(coap::Code::kChanged);
  }

  void send(SessionId id, Active& active, Instant now) {
    const auto wanted = active.session.request(space);
    if (!wanted) return finish(id, now);
    coap::OutgoingRequest request = *wanted;
    request.timeout = config.step_timeout;
    const auto sent = endpoint.request(active.session.link(), request, now);
    if (sent) {
      active.request = *sent;
      requests_[static_cast<std::uint32_t>(*sent)] = id;
    } else if (sent.error().code == Errc::kBusy) {
      waiting_.push_back(id);
      retry_at_ = std::min(retry_at_, now + kRetry);
    } else {
      active.session.on_failure(sent.error().code);
      finish(id, now);
    }
  }

  /// Again later where the endpoint has no room for it now.
  void tell(coap::DeferredId id, const EnrollmentTask& task, EnrollmentAnswer answer, Instant now) {
    const auto told = endpoint.respond(id, task.reply(answer), now);
    if (told || told.error().code != Errc::kBusy) return;
    enrolled_.push_back({id, task, std::move(answer)});
    retry_at_ = std::min(retry_at_, now + kRetry);
  }

  template <typename Act>
  void settle(coap::RequestId request, Instant now, Act&& act) {
    const auto at = requests_.find(static_cast<std::uint32_t>(request));
    if (at == requests_.end()) return;
    const SessionId id = at->second;
    requests_.erase(at);
    Active& active = sessions_.at(id);
    active.request.reset();
    act(active.session);
    if (active.session.ended()) return finish(id, now);
    due_.push_back(id);
  }

  void finish(SessionId id, Instant now) {
    const BootstrapResult result = sessions_.at(id).session.result(now);
    ++(result.success() ? counted_.finished : counted_.failed);
    remove(id, now);
    listener->on_finished(result, now);
  }

  void remove(SessionId id, Instant now) {
    const auto at = sessions_.find(id);
    if (at->second.request) {
      requests_.erase(static_cast<std::uint32_t>(*at->second.request));
      endpoint.cancel(*at->second.request, now);
    }
    endpoints_.erase(at->second.session.endpoint());
    sessions_.erase(at);
  }

  SessionId next_id_ = 1;
  std::map<SessionId, Active> sessions_;
  std::map<std::string, SessionId, std::less<>> endpoints_;
  std::map<std::uint32_t, SessionId> requests_;  // by RequestId
  // Both may name sessions that are gone.
  std::vector<SessionId> due_;
  std::vector<SessionId> waiting_;  // for room in the endpoint
  std::vector<Enrolled> enrolled_;  // the same
  Instant retry_at_ = kNever;
  BootstrapStatistics counted_;
};

coap::EndpointConfig BootstrapEngineConfig::bootstrap_endpoint_config() noexcept {
  coap::EndpointConfig config;
  config.max_peers = 16'384;
  config.max_exchanges = 4096;
  config.max_per_peer = 16;
  config.max_deferred = 64;  // enrolments: more than an EnrollmentWorker takes
  config.max_transfers = 256;
  config.max_body = kMaxBootstrapPayload;
  config.recent_notifications = 0;
  return config;
}

BootstrapEngine::BootstrapEngine() noexcept = default;
BootstrapEngine::~BootstrapEngine() = default;

Result<void> BootstrapEngine::init(const BootstrapEngineConfig& config, coap::Links& links, Random& random,
                                   BootstrapListener& listener) noexcept {
  const bool in_range =
      config.max_sessions > 0 && config.max_sessions <= kMostSessions && config.step_timeout.count() > 0;
  if (parts_ || !in_range) return fail(Errc::kInvalidArgument);
  auto parts = std::make_unique<Parts>();
  parts->config = config;
  parts->listener = &listener;
  parts->space.resize(config.endpoint.max_body);
  std::span<std::byte> pages = config.endpoint_pages;
  const Arena::Content content = pages.empty() ? Arena::Content::kAnything : Arena::Content::kZeros;
  if (pages.empty()) {
    const std::size_t size = endpoint_memory(config);
    parts->memory = std::make_unique_for_overwrite<std::byte[]>(size);
    pages = {parts->memory.get(), size};
  }
  Arena arena(pages, content);
  if (auto ready = parts->endpoint.init(config.endpoint, arena, links, *parts, random); !ready) return ready;
  parts_ = std::move(parts);
  return {};
}

std::size_t BootstrapEngine::endpoint_memory(const BootstrapEngineConfig& config) noexcept {
  return coap::Endpoint::memory_needed(config.endpoint);
}

void BootstrapEngine::protect_by(coap::Protection& protection) noexcept {
  parts_->endpoint.protect_by(protection);
}

void BootstrapEngine::enroll_with(EnrollmentAuthority& authority, EnrollmentWorker* worker) noexcept {
  parts_->enrollment.emplace(authority);
  parts_->worker = worker;
  parts_->links = std::string(kWellKnown) + "," + std::string(EnrollmentInterface::kLinks);  // RFC 9148 §4.1
}

void BootstrapEngine::enrolled(coap::DeferredId id, const EnrollmentTask& task, EnrollmentAnswer answer,
                               Instant now) noexcept {
  parts_->enrolled(id, task, std::move(answer), now);
}

void BootstrapEngine::receive(coap::LinkId link, ByteView datagram, Instant now) noexcept {
  parts_->endpoint.receive(link, datagram, now);
}

Instant BootstrapEngine::step(Instant now) noexcept {
  parts_->endpoint.step(now);
  parts_->send_due(now);
  return next_deadline();
}

Instant BootstrapEngine::next_deadline() const noexcept {
  return parts_->next_deadline();
}

void BootstrapEngine::drop(coap::LinkId link, Instant now) noexcept {
  parts_->drop(link, now);
}

bool BootstrapEngine::quiet(coap::LinkId link) const noexcept {
  return parts_->endpoint.quiet(link) && !parts_->busy(link);
}

bool BootstrapEngine::idle(coap::LinkId link, Instant now) const noexcept {
  return parts_->endpoint.idle(link, now) && !parts_->busy(link);
}

BootstrapConfigurations& BootstrapEngine::configurations() noexcept {
  return parts_->configurations;
}

BootstrapStatistics BootstrapEngine::statistics() const noexcept {
  return parts_->statistics();
}

const coap::EndpointStatistics& BootstrapEngine::endpoint_statistics() const noexcept {
  return parts_->endpoint.statistics();
}

}  // namespace linnet::server
