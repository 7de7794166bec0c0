// SPDX-License-Identifier: Apache-2.0
// The bootstrap server without I/O (TS 6.4.2): datagrams and the time go in; datagrams (through
// Links), calls of a listener and the next deadline come out. It has an endpoint and links of its own,
// apart from the management server's, and is called by one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "linnet/base/random.hpp"
#include "linnet/base/time.hpp"
#include "linnet/coap/endpoint.hpp"
#include "linnet/server/bootstrap_configuration.hpp"
#include "linnet/server/bootstrap_result.hpp"
#include "linnet/server/enrollment.hpp"

namespace linnet::server {

/// Every limit of an engine.
struct BootstrapEngineConfig {
  std::uint32_t max_sessions = 4096;  ///< under way at once; more get 5.03 with Max-Age
  /// For the answer of a device that has acknowledged the request. A device gives up after 247 s.
  Millis step_timeout{120'000};
  coap::EndpointConfig endpoint = bootstrap_endpoint_config();
  /// As EngineConfig::endpoint_pages.
  std::span<std::byte> endpoint_pages;

  /// What an endpoint needs for 16,384 links.
  [[nodiscard]] static coap::EndpointConfig bootstrap_endpoint_config() noexcept;
};

struct BootstrapStatistics {
  std::uint32_t sessions = 0, configurations = 0;
  std::uint64_t started = 0;
  std::uint64_t finished = 0;  ///< with success
  std::uint64_t failed = 0;
  std::uint64_t replaced = 0;      ///< the device began anew
  std::uint64_t refused = 0;       ///< requests that began no session
  std::uint64_t enrolled = 0;      ///< certificates that were given, by EST
  std::uint64_t not_enrolled = 0;  ///< requests for one that were refused
};

/// Called from inside receive and step; must not call the engine back.
class BootstrapListener {
 public:
  /// As Listener::admit, for a Bootstrap-Request: nothing, or the response to give in Error::response.
  [[nodiscard]] virtual Result<void> admit(coap::LinkId /*link*/, std::string_view /*endpoint*/) noexcept {
    return {};
  }
  /// The endpoint name that the peer of a link has proved, empty for none. It stands for a Bootstrap-Request
  /// without a name (TS 5.2.6), and is the only one that a certificate is given for.
  [[nodiscard]] virtual std::string proved_endpoint(coap::LinkId /*link*/) noexcept { return {}; }
  /// The 2.04 is on its way. A session that was under way for this endpoint has ended without result.
  virtual void on_started(std::string_view endpoint, std::string_view configuration,
                          Instant now) noexcept = 0;
  virtual void on_finished(const BootstrapResult& result, Instant now) noexcept = 0;
  /// A device came that no configuration is for.
  virtual void on_unknown(std::string_view endpoint, Instant now) noexcept = 0;

 protected:
  ~BootstrapListener() = default;
};

class BootstrapEngine {
 public:
  BootstrapEngine() noexcept;
  ~BootstrapEngine();
  BootstrapEngine(const BootstrapEngine&) = delete;
  BootstrapEngine& operator=(const BootstrapEngine&) = delete;

  /// All references must outlive the engine. kInvalidArgument for a config out of range, kNoSpace
  /// when there is no memory. Call once.
  [[nodiscard]] Result<void> init(const BootstrapEngineConfig& config, coap::Links& links, Random& random,
                                  BootstrapListener& listener) noexcept;
  /// The bytes that the endpoint's tables take.
  [[nodiscard]] static std::size_t endpoint_memory(const BootstrapEngineConfig& config) noexcept;

  /// From now on messages are protected as `protection` says (coap/protection.hpp), which outlives the
  /// engine.
  void protect_by(coap::Protection& protection) noexcept;

  /// From now on devices may enrol with `authority` by EST (server/enrollment.hpp). `worker`, where there is
  /// one, calls it beside the engine. Both outlive the engine.
  void enroll_with(EnrollmentAuthority& authority, EnrollmentWorker* worker = nullptr) noexcept;
  /// What became of a task that the worker took. Ignored where the device is gone meanwhile.
  void enrolled(coap::DeferredId id, const EnrollmentTask& task, EnrollmentAnswer answer,
                Instant now) noexcept;

  /// One datagram from a link. Any bytes at all.
  void receive(coap::LinkId link, ByteView datagram, Instant now) noexcept;
  /// Does what is due and returns when to call again.
  Instant step(Instant now) noexcept;
  [[nodiscard]] Instant next_deadline() const noexcept;
  /// The link is gone: its sessions fail with kClosed.
  void drop(coap::LinkId link, Instant now) noexcept;
  /// True when no session uses the link and nothing is under way over it (Engine::quiet).
  [[nodiscard]] bool quiet(coap::LinkId link) const noexcept;
  /// True when it is quiet and the endpoint remembers nothing of it.
  [[nodiscard]] bool idle(coap::LinkId link, Instant now) const noexcept;

  /// What devices get from now on; sessions under way keep what they began with. Configurations are
  /// to be checked (check_configuration) and free of conflicts before.
  [[nodiscard]] BootstrapConfigurations& configurations() noexcept;

  [[nodiscard]] BootstrapStatistics statistics() const noexcept;
  [[nodiscard]] const coap::EndpointStatistics& endpoint_statistics() const noexcept;

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace linnet::server
