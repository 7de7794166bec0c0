// SPDX-License-Identifier: Apache-2.0
#include "linnet/api/request_parts.hpp"

#include <charconv>

#include "linnet/lwm2m/object_list.hpp"

namespace linnet::api {

OrProblem<std::optional<lwm2m::ContentFormat>> format_of(const HttpRequest& request) {
  const auto at = request.query.find("format");
  if (at == request.query.end() || at->second.empty()) return std::nullopt;
  for (const auto format : lwm2m::FormatSet::kKnown) {
    const bool by_number = at->second == std::to_string(static_cast<unsigned>(format));
    if (by_number || at->second == lwm2m::media_type(format)) return format;
  }
  return bad_request("'" + at->second + "' is no content format that LwM2M knows");
}

OrProblem<Millis> timeout_of(const HttpRequest& request, TimeoutBounds bounds) {
  const auto at = request.query.find("timeout");
  if (at == request.query.end()) return bounds.otherwise;
  const std::string& text = at->second;
  int seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || seconds < 1 ||
      seconds > bounds.most.count()) {
    return bad_request("timeout is 1 to " + std::to_string(bounds.most.count()) + " seconds");
  }
  return Seconds(seconds);
}

OrProblem<lwm2m::Path> resolve_path(const std::vector<std::string>& names, const net::Device& device,
                                    const registry::ModelRegistry& models) {
  lwm2m::Path path;
  const DeviceModels of_device(models, device.object_list);
  const lwm2m::ObjectModel* model = nullptr;
  if (names.empty() || names.size() > lwm2m::Path::kMaxDepth)
    return bad_request("a path has one to four segments");
  for (const std::string& name : names) {
    if (const auto number = lwm2m::Path::parse_segment(name)) {
      path = path.child(*number);
    } else if (path.depth() == 0 && models.find(name) != nullptr) {
      path = path.child(models.find(name)->id);
    } else if (path.depth() == 2 && model != nullptr && registry::find_resource(*model, name) != nullptr) {
      path = path.child(registry::find_resource(*model, name)->id);
    } else {
      return bad_request("'" + name + "' is neither a number nor a name of the model");
    }
    if (path.depth() == 1) model = of_device(path.object());
  }
  return path;
}

}  // namespace linnet::api
