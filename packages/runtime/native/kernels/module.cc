// register(limit, threads, bf16IsSlower): registers our operations with the TensorFlow that this process has loaded, for the best
//   instructions of the processor among those up to `limit` (undefined: all) that pass a check; `bf16IsSlower` is what an earlier
//   call measured (undefined: nothing). Returns { instructions, products, passedOver, bf16IsSlower }: the name of the
//   instructions or null, whether there are products by tiles, what was passed over and why or null, and what was measured now
//   or null. Throws what TensorFlow has against it.

#include <node_api.h>

#include "register.h"

namespace {

napi_value Text(napi_env env, const char* text) {
  napi_value value;
  if (text)
    napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value);
  else
    napi_get_null(env, &value);
  return value;
}

napi_value Boolean(napi_env env, bool x) {
  napi_value value;
  napi_get_boolean(env, x, &value);
  return value;
}

napi_value Register(napi_env env, napi_callback_info info) {
  size_t count = 3, length = 0;
  napi_value arguments[3];
  char limit[32];
  int32_t threads = 1;
  bool slower = false;
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  const bool limited = napi_get_value_string_utf8(env, arguments[0], limit, sizeof limit, &length) == napi_ok;
  napi_get_value_int32(env, arguments[1], &threads);
  const bool measured = napi_get_value_bool(env, arguments[2], &slower) == napi_ok;
  const Registered registered = toco_register_kernels({limited ? limit : nullptr, threads, measured ? slower : -1});
  if (!registered.complaint.empty()) {
    napi_throw_error(env, nullptr, registered.complaint.c_str());
    return nullptr;
  }
  napi_value result;
  napi_create_object(env, &result);
  const auto set = [&](const char* name, napi_value value) { napi_set_named_property(env, result, name, value); };
  set("instructions", Text(env, registered.instructions));
  set("products", Boolean(env, registered.products));
  set("passedOver", Text(env, registered.passedOver.empty() ? nullptr : registered.passedOver.c_str()));
  set("bf16IsSlower", registered.bf16IsSlower < 0 ? Text(env, nullptr) : Boolean(env, registered.bf16IsSlower));
  return result;
}

napi_value Init(napi_env env, napi_value exports) {
  const napi_property_descriptor property = {"register", nullptr, Register, nullptr, nullptr, nullptr, napi_default,
                                             nullptr};
  napi_define_properties(env, exports, 1, &property);
  return exports;
}

}  // namespace

NAPI_MODULE(NODE_GYP_MODULE_NAME, Init)
