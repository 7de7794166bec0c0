// SPDX-License-Identifier: Apache-2.0
// A call back without a heap: refers to a callable that the caller keeps alive.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace linnet {

template <typename Signature>
class FunctionRef;

/// Refers to anything callable as `R(Args...)`. It owns nothing: use it as a parameter, or keep
/// it only as long as the callable lives.
template <typename R, typename... Args>
class FunctionRef<R(Args...)> {
 public:
  template <typename F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionRef> && std::is_invocable_r_v<R, F&, Args...>)
  FunctionRef(F&& callable) noexcept {  // NOLINT(google-explicit-constructor): a parameter type
    using Callable = std::remove_reference_t<F>;
    if constexpr (std::is_function_v<Callable>) {
      target_.function = reinterpret_cast<void (*)()>(&callable);
      call_ = [](Target target, Args... args) -> R {
        return reinterpret_cast<Callable*>(target.function)(std::forward<Args>(args)...);
      };
    } else {
      target_.object = const_cast<void*>(static_cast<const void*>(std::addressof(callable)));
      call_ = [](Target target, Args... args) -> R {
        return (*static_cast<Callable*>(target.object))(std::forward<Args>(args)...);
      };
    }
  }

  R operator()(Args... args) const { return call_(target_, std::forward<Args>(args)...); }

 private:
  /// A function's address need not fit an object's.
  union Target {
    void* object;
    void (*function)();
  };

  Target target_{};
  R (*call_)(Target, Args...);
};

}  // namespace linnet
