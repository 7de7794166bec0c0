// SPDX-License-Identifier: Apache-2.0
// What HTTP asks of a device: any method, path, query and body become an operation or a problem. The
// input is "METHOD PATH [QUERY]\nBODY".
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "linnet/api/composite_call.hpp"
#include "linnet/api/object_call.hpp"
#include "linnet/api/values.hpp"

namespace {

using namespace linnet;

void require(bool holds) {
  if (!holds) std::abort();
}

std::string_view take(std::string_view& text, char mark) {
  const std::size_t at = text.find(mark);
  const std::string_view taken = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view{} : text.substr(at + 1);
  return taken;
}

api::HttpRequest read_request(std::string_view text) {
  api::HttpRequest request;
  std::string_view line = take(text, '\n');
  request.method = take(line, ' ');
  request.path = {"api", "v1", "devices", "ep", "objects"};
  std::string_view path = take(line, ' ');
  do request.path.emplace_back(take(path, '/'));
  while (!path.empty());
  while (!line.empty()) {
    std::string_view item = take(line, '&');
    const std::string name(take(item, '='));
    request.query[name] = item;
  }
  request.body = text;
  return request;
}

const registry::ModelRegistry& models() {
  static const auto registry = registry::ModelRegistry::embedded();
  return *registry;
}

/// What a request becomes for a device that has said nothing about itself.
template <typename Call>
void look_at(const api::OrProblem<Call>& call) {
  if (!call) {
    require(call.error().status == 400 || call.error().status == 404 || call.error().status == 405);
    return;
  }
  const net::Device device;
  const auto operation = api::make_operation(*call, device, models(), {Seconds(120), Seconds(600)});
  if (!operation) {
    require(operation.error().status == 400);
    require(nlohmann::json::accept(api::to_response(operation.error()).body));
    return;
  }
  // What was encoded for the device decodes again.
  if (!operation->payload.empty() && operation->format) {
    require(api::values_json(*operation->format, operation->path, operation->payload,
                             api::DeviceModels(models(), {}), UnixTime{})
                .has_value());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  api::HttpRequest request = read_request(as_text(ByteView(data, size)));
  if (request.path[5] == "composite") {
    request.path.erase(request.path.begin() + 4);
    look_at(api::CompositeCall::route("ep", std::move(request)));
  } else {
    look_at(api::ObjectCall::route("ep", std::move(request)));
  }
  return 0;
}
