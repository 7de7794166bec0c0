// SPDX-License-Identifier: Apache-2.0
// One device on its way through a bootstrap sequence (Core 1.1 §6.1.6, TS figure 6.4.2-1):
//
//   Discover... -> Read... -> Delete... -> Write... -> Finish -> ended
//
// one request at a time. A refused Discover, Read or Delete is noted and the session goes on: that
// something cannot be seen or is not there keeps nobody from writing. A refused Write or Finish, and a
// request without an answer, end it; the device then restores what it had. A refused format is tried
// again in the others. Accounts to be forgotten (TS 5.2.5) are found by a Discover and deleted behind all
// other deletions; a session that cannot see or delete them has failed.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/coap/endpoint.hpp"
#include "linnet/server/bootstrap_configuration.hpp"
#include "linnet/server/bootstrap_payload.hpp"
#include "linnet/server/bootstrap_result.hpp"

namespace linnet::server {

class BootstrapSession {
 public:
  using Configuration = std::shared_ptr<const BootstrapConfiguration>;

  /// `preferred` is what the device asked for with `pct`; without it LwM2M 1.0 is assumed, and TLV.
  BootstrapSession(std::string endpoint, coap::LinkId link, Configuration configuration,
                   std::optional<lwm2m::ContentFormat> preferred, Instant now);

  [[nodiscard]] const std::string& endpoint() const noexcept { return result_.endpoint; }
  [[nodiscard]] coap::LinkId link() const noexcept { return link_; }
  [[nodiscard]] const BootstrapConfiguration& configuration() const noexcept { return *configuration_; }

  /// The request that is due, with its payload in `space`; views live until the next call. Nothing
  /// when the session has ended by not being able to write it.
  [[nodiscard]] std::optional<coap::OutgoingRequest> request(ByteSpan space);
  /// What came of it. The session goes to its next step, or ends.
  void on_response(const coap::IncomingResponse& response);
  void on_failure(Errc why);

  [[nodiscard]] bool ended() const noexcept { return ended_; }
  /// When it has ended.
  [[nodiscard]] BootstrapResult result(Instant now) const;

 private:
  [[nodiscard]] BootstrapStep step() const noexcept;
  [[nodiscard]] std::size_t count(BootstrapVerb verb) const noexcept;
  /// To the next step that is to be carried out.
  void advance() noexcept;
  void skip() noexcept;
  void end(BootstrapResult::Ending ending) noexcept;
  /// Another format that the device has not refused; false when there is none.
  [[nodiscard]] bool next_format() noexcept;
  void refused(const coap::IncomingResponse& response);
  void note(const coap::IncomingResponse& response);
  /// Whether the session is there for what this step is about: without it, it is for nothing.
  [[nodiscard]] bool unbootstraps() const noexcept;
  /// Which instances are to be deleted.
  void find_accounts(const DiscoveredSecurity& found);
  void learn_security(std::string_view links);
  void compare(const coap::IncomingResponse& response);
  /// Where a write goes: to another instance of object 0 where its own is taken by the account of the
  /// bootstrap server.
  [[nodiscard]] lwm2m::Path target_of(const lwm2m::Path& path) const noexcept;
  void set_path(const lwm2m::Path& path);

  struct Move {
    lwm2m::InstanceId from, to;
  };

  coap::LinkId link_;
  Configuration configuration_;
  Instant started_;
  std::array<lwm2m::ContentFormat, kBootstrapFormats.size()> formats_;  ///< best first
  std::size_t format_ = 0;
  BootstrapVerb verb_ = BootstrapVerb::kDiscover;
  std::size_t index_ = 0;               ///< of the list for this verb
  std::vector<lwm2m::Path> discover_;   ///< the configuration's, and what unbootstrapping needs to see
  std::vector<lwm2m::Path> deletions_;  ///< the configuration's, and the accounts that it found
  std::vector<bool> unchanged_;         ///< for each write
  std::vector<Move> moved_;             ///< instances of object 0
  bool ended_ = false;
  BootstrapResult result_;
  std::vector<std::string> path_text_;
  std::vector<std::string_view> path_;
};

}  // namespace linnet::server
