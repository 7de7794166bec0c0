// SPDX-License-Identifier: Apache-2.0
// One operation on many devices (docs/api.md, "Groups"), a bounded number at a time, as a stream of
// what becomes of each.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "linnet/api/http.hpp"
#include "linnet/api/object_call.hpp"
#include "linnet/net/server.hpp"

namespace linnet::api {

/// Which devices a request means.
struct GroupSelection {
  std::vector<std::string> devices;  ///< by name; empty: those that pass the filter
  net::DeviceFilter filter;

  /// From `devices`, or `endpoint` and `object`, or `all=true`: 400 where none of them is given, or both a
  /// list and a filter.
  [[nodiscard]] static OrProblem<GroupSelection> read(const HttpRequest& request);
};

/// All calls, also those of what arrives, are made on the HTTP thread. When it goes, nothing more is
/// started; what is under way is carried out all the same.
class GroupRun final : public EventSource {
 public:
  struct Limits {
    unsigned parallel;  ///< devices that are asked at the same time
    TimeoutBounds timeouts;
  };

  GroupRun(ObjectCall call, GroupSelection selection, Limits limits, net::Server& server,
           const registry::ModelRegistry& models, std::function<void()> wake);

  std::string next() override;
  [[nodiscard]] bool done() const override { return ended_; }

 private:
  class Inbox;

  void start_more();
  void ask_for_page();
  void find(const std::string& endpoint);
  void perform(const net::Device& device);
  void finish(const std::string& endpoint, const HttpResponse& response);
  [[nodiscard]] bool over() const noexcept;
  [[nodiscard]] std::string end_event() const;

  ObjectCall call_;
  Limits limits_;
  net::Server& server_;
  const registry::ModelRegistry& models_;
  std::shared_ptr<Inbox> inbox_;

  net::DeviceFilter filter_;
  std::deque<std::string> names_;      // still to be found
  std::deque<net::Device> devices_;    // still to be asked
  std::optional<std::uint64_t> page_;  // the cursor of the next one
  bool listing_ = false;
  unsigned active_ = 0;
  std::uint64_t succeeded_ = 0, failed_ = 0;
  std::optional<Problem> broken_off_;
  bool ended_ = false;
  std::string out_;
};

}  // namespace linnet::api
