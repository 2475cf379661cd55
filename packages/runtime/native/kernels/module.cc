// register(limit): registers our operations with the TensorFlow that this process has loaded, for the best instructions of the
//   processor among those up to `limit` (undefined: all) that pass a check. Returns { instructions, passedOver }: their name, or
//   null where there are none, and the names of those that failed it. Throws what TensorFlow has against it.

#include <node_api.h>

#include <string>

extern "C" const char* toco_register_kernels(const char* limit, std::string* passedOver, std::string* complaint);

namespace {

napi_value Text(napi_env env, const char* text) {
  napi_value value;
  if (text)
    napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value);
  else
    napi_get_null(env, &value);
  return value;
}

napi_value Register(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument;
  char limit[32];
  size_t length = 0;
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  const bool limited = napi_get_value_string_utf8(env, argument, limit, sizeof limit, &length) == napi_ok;
  std::string passedOver, complaint;
  const char* name = toco_register_kernels(limited ? limit : nullptr, &passedOver, &complaint);
  if (!complaint.empty()) {
    napi_throw_error(env, nullptr, complaint.c_str());
    return nullptr;
  }
  napi_value result;
  napi_create_object(env, &result);
  napi_set_named_property(env, result, "instructions", Text(env, name));
  napi_set_named_property(env, result, "passedOver", Text(env, passedOver.empty() ? nullptr : passedOver.c_str()));
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
