// What libtensorflow needs from the process before it is loaded, and JavaScript cannot give.
//
// setEnvironment(name, value): sets a variable of the C environment. `process.env` of a worker thread or of a
//   test runner is a copy, which a native library never sees.
// holdStderr(), releaseStderr(): keep what is written to file descriptor 2 in between, whoever writes it, and
//   return it as text. libtensorflow logs from its static initialisers, before any of its settings is read.

#include <node_api.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <unistd.h>

namespace {

int saved_descriptor = -1;
FILE* held = nullptr;

napi_value Undefined(napi_env env) {
  napi_value result;
  napi_get_undefined(env, &result);
  return result;
}

napi_value Throw(napi_env env, const char* message) {
  napi_throw_error(env, nullptr, message);
  return nullptr;
}

bool Text(napi_env env, napi_value value, std::string* text) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) return false;
  text->resize(length + 1);
  if (napi_get_value_string_utf8(env, value, &(*text)[0], length + 1, &length) != napi_ok) return false;
  text->resize(length);
  return true;
}

napi_value SetEnvironment(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value arguments[2];
  std::string name;
  std::string value;
  if (napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr) != napi_ok || count != 2 ||
      !Text(env, arguments[0], &name) || !Text(env, arguments[1], &value)) {
    return Throw(env, "setEnvironment takes a name and a value");
  }
  setenv(name.c_str(), value.c_str(), 1);
  return Undefined(env);
}

napi_value HoldStderr(napi_env env, napi_callback_info) {
  if (held != nullptr) return Throw(env, "stderr is held already");
  held = tmpfile();
  if (held == nullptr) return Undefined(env);  // nowhere to keep it: let it pass
  fflush(stderr);
  saved_descriptor = dup(STDERR_FILENO);
  dup2(fileno(held), STDERR_FILENO);
  return Undefined(env);
}

napi_value ReleaseStderr(napi_env env, napi_callback_info) {
  std::string text;
  if (held != nullptr) {
    fflush(stderr);
    dup2(saved_descriptor, STDERR_FILENO);
    close(saved_descriptor);
    rewind(held);
    char chunk[4096];
    for (size_t read; (read = fread(chunk, 1, sizeof chunk, held)) > 0;) text.append(chunk, read);
    fclose(held);
    held = nullptr;
  }
  napi_value result;
  napi_create_string_utf8(env, text.data(), text.size(), &result);
  return result;
}

napi_value Init(napi_env env, napi_value exports) {
  const napi_property_descriptor properties[] = {
      {"setEnvironment", nullptr, SetEnvironment, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"holdStderr", nullptr, HoldStderr, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"releaseStderr", nullptr, ReleaseStderr, nullptr, nullptr, nullptr, napi_default, nullptr},
  };
  napi_define_properties(env, exports, 3, properties);
  return exports;
}

}  // namespace

NAPI_MODULE(NODE_GYP_MODULE_NAME, Init)
