// SPDX-License-Identifier: Apache-2.0
#include "linnet/api/group_run.hpp"

#include <charconv>
#include <mutex>
#include <nlohmann/json.hpp>
#include <utility>

#include "linnet/api/outcome_answer.hpp"
#include "linnet/api/service.hpp"
#include "linnet/server/tenant.hpp"

namespace linnet::api {

namespace {

using Json = nlohmann::json;

constexpr std::uint32_t kPage = 100;

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> items;
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    if (comma != 0) items.emplace_back(list.substr(0, comma));
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
  }
  return items;
}

std::string text_of(const HttpRequest& request, const char* name) {
  const auto at = request.query.find(name);
  return at == request.query.end() ? std::string() : at->second;
}

}  // namespace

OrProblem<GroupSelection> GroupSelection::read(const HttpRequest& request) {
  GroupSelection selection;
  selection.devices = split(text_of(request, "devices"));
  selection.filter.endpoint_contains = text_of(request, "endpoint");
  selection.filter.tenant = text_of(request, "tenant");
  if (const std::string object = text_of(request, "object"); !object.empty()) {
    const auto id = lwm2m::Path::parse_segment(object);
    if (!id) return bad_request("object is an object id, 0 to 65534");
    selection.filter.object = *id;
  }
  const bool filtered = !selection.filter.endpoint_contains.empty() || selection.filter.object;
  const bool all = text_of(request, "all") == "true";
  if (!selection.devices.empty() && (filtered || all)) {
    return bad_request("a group is either a list of devices or what passes a filter");
  }
  if (selection.devices.empty() && !filtered && !all) {
    return bad_request("say which devices: devices=A,B, or endpoint= and object=, or all=true");
  }
  return selection;
}

/// What comes back from the server's threads waits here for the HTTP thread.
class GroupRun::Inbox {
 public:
  using Arrival = std::move_only_function<void(GroupRun&)>;

  explicit Inbox(std::function<void()> wake) : wake_(std::move(wake)) {}

  void put(Arrival arrival) {
    {
      const std::lock_guard lock(mutex_);
      arrived_.push_back(std::move(arrival));
    }
    wake_();
  }
  [[nodiscard]] std::vector<Arrival> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(arrived_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<Arrival> arrived_;
  std::function<void()> wake_;
};

GroupRun::GroupRun(ObjectCall call, GroupSelection selection, Limits limits, net::Server& server,
                   const registry::ModelRegistry& models, std::function<void()> wake)
    : call_(std::move(call)),
      limits_(limits),
      server_(server),
      models_(models),
      inbox_(std::make_shared<Inbox>(std::move(wake))),
      filter_(std::move(selection.filter)),
      names_(selection.devices.begin(), selection.devices.end()) {
  if (names_.empty()) page_ = 0;
}

std::string GroupRun::next() {
  for (Inbox::Arrival& arrival : inbox_->take()) arrival(*this);
  start_more();
  if (!ended_ && over()) {
    ended_ = true;
    out_ += end_event();
  }
  return std::exchange(out_, {});
}

bool GroupRun::over() const noexcept {
  return active_ == 0 && !listing_ && !page_ && names_.empty() && devices_.empty();
}

void GroupRun::start_more() {
  while (active_ < limits_.parallel && !(names_.empty() && devices_.empty())) {
    ++active_;
    if (!names_.empty()) {
      find(std::exchange(names_.front(), {}));
      names_.pop_front();
    } else {
      perform(devices_.front());
      devices_.pop_front();
    }
  }
  if (devices_.empty() && page_ && !listing_) ask_for_page();
}

void GroupRun::ask_for_page() {
  const auto called = server_.list(filter_, *page_, kPage, [inbox = inbox_](net::DevicePage page) {
    inbox->put([page = std::move(page)](GroupRun& run) mutable {
      run.listing_ = false;
      run.page_ = page.next;
      for (net::Device& device : page.devices) run.devices_.push_back(std::move(device));
    });
  });
  listing_ = called.has_value();
  if (called) return;
  page_.reset();
  broken_off_ = not_taken(called.error().code);
}

void GroupRun::find(const std::string& endpoint) {
  if (!server::belongs_to(endpoint, filter_.tenant))
    return finish(endpoint, to_response(unknown_device(endpoint)));
  const auto called = server_.find(endpoint, [inbox = inbox_, endpoint](std::optional<net::Device> device) {
    inbox->put([endpoint, device = std::move(device)](GroupRun& run) {
      if (device) return run.perform(*device);
      run.finish(endpoint, to_response(unknown_device(endpoint)));
    });
  });
  if (!called) finish(endpoint, to_response(not_taken(called.error().code)));
}

void GroupRun::perform(const net::Device& device) {
  const auto operation = make_operation(call_, device, models_, limits_.timeouts);
  if (!operation) return finish(device.endpoint, to_response(operation.error()));
  const auto called = server_.perform(
      device.endpoint, operation->view(),
      [inbox = inbox_, asked = asked_of(*operation, device, models_)](net::Outcome outcome) mutable {
        inbox->put([asked = std::move(asked), outcome = std::move(outcome)](GroupRun& run) {
          run.finish(asked.endpoint, outcome_response(outcome, asked));
        });
      });
  if (!called) finish(device.endpoint, to_response(not_taken(called.error().code)));
}

void GroupRun::finish(const std::string& endpoint, const HttpResponse& response) {
  --active_;
  const bool success = response.status < 300;
  ++(success ? succeeded_ : failed_);
  out_ += "event: result\ndata: {\"endpoint\":" + dump(endpoint) +
          ",\"status\":" + std::to_string(response.status) + (success ? ",\"answer\":" : ",\"problem\":") +
          response.body + "}\n\n";
}

std::string GroupRun::end_event() const {
  Json end{{"devices", succeeded_ + failed_}, {"succeeded", succeeded_}, {"failed", failed_}};
  if (broken_off_) end["problem"] = broken_off_->detail;
  return "event: end\ndata: " + dump(end) + "\n\n";
}

}  // namespace linnet::api
