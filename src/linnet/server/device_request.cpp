// SPDX-License-Identifier: Apache-2.0
#include "linnet/server/device_request.hpp"

namespace linnet::server {
namespace {

struct Rule {
  OperationKind kind;
  coap::Code method;
  std::uint8_t min_depth;
  std::uint8_t max_depth;
  bool format_needed;
};
constexpr std::array kRules{
    Rule{OperationKind::kRead, coap::Code::kGet, 1, 4, false},
    Rule{OperationKind::kDiscover, coap::Code::kGet, 1, 3, false},
    Rule{OperationKind::kWriteReplace, coap::Code::kPut, 2, 4, true},
    Rule{OperationKind::kWriteUpdate, coap::Code::kPost, 2, 2, true},
    Rule{OperationKind::kWriteAttributes, coap::Code::kPut, 1, 4, false},
    Rule{OperationKind::kExecute, coap::Code::kPost, 3, 3, false},
    Rule{OperationKind::kCreate, coap::Code::kPost, 1, 1, true},
    Rule{OperationKind::kDelete, coap::Code::kDelete, 2, 2, false},
    Rule{OperationKind::kObserve, coap::Code::kGet, 1, 4, false},
    Rule{OperationKind::kCancelObserve, coap::Code::kGet, 1, 4, false},
    Rule{OperationKind::kReadComposite, coap::Code::kFetch, 0, 0, false},
    Rule{OperationKind::kWriteComposite, coap::Code::kIPatch, 0, 0, true},
    Rule{OperationKind::kObserveComposite, coap::Code::kFetch, 0, 0, false},
    Rule{OperationKind::kCancelObserveComposite, coap::Code::kFetch, 0, 0, false},
};

constexpr const Rule& rule_of(OperationKind kind) noexcept {
  return kRules[static_cast<std::size_t>(kind)];
}
static_assert([] {
  for (std::size_t i = 0; i < kRules.size(); ++i) {
    if (static_cast<std::size_t>(kRules[i].kind) != i) return false;
  }
  return true;
}());

bool is_senml(lwm2m::ContentFormat format) noexcept {
  return format == lwm2m::ContentFormat::kSenmlCbor || format == lwm2m::ContentFormat::kSenmlJson;
}

Result<void> check_composite(const Operation& operation, std::uint16_t max_paths) noexcept {
  if (operation.format && !is_senml(*operation.format)) return fail(Errc::kInvalidArgument);
  if (operation.kind == OperationKind::kWriteComposite) {
    return operation.payload.empty() ? Result<void>(fail(Errc::kInvalidArgument)) : Result<void>();
  }
  if (operation.paths.empty() || operation.paths.size() > max_paths) return fail(Errc::kInvalidArgument);
  for (const lwm2m::Path& path : operation.paths) {
    // All of a device can be read at once, but not observed.
    if (path.depth() == 0 && operation.kind != OperationKind::kReadComposite) {
      return fail(Errc::kInvalidArgument);
    }
  }
  return {};
}

}  // namespace

bool is_composite(OperationKind kind) noexcept {
  return kind >= OperationKind::kReadComposite;
}

bool is_operation_kind(std::uint8_t number) noexcept {
  return number < kRules.size();
}

Result<void> check_operation(const Operation& operation, std::uint16_t max_paths) noexcept {
  const Rule& rule = rule_of(operation.kind);
  if (operation.path.depth() < rule.min_depth || operation.path.depth() > rule.max_depth) {
    return fail(Errc::kInvalidArgument);
  }
  if (rule.format_needed && !operation.format) return fail(Errc::kInvalidArgument);
  if (operation.attributes.size() > lwm2m::kAttributeNames.size()) return fail(Errc::kInvalidArgument);
  if (operation.kind == OperationKind::kWriteAttributes && operation.attributes.empty()) {
    return fail(Errc::kInvalidArgument);
  }
  return is_composite(operation.kind) ? check_composite(operation, max_paths) : Result<void>();
}

DeviceRequest::DeviceRequest(OperationKind kind, std::string_view alternate_path,
                             const lwm2m::Path& path) noexcept {
  request.method = rule_of(kind).method;
  std::size_t count = 0;
  while (!alternate_path.empty() && count < kMaxSegments - lwm2m::Path::kMaxDepth) {
    alternate_path.remove_prefix(1);
    const std::string_view segment = alternate_path.substr(0, alternate_path.find('/'));
    segments_[count++] = segment;
    alternate_path.remove_prefix(segment.size());
  }
  ByteWriter out(digits_);
  for (std::size_t i = 0; i < path.depth(); ++i) {
    const std::size_t start = out.size();
    lwm2m::Path(path[i]).write(out);
    segments_[count++] = as_text(out.written().subspan(start + 1));
  }
  request.path = std::span(segments_).first(count);
}

void DeviceRequest::attributes(std::span<const lwm2m::AttributeWrite> writes) noexcept {
  ByteWriter out(queries_text_);
  std::size_t count = 0;
  for (const lwm2m::AttributeWrite& write : writes) {
    if (count == kMaxQueries) break;
    const std::size_t start = out.size();
    lwm2m::write_attribute_query(out, write);
    queries_[count++] = as_text(out.written().subspan(start));
  }
  request.query = std::span(queries_).first(count);
}

std::optional<lwm2m::Path> created_instance(const lwm2m::Path& object,
                                            const coap::Options& options) noexcept {
  std::string_view before_last;
  std::string_view last;
  for (const coap::Option& option : options) {
    if (option.number != coap::OptionNumber::kLocationPath) continue;
    before_last = last;
    last = option.text();
  }
  const auto object_id = lwm2m::Path::parse_segment(before_last);
  const auto instance_id = lwm2m::Path::parse_segment(last);
  if (!object_id || !instance_id || *object_id != object.object()) return std::nullopt;
  return lwm2m::Path(*object_id, *instance_id);
}

}  // namespace linnet::server
